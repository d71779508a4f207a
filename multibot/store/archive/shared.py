"""The shared file opened for a command: all bots, one caller, no thread of its own."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from multibot.errors import StoreUnavailableError
from multibot.home import Home
from multibot.store import connection, driver, filesystem
from multibot.store.connection import Turnstile
from multibot.store.transaction import Again, Durability, Job, Transactions

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

Outcome = TypeVar("Outcome")

# A write that finds the file held by a foreign program is tried again for so long.
PATIENCE_SECONDS = 30.0
AGAIN_AFTER_SECONDS = 0.1


class SharedFile:
    """Reads at once, writes in transactions of its own that queue with those of the bots.

    Keep a write's job short (50 ms at most): every bot waits for it. Use it in a `with` block.
    """

    def __init__(self, home: Home, *, probe: filesystem.Probe = filesystem.kind_of) -> None:
        driver.require()
        filesystem.require_local(home.data, probe)
        self._home = home
        self._file = _identity(home.database)
        self.reader = connection.open_existing(home.database)
        self._writer: sqlite.Connection | None = None
        self._turn: Turnstile | None = None
        self._transactions: Transactions | None = None

    @property
    def path(self) -> Path:
        """The file itself."""
        return self._home.database

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.reader.close()
        if self._writer is not None:
            self._writer.close()
        if self._turn is not None:
            self._turn.close()

    def write(self, job: Job[Outcome], durability: Durability = Durability.HARD) -> Outcome:
        """Carry out one job in one transaction and return what it returns, once committed.

        Raises StoreUnavailableError where another program keeps the file locked.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return self._try(job, durability)
            except Again as again:
                if time.monotonic() > deadline:
                    raise StoreUnavailableError(
                        "Another program holds the database locked.",
                        where=str(self.path),
                        remedy="End it, then run this again.",
                    ) from again
                time.sleep(AGAIN_AFTER_SECONDS)

    def _try(self, job: Job[Outcome], durability: Durability) -> Outcome:
        turn, transactions = self._open_writer()
        with turn:
            (result,) = transactions.carry_out([job], durability)
        if result.error is not None:
            raise driver.translate(result.error, str(self.path)) from result.error
        value: Outcome = result.value
        return value

    def _open_writer(self) -> tuple[Turnstile, Transactions]:
        if self._turn is None:
            self._turn = Turnstile(self._home.database_lock)
        if self._transactions is None:
            with self._turn:
                self._require_same()
                self._writer = connection.open_writer(self.path)
            self._transactions = Transactions(self._writer)
        return self._turn, self._transactions

    def _require_same(self) -> None:
        """Refuse to write into another file than was read: a restore may have gone before."""
        if _identity(self.path) != self._file:
            raise StoreUnavailableError(
                "The database was replaced meanwhile.",
                where=str(self.path),
                remedy="Run this again.",
            )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
