"""How a connection to the shared file is set up, and the turnstile its writers queue on."""

import contextlib
import fcntl
import os
import struct
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from multibot.errors import PermanentError, SchemaError
from multibot.store import driver
from multibot.store.driver import sqlite

# The number of the newest migration this code is made for; `PRAGMA user_version` mirrors it.
SCHEMA_VERSION = 7

# So long it takes at most, on a machine with time to spare, until one that waits has woken up.
STEP_ASIDE_SECONDS = 0.0003
# C's `struct flock`: type, whence, start, length, process (0 for a lock of a descriptor).
_FLOCK = struct.Struct("hhqqi4x")

_COMMON = (
    "PRAGMA busy_timeout = {busy_ms}",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA temp_store = MEMORY",
    # Several writing processes and a mapped file together have corrupted files in the field.
    "PRAGMA mmap_size = 0",
)
# A COMMIT moves what is written into the file when so many pages wait.
SHORTEN_WAL = "PRAGMA wal_autocheckpoint = 1000"
_WRITING = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA journal_size_limit = 67108864",
    SHORTEN_WAL,
    # What is deleted is gone: also from pages that only go on the list of free ones.
    "PRAGMA secure_delete = ON",
)
WRITER_BUSY_MS = 5000
# A reader in the event loop must not hold it up: WAL readers wait for nobody but a recovery.
READER_BUSY_MS = 500


def open_writer(path: Path, busy_ms: int = WRITER_BUSY_MS) -> "sqlite.Connection":
    """Open the connection that writes; nobody opens a transaction but by BEGIN."""
    return _open(path, (*_COMMON, *_WRITING), busy_ms)


def open_reader(path: Path, busy_ms: int = READER_BUSY_MS) -> "sqlite.Connection":
    """Open a connection that cannot write."""
    return _open(path, (*_COMMON, "PRAGMA query_only = ON"), busy_ms)


def require_there(path: Path) -> None:
    """Refuse a file that has never been made."""
    if not path.exists():
        raise SchemaError(
            "There is no database yet.",
            where=str(path),
            remedy="Run `multibot db migrate` (or `multibot up`, which does).",
        )


def open_existing(path: Path) -> "sqlite.Connection":
    """Open a connection that cannot write, to a file that has this code's schema."""
    require_there(path)
    reader = open_reader(path)
    try:
        with errors_of(path):
            require_schema(schema_version(reader), path)
    except BaseException:
        reader.close()
        raise
    return reader


def require_no_folder(path: Path) -> None:
    """Refuse a folder, of which SQLite would only say that it cannot be opened."""
    if path.is_dir():
        raise PermanentError(
            "A folder stands in the place of the database.",
            where=str(path),
            remedy="Move it away; `multibot db restore FILE` brings a backup back.",
        )


def require_file(path: Path) -> None:
    """Refuse what SQLite would not understand, or would make worse by opening it."""
    require_no_folder(path)
    wal = path.with_name(f"{path.name}-wal")
    if _size(path) == 0 and _size(wal) > 0:
        # SQLite takes the file for a new one and removes the WAL.
        raise PermanentError(
            "The database is empty or gone, though there are changes for it in the WAL beside it.",
            where=str(path),
            remedy="Run `multibot db restore` with a file of data/backups.",
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _open(path: Path, pragmas: tuple[str, ...], busy_ms: int) -> "sqlite.Connection":
    require_file(path)
    with errors_of(path):
        connection = sqlite.connect(
            f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None
        )
        try:
            for pragma in pragmas:
                connection.execute(pragma.format(busy_ms=busy_ms)).fetchall()
        except sqlite.Error:
            connection.close()
            raise
    return connection


@contextlib.contextmanager
def errors_of(path: Path) -> Iterator[None]:
    """Let the driver's errors leave as ours."""
    try:
        yield
    except sqlite.Error as error:
        raise driver.translate(error, str(path)) from error


def schema_version(connection: "sqlite.Connection") -> int:
    """Return the number of the newest migration in this file; 0 before the first."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def require_schema(found: int, path: Path) -> None:
    """Refuse a file whose schema is not the one this code is made for."""
    if found > SCHEMA_VERSION:
        raise SchemaError(
            f"The database has schema {found}, this multibot knows {SCHEMA_VERSION} at most.",
            where=str(path),
            remedy="Upgrade multibot, or go back to the copy taken before the migration:"
            f" `multibot db restore {_before_migration(path)}`.",
        )
    if found < SCHEMA_VERSION:
        raise SchemaError(
            f"The database has schema {found}, this multibot needs {SCHEMA_VERSION}.",
            where=str(path),
            remedy="Run `multibot db migrate` (or `multibot up`, which does).",
        )


def _before_migration(path: Path) -> str:
    """Name the newest copy from before a migration; their names begin with their time."""
    found = sorted((path.parent / "backups").glob("conversations_*_before_[0-9]*.db"))
    return str(found[-1]) if found else "FILE"


class Turnstile:
    """A file lock that writers wait on in the kernel's queue, before SQLite's own lock.

    Whoever waits marks that by a shared lock on the file's first byte. One that has just given the
    lock back would get it again before any of those has woken up; it sees the mark and steps aside.
    """

    def __init__(self, path: Path, pause: Callable[[float], None] = time.sleep) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._pause = pause
        self._had_it = False

    def __enter__(self) -> None:
        if self._had_it and self.is_waited_for():
            self._pause(STEP_ASIDE_SECONDS)
        self._mark(fcntl.F_RDLCK)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        finally:
            self._mark(fcntl.F_UNLCK)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        self._had_it = True

    def close(self) -> None:
        """Give the file back; the lock goes with it."""
        os.close(self._descriptor)

    def is_waited_for(self) -> bool:
        """Say whether others wait for the lock."""
        # Elsewhere a process cannot have locks of that kind, and whoever is quickest is next.
        if sys.platform != "linux":
            return False
        asked = fcntl.fcntl(self._descriptor, fcntl.F_OFD_GETLK, _first_byte(fcntl.F_WRLCK))
        in_the_way: int = _FLOCK.unpack(asked)[0]
        return in_the_way != fcntl.F_UNLCK

    def _mark(self, kind: int) -> None:
        if sys.platform == "linux":
            fcntl.fcntl(self._descriptor, fcntl.F_OFD_SETLK, _first_byte(kind))


def _first_byte(kind: int) -> bytes:
    return _FLOCK.pack(kind, os.SEEK_SET, 0, 1, 0)
