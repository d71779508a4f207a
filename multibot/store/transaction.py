"""A batch of jobs in one transaction: each job can fail alone, none is done before COMMIT."""

from collections.abc import Callable, Sequence
from enum import Enum
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

from multibot.store import driver
from multibot.store.driver import sqlite

Outcome = TypeVar("Outcome")
Job = Callable[["sqlite.Connection"], Outcome]

# After these the file is as before and nothing is wrong with the jobs: they are run again.
PASSING = frozenset({driver.BUSY, driver.LOCKED, driver.INTERRUPT})


class Durability(Enum):
    """What a job's COMMIT must survive: kill -9 both; a power cut only the hard ones."""

    HARD = "FULL"
    SOFT = "NORMAL"


class Result(NamedTuple):
    """What became of one job."""

    value: Any = None
    error: BaseException | None = None


class Again(Exception):  # noqa: N818 - not a fault: the batch's turn has not come
    """The transaction was lost without any job being at fault."""


class Savepoint:
    """Undoes what a failing job did, and keeps its error for the one who waits for it."""

    __slots__ = ("_connection", "error")

    def __init__(self, connection: "sqlite.Connection") -> None:
        self._connection = connection
        self.error: Exception | None = None

    def __enter__(self) -> Self:
        self._connection.execute("SAVEPOINT job")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        del kind, traceback
        # Some errors roll back the whole transaction; then there is no savepoint to go back to.
        if self._connection.in_transaction:
            if error is not None:
                self._connection.execute("ROLLBACK TO job")
            self._connection.execute("RELEASE job")
        if isinstance(error, Exception):
            self.error = error
            return True
        return False


class Transactions:
    """Runs batches on one connection."""

    def __init__(self, connection: "sqlite.Connection") -> None:
        self._connection = connection
        self._durability = Durability.HARD

    def carry_out(self, jobs: Sequence[Job[Any]], durability: Durability) -> list[Result]:
        """Run every job and COMMIT; raises `Again` where another try is due."""
        if len(jobs) > 1 and (results := self._together(jobs, durability)) is not None:
            return results
        failed: dict[int, Result] = {}
        while True:
            results = self._attempt(jobs, failed, durability)
            if results is not None:
                return results

    def _together(self, jobs: Sequence[Job[Any]], durability: Durability) -> list[Result] | None:
        """Try with one savepoint for all, since hardly a job ever fails; None when one did."""

        def whole(connection: "sqlite.Connection") -> list[Result]:
            results: list[Result] = []
            for job in jobs:
                results.append(Result(job(connection)))
                if not connection.in_transaction:
                    raise _ended()
            return results

        attempt = self._attempt([whole], {}, durability)
        return None if attempt is None or attempt[0].error else attempt[0].value

    def _attempt(
        self, jobs: Sequence[Job[Any]], failed: dict[int, Result], durability: Durability
    ) -> list[Result] | None:
        """Try once; None when one job took the transaction with it and the others go again."""
        results: list[Result] = []
        try:
            self._begin(durability)
            for at, job in enumerate(jobs):
                results.append(failed.get(at) or self._run(job))
                if not self._connection.in_transaction:
                    failed[at] = _lost(results[at])
                    return None
            self._connection.execute("COMMIT")
        except sqlite.Error as error:
            if driver.primary_code(error) in PASSING:
                raise Again from error
            results.extend([Result()] * (len(jobs) - len(results)))
            return [each if each.error else Result(error=error) for each in results]
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        return results

    def _begin(self, durability: Durability) -> None:
        if durability is not self._durability:
            self._connection.execute(f"PRAGMA synchronous = {durability.value}")
            self._durability = durability
        self._connection.execute("BEGIN IMMEDIATE")

    def _run(self, job: Job[Any]) -> Result:
        value = None
        with Savepoint(self._connection) as savepoint:
            value = job(self._connection)
        return Result(value, savepoint.error)


def _lost(result: Result) -> Result:
    """Look at the job in which the transaction ended; only a fault of its own is its failure."""
    error = result.error or _ended()
    if driver.primary_code(error) in PASSING:
        raise Again from error
    return Result(error=error)


def _ended() -> RuntimeError:
    return RuntimeError("a job ended the transaction it runs in")
