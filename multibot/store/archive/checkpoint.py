"""Emptying the WAL, and the unused space of the file: what was removed must not stay there."""

import contextlib
import time
from typing import TYPE_CHECKING, Self

from multibot.errors import StoreUnavailableError
from multibot.home import Home
from multibot.store import connection
from multibot.store.archive import backup, copies, remnants
from multibot.store.connection import Turnstile

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# Readers are asked to wait for nobody; whoever reads for longer than this holds it up.
PATIENCE_SECONDS = 10.0
AGAIN_AFTER_SECONDS = 0.05

_MOVE = "PRAGMA wal_checkpoint(PASSIVE)"
_EMPTY = "PRAGMA wal_checkpoint(TRUNCATE)"
_REWRITE = "VACUUM"
# A larger file is not written anew in memory.
IN_MEMORY = 8 * 1024 * 1024
_STEPS = 64


class Drain:
    """Moves what was written into the file while others write on, so that none of them has to."""

    def __init__(self, home: Home) -> None:
        self._path = home.database
        self._writer = connection.open_writer(home.database, busy_ms=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def move(self) -> None:
        """Move as much as nobody holds back; call it outside of any transaction."""
        with connection.errors_of(self._path):
            self._writer.execute(_MOVE).fetchall()


def truncate(home: Home, patience: float = PATIENCE_SECONDS) -> bool:
    """Move everything into the file and empty the WAL; false where somebody reads for too long."""
    deadline = time.monotonic() + patience
    with (
        contextlib.closing(Turnstile(home.database_lock)) as turn,
        # SQLite's own patience would keep every writer waiting as well.
        contextlib.closing(connection.open_writer(home.database, busy_ms=0)) as writer,
        connection.errors_of(home.database),
    ):
        while True:
            # Most of it is done while others write.
            writer.execute(_MOVE).fetchall()
            with turn:
                is_busy = writer.execute(_EMPTY).fetchone()[0]
            if not is_busy:
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(AGAIN_AFTER_SECONDS)


def rewrite(home: Home, in_memory: int = IN_MEMORY) -> None:
    """Write the whole file anew, without unused space; every bot waits meanwhile.

    Takes some seconds for each gigabyte, and twice the room of the file beside it meanwhile.
    """
    with backup.locked(home):
        rewrite_alone(home, in_memory)


def rewrite_alone(home: Home, in_memory: int = IN_MEMORY) -> None:
    """Do the same, for a caller who holds the lock of backups."""
    with (
        contextlib.closing(Turnstile(home.database_lock)) as turn,
        contextlib.closing(connection.open_writer(home.database)) as writer,
        connection.errors_of(home.database),
        turn,
    ):
        remnants.clear(writer)
        if home.database.stat().st_size <= in_memory:
            writer.execute(_REWRITE)
        else:
            _rewrite_by_file(writer, home)


def _rewrite_by_file(writer: "sqlite.Connection", home: Home) -> None:
    """Make the new file in a file: VACUUM alone may do it in memory, whatever it is told."""
    partial = home.data / backup.REWRITING
    copies.remove(partial)
    with copies.errors_of_disk(home.data), copies.removed_on_failure(partial):
        partial.touch(mode=0o600)
        with contextlib.closing(connection.open_reader(home.database)) as reader:
            before = _version(reader)
            reader.execute("PRAGMA query_only = OFF").fetchall()
            reader.execute("VACUUM INTO ?", (str(partial),))

            def look(_status: int, remaining: int, _total: int) -> None:
                # From the first step on nobody else can write; after the last it is our own change.
                if remaining and _version(reader) != before:
                    raise StoreUnavailableError(
                        "Another program wrote to the database meanwhile.",
                        where=str(home.database),
                        remedy="End it, then run this again.",
                    )

            with contextlib.closing(connection.open_reader(partial)) as made:
                pages = made.execute("PRAGMA page_count").fetchone()[0]
                made.backup(writer, pages=max(pages // _STEPS, 1), progress=look)
    copies.remove(partial)


def _version(reader: "sqlite.Connection") -> int:
    return int(reader.execute("PRAGMA data_version").fetchone()[0])
