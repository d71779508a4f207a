"""Whether the shared file can be relied on, as far as a look at it can tell."""

import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from multibot.clock import Clock
from multibot.errors import PermanentError
from multibot.home import Home
from multibot.store import connection, driver
from multibot.store.driver import sqlite

if TYPE_CHECKING:
    from multibot.conversation.message import BotName

# `doctor` looks at all pages of a file up to this size, and only at the tables of a larger one.
_SMALL = 256 * 1024 * 1024
_TABLES = "SELECT count(*) FROM sqlite_master"
_PAGES = "PRAGMA quick_check(1)"
_ALL = "PRAGMA integrity_check(1)"
# What may stand in a row is checked when it is written, and takes longer than the pages.
_ROWS_ASIDE = "PRAGMA ignore_check_constraints = {}"
_UNFINISHED = """
SELECT bot_name, source, kept FROM restores
WHERE :bot_name IS NULL OR bot_name = :bot_name
ORDER BY bot_name LIMIT 1
"""

# No start waits longer than this for an answer; the daily look is a whole one.
START_SECONDS = 3.0
# Bots that start together need not all read the same pages.
FRESH_SECONDS = 60.0
_STEPS = 1_000


def examine(path: Path) -> tuple[int, int, str]:
    """Return the schema it has, the one this code knows, and the first damage found, if any.

    Raises MultibotError where the file is no database, or cannot be read at all.
    """
    with (
        contextlib.closing(connection.open_reader(path)) as reader,
        connection.errors_of(path),
    ):
        found = connection.schema_version(reader)
        reader.execute(_TABLES).fetchone()
        told = damage(reader) if path.stat().st_size <= _SMALL else ""
    return found, connection.SCHEMA_VERSION, told


def quick_check(path: Path) -> str:
    """Look at every page of a file, however large; return the first damage, or nothing.

    Blocks for as long as that takes. Raises MultibotError where the file cannot be read.
    """
    with (
        contextlib.closing(connection.open_reader(path)) as reader,
        connection.errors_of(path),
    ):
        return damage(reader)


def damage(
    reader: "sqlite.Connection", *, seconds: float | None = None, whole: bool = False
) -> str:
    """Return the first damage that is found, within so many seconds, in a line; or nothing.

    A `whole` look compares rows with their indexes and with what they may hold as well.
    """
    reader.execute(_ROWS_ASIDE.format("OFF" if whole else "ON")).fetchall()
    if seconds is not None:
        deadline = time.monotonic() + seconds
        reader.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    try:
        told = str(reader.execute(_ALL if whole else _PAGES).fetchone()[0])
    except sqlite.DatabaseError as error:
        code = driver.primary_code(error)
        if code not in {driver.CORRUPT, driver.INTERRUPT}:
            raise
        told = str(error) if code == driver.CORRUPT else "ok"
    finally:
        reader.set_progress_handler(None, 0)
    return "" if told == "ok" else " ".join(told.split())


def require_sound(home: Home, reader: "sqlite.Connection", clock: Clock) -> None:
    """Refuse a file with damaged pages, as far as a few seconds can tell.

    Of processes that start together the first one looks for all of them.
    """
    descriptor = os.open(home.examined, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        note = _note(home.database, clock)
        if not _still_holds(os.pread(descriptor, 256, 0).decode(errors="replace"), note):
            with connection.errors_of(home.database):
                told = damage(reader, seconds=START_SECONDS)
            if told:
                raise damaged(home, told)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, note.encode(), 0)
    finally:
        os.close(descriptor)


def _note(database: Path, clock: Clock) -> str:
    """Say which file was looked at, and when: what is written past SQLite changes its time."""
    found = database.stat()
    return f"{found.st_ino} {found.st_size} {found.st_mtime_ns} {clock.now().timestamp():.3f}"


def _still_holds(earlier: str, note: str) -> bool:
    *file, now = note.split()
    *known, then = earlier.split() or [""]
    return file == known and 0 <= float(now) - float(then) < FRESH_SECONDS


def damaged(home: Home, told: str) -> PermanentError:
    """Say that the file is damaged, and which command brings it back."""
    from multibot.store.archive import backup  # noqa: PLC0415 - only where all is lost anyway

    return PermanentError(
        f"The database is damaged: {told}.",
        where=str(home.database),
        remedy=f"Run `multibot down`, then `multibot db restore {backup.newest(home)}`;"
        " `multibot db check` says more.",
    )


def require_whole(reader: "sqlite.Connection", bot_name: "BotName | None", path: Path) -> None:
    """Refuse a bot whose turns are not all there, because a restore of them was interrupted.

    Without a name, every bot is asked for.
    """
    with connection.errors_of(path):
        row = reader.execute(_UNFINISHED, {"bot_name": bot_name}).fetchone()
    if row is not None:
        bot_name, source, kept = row
        raise PermanentError(
            f"A restore of {bot_name} was not finished: not all of its history is there.",
            where=str(path),
            remedy=f"Run `multibot db restore {source} --bot {bot_name}` again"
            f" (what was there before: {kept}).",
        )
