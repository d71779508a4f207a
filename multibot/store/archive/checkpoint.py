"""Emptying the WAL, and the unused space of the file: what was removed must not stay there."""

import contextlib
import time
from typing import Self

from multibot.home import Home
from multibot.store import connection
from multibot.store.connection import Turnstile

# Readers are asked to wait for nobody; whoever reads for longer than this holds it up.
PATIENCE_SECONDS = 10.0
AGAIN_AFTER_SECONDS = 0.05

_MOVE = "PRAGMA wal_checkpoint(PASSIVE)"
_EMPTY = "PRAGMA wal_checkpoint(TRUNCATE)"
_REWRITE = "VACUUM"


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


def rewrite(home: Home) -> None:
    """Write the whole file anew, without unused space; every bot waits meanwhile.

    Takes some seconds for each gigabyte, and as much room on the disk once more.
    """
    with (
        contextlib.closing(Turnstile(home.database_lock)) as turn,
        contextlib.closing(connection.open_writer(home.database)) as writer,
        connection.errors_of(home.database),
        turn,
    ):
        writer.execute(_REWRITE)
