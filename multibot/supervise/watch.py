"""Looking at a fleet: every bot's condition now, and waiting until they are ready."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from multibot.clock import Clock
from multibot.errors import NotRunningError
from multibot.home import Home
from multibot.supervise import readiness
from multibot.supervise.control import Control, Process
from multibot.supervise.patience import Patience
from multibot.supervise.readiness import SETTLED, Condition, Row

ReadRows = Callable[[], Mapping[str, Row]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hopes:
    """Who is waited for: `tell` hears of each that is ready, `interrupted` ends it early.

    `tell_of_wait` hears once of each that is ready no sooner than at a certain moment. Where `hashes` has a bot, it counts as ready only if it runs with that configuration.
    """

    bot_names: Collection[str]
    tell: Callable[[Condition], None]
    tell_of_wait: Callable[[Condition], None] = lambda _: None
    hashes: Mapping[str, str] = field(default_factory=dict)
    interrupted: Callable[[], bool] = bool

    def fulfilled_by(self, condition: Condition) -> bool:
        """Say whether a bot that is ready is so with the configuration of the files."""
        wanted = self.hashes.get(condition.bot_name)
        return wanted is None or wanted == condition.config_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Where to look: supervisord, and the rows that bots write (`read_rows`)."""

    home: Home
    control: Control
    read_rows: ReadRows
    clock: Clock

    def conditions(self, bot_names: Collection[str]) -> dict[str, Condition]:
        """Judge these bots; all are stopped where no supervisord runs."""
        try:
            processes = self.control.processes()
        except NotRunningError:
            processes = {}
        return self.judge(bot_names, processes)

    def judge(
        self, bot_names: Collection[str], processes: Mapping[str, Process]
    ) -> dict[str, Condition]:
        """Judge these bots by what supervisord said of them."""
        rows = self.read_rows()
        now = self.clock.now()
        return {
            name: readiness.judge(
                name,
                processes.get(name),
                rows.get(name),
                now,
                readiness.exit_note(self.home, name),
            )
            for name in bot_names
        }

    def wait(self, hopes: Hopes, patience: Patience, seconds: float) -> dict[str, Condition]:
        """Wait until each bot is ready or will not be by itself; return those that are not."""
        pending = self.conditions(hopes.bot_names)
        told: set[str] = set()

        def settled() -> bool:
            pending.update(self.conditions(pending))
            for condition in list(pending.values()):
                if condition.waits_until and condition.bot_name not in told:
                    told.add(condition.bot_name)
                    hopes.tell_of_wait(condition)
                if condition.is_ready and hopes.fulfilled_by(condition):
                    hopes.tell(condition)
                    del pending[condition.bot_name]
            return hopes.interrupted() or all(c.state in SETTLED for c in pending.values())

        patience.until(settled, seconds)
        return pending
