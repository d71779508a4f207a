"""Copies of the shared file: taken while bots write, complete and synced before they get a name."""

import contextlib
import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from multibot.errors import PermanentError, StoreUnavailableError
from multibot.store import connection, driver
from multibot.store.driver import sqlite

# Nobody reads the copy before it is synced as a whole.
_COPYING = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA locking_mode = EXCLUSIVE",
)
# The copy is one file: it must not need a WAL beside it.
_ALONE = "PRAGMA journal_mode = DELETE"
_OF_THE_COPY = frozenset({driver.FULL, driver.IOERR, driver.READONLY, driver.CANTOPEN})
PATIENCE_SECONDS = 30.0
WRITE_OUT_SECONDS = 0.02
# Not every system has the quicker one.
_WRITE_OUT = getattr(os, "fdatasync", os.fsync)
Open = Callable[[Path], "sqlite.Connection"]
_PASSING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO})


def copy(
    database: Path,
    target: Path,
    *,
    opened: Open = connection.open_reader,
    patience: float = PATIENCE_SECONDS,
) -> None:
    """Copy a database as it is at one moment, in one step: writers do not wait for it.

    Nothing is left at the target where this fails.
    """
    remove(target)
    with removed_on_failure(target), errors_of_disk(target):
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC
        descriptor = os.open(target, flags, 0o600)
        try:
            with contextlib.closing(opened(database)) as source, _written_out(descriptor):
                _copy(source, database, target, patience)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _copy(source: "sqlite.Connection", database: Path, target: Path, patience: float) -> None:
    try:
        with contextlib.closing(sqlite.connect(target, isolation_level=None)) as made:
            for pragma in _COPYING:
                made.execute(pragma).fetchall()
            # In parts it would begin anew with every write of a bot.
            source.backup(made, pages=-1, progress=_patience(database, patience))
            made.execute(_ALONE).fetchall()
    except sqlite.Error as error:
        of_copy = driver.primary_code(error) in _OF_THE_COPY
        raise driver.translate(error, str(target if of_copy else database)) from error


@contextlib.contextmanager
def _written_out(descriptor: int) -> Iterator[None]:
    """Send to the disk what is written, bit by bit: all of it at once would hold up the bots' syncs."""
    is_done = threading.Event()

    def write_out() -> None:
        while not is_done.wait(WRITE_OUT_SECONDS):
            _WRITE_OUT(descriptor)

    with ThreadPoolExecutor(max_workers=1) as beside:
        writing = beside.submit(write_out)
        try:
            yield
        finally:
            is_done.set()
    writing.result()


def _patience(database: Path, seconds: float) -> Callable[[int, int, int], None]:
    """Give up where another program keeps the file to itself; the driver would try for ever."""
    deadline = time.monotonic() + seconds

    def look(status: int, remaining: int, total: int) -> None:
        del remaining, total
        if status in {driver.BUSY, driver.LOCKED} and time.monotonic() > deadline:
            raise StoreUnavailableError(
                "Another program holds the database locked.",
                where=str(database),
                remedy="End it, then run this again.",
            )

    return look


def remove(target: Path) -> None:
    """Remove a file that has no final name yet, and what SQLite may have put beside it."""
    for end in ("", "-journal", "-wal", "-shm"):
        target.with_name(target.name + end).unlink(missing_ok=True)


@contextlib.contextmanager
def removed_on_failure(target: Path) -> Iterator[None]:
    """Leave nothing of a file that could not be finished: the disk may be full of it."""
    try:
        yield
    except BaseException:
        remove(target)
        raise


def sync(path: Path) -> None:
    """Wait until a file or a folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_synced(path: Path, text: str) -> None:
    """Write a private file in one go: its name appears with all of its text."""
    partial = path.with_name(f".{path.name}.partial")
    remove(partial)
    with removed_on_failure(partial):
        descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - has a descriptor
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)


@contextlib.contextmanager
def errors_of_disk(place: Path) -> Iterator[None]:
    """Let what the file system refuses leave as one of our errors."""
    try:
        yield
    except OSError as error:
        where = str(error.filename or place)
        if error.errno in _PASSING:
            full = error.errno != errno.EIO
            remedy = "Free some space, then run this again." if full else "Look after the disk."
            raise StoreUnavailableError(f"{error.strerror}.", where=where, remedy=remedy) from error
        raise PermanentError(
            f"{error.strerror}.",
            where=where,
            remedy="Make the disk writable, or give the folder to the user who runs the fleet.",
        ) from error
