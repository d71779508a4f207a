"""How large the shared file and its log are, how much room is left, and keeping the log short."""

import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from multibot.errors import StoreUnavailableError
from multibot.home import Home
from multibot.store import connection, filesystem
from multibot.store.archive import checkpoint

MB = 1 << 20
# SQLite cuts the log to this when it begins anew; a longer one is held by somebody who reads.
LONG_LOG = 64 * MB
# The figures in the documentation go up to a third of this.
LARGE = 10 * 1024 * MB
# The log at its longest, and the logs of the bots for a while.
LEAST_FREE = 256 * MB
# A few milliseconds: so much may be left to be moved while writers wait.
FEW_PAGES = 500


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of the file, of the log beside it, and of what is free on their disk."""

    database: int
    log: int
    free: int

    def trouble(self) -> str:
        """Say what somebody should look at, if anything."""
        found = []
        if self.database > LARGE:
            found.append(
                f"the database has {_shown(self.database)}: think of `storage.retention_days`"
            )
        if self.free < (wanted := LEAST_FREE + self.database):
            found.append(
                f"{_shown(self.free)} are free on its disk: {_shown(wanted)} are wanted, so that it"
                " can be copied"
            )
        return "; ".join(found)


def measure(home: Home) -> Sizes:
    """Look at the files and their disk."""
    database, log, _ = (_size(path) for path in filesystem.files_of(home.database))
    return Sizes(database, log, shutil.disk_usage(home.data).free)


def require_room(home: Home) -> None:
    """Refuse to copy the file where the copy would fill the disk that the bots write to."""
    sizes = measure(home)
    if sizes.free < (wanted := sizes.database + sizes.log + LEAST_FREE):
        raise StoreUnavailableError(
            f"A copy needs {_shown(wanted)}, and {_shown(sizes.free)} are free.",
            where=str(home.backups),
            remedy="Free some space, or keep fewer backups.",
        )


def shorten_log(home: Home) -> str:
    """Move what is in the log into the file; return what keeps the log long, if anything does.

    Nobody waits for it. Only a log that is too long is emptied, which takes the writers' turn for a
    few milliseconds; that waits for the next time where much is left to be moved.
    """
    log = filesystem.files_of(home.database)[1]
    with (
        connection.errors_of(home.database),
        closing(connection.open_writer(home.database, busy_ms=0)) as writer,
    ):
        _, pages, moved = writer.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    if _size(log) > LONG_LOG and pages - moved <= FEW_PAGES:
        checkpoint.truncate(home, patience=0.0)
    if (size := _size(log)) <= LONG_LOG:
        return ""
    return f"the write-ahead log has {_shown(size)}: some program reads the database without an end"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _shown(size: int) -> str:
    return f"{size / MB:,.0f} MB" if size < 1024 * MB else f"{size / MB / 1024:,.1f} GB"
