"""A writer without a thread, for tests of many small steps: what is written is there at once."""

from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from multibot.store import connection
from multibot.store.transaction import Durability, Job, Transactions
from multibot.store.writer import Writer

T = TypeVar("T")


class DirectWriter(Writer):
    """Carries each job out in a transaction of its own, in the caller's thread."""

    def __init__(self, database: Path) -> None:
        self._connection = connection.open_writer(database)
        self._transactions = Transactions(self._connection)

    async def run(self, job: Job[T], durability: Durability = Durability.HARD) -> T:
        (result,) = self._transactions.carry_out([job], durability)
        if result.error is not None:
            raise result.error
        value: T = result.value
        return value

    async def close(self, patience: float | None = None) -> None:
        self._connection.close()


def done(work: Coroutine[Any, Any, T]) -> T:
    """Run what never waits to its end, without a loop."""
    try:
        work.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    raise AssertionError("it waits for something")
