"""A writer without a thread, for a file that one program has to itself: each write is done at once."""

from multibot.home import Home
from multibot.store import connection, driver
from multibot.store.transaction import Durability, Job, Transactions
from multibot.store.writer import Outcome, Writer


class StraightWriter(Writer):
    """Carries out each job in a transaction of its own, in the caller's thread, and lazily to disk.

    What was written may be lost with the machine, so it is for files that nobody keeps.
    """

    def __init__(self, home: Home) -> None:
        super().__init__(home.database, home.database_lock)
        self._connection = connection.open_writer(home.database)
        self._transactions = Transactions(self._connection)

    def start(self) -> None:
        """Do nothing: there is no thread."""

    async def run(self, job: Job[Outcome], durability: Durability = Durability.HARD) -> Outcome:
        """Write now, and return what the job returns."""
        del durability
        (result,) = self._transactions.carry_out([job], Durability.SOFT)
        if result.error is not None:
            raise driver.translate(result.error, str(self._database)) from result.error
        value: Outcome = result.value
        return value

    async def close(self, patience: float | None = None) -> None:
        """Let the file go."""
        del patience
        self._connection.close()
