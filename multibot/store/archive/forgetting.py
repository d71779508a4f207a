"""Forgetting one user while the bots run: the tombstone first, then everything there is.

Whatever a kill leaves is found by the next run, which does all of it again: that of whoever looks
after the file, if nobody asks for it before.
"""

import contextlib
import functools
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self, TypeVar

from multibot.clock import Clock, from_text
from multibot.errors import MultibotError
from multibot.home import Home
from multibot.store import connection as connections
from multibot.store.archive import backup, checkpoint, remnants, tombstones, traces, underway, words
from multibot.store.archive.checkpoint import Drain
from multibot.store.archive.forget import FOREVER, Belongings, Received, Row, Said, Scope
from multibot.store.archive.tombstones import Tombstones
from multibot.store.transaction import Durability, Job

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# Carries out one job in one transaction: `SharedFile.write`, or the way to a bot's own writer.
Write = Callable[[Job[Any], Durability], Any]
Outcome = TypeVar("Outcome")

# A transaction is to take so long, since every bot waits for it; its COMMIT comes on top.
STEP_SECONDS = 0.004
LARGEST_STEP = 100
# What is written goes into the file before the WAL is so long that a bot's COMMIT would do it. A
# long text has as many words as many short ones: steps are measured, not counted.
DRAINED_AFTER_SECONDS = 3 * STEP_SECONDS
# The COMMIT of a step does not do it either, while every bot waits.
_LEAVE_WAL = "PRAGMA wal_autocheckpoint = 0"
# Who waits meanwhile goes first.
PAUSE_SECONDS = 0.001
# Who writes on and on is not waited for: what still comes then is new.
PASSES = 10
# A smaller file is written anew in less time than a bot waits for its turn anyway.
SMALL = 8 * 1024 * 1024
# Discord's clock may be ahead of ours; what is forgotten was written by its time.
AHEAD = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What was removed: rows by table, up to when, and whether the WAL is empty of it as well."""

    rows: Mapping[str, int]
    forgotten_at: datetime
    is_cleared: bool


def survey(home: Home, scope: Scope) -> Mapping[str, int]:
    """Count by table what forgetting would remove now; nothing is written."""
    with _reading(home) as reader:
        notes = traces.count(reader, scope) + underway.count(reader, scope)
        return Belongings(reader, scope).count(reader) + notes


def forget(home: Home, scope: Scope, clock: Clock, write: Write) -> Forgotten:
    """Forget a user, in one bot or in all; blocks, and may take seconds.

    Waits for a backup or a restore that runs: what it takes or brings back must know of this.
    """
    with backup.locked(home):
        return _forget(home, scope, clock, write, checkpoint.PATIENCE_SECONDS)


def are_unfinished(reader: "sqlite.Connection") -> bool:
    """Say whether somebody is being forgotten, or was when a process was killed."""
    return bool(underway.noted(reader))


def finish(home: Home, clock: Clock, write: Write) -> tuple[int, int]:
    """Forget everybody of whom a kill has left something; blocks. What they wrote since stays.

    Returns how many that were, and of how many more something is in the WAL that somebody reads.
    """
    # Whoever forgets somebody has this lock: nobody is at what is noted now.
    with backup.locked(home):
        with _reading(home) as reader:
            scopes = underway.noted(reader)
        done = sum(_forget(home, scope, clock, write, patience=0.0).is_cleared for scope in scopes)
    return done, len(scopes) - done


def _forget(home: Home, scope: Scope, clock: Clock, write: Write, patience: float) -> Forgotten:
    rows: Counter[str] = Counter()
    is_new = scope.until == FOREVER
    with _reading(home) as reader, Drain(home) as drain, _Steps(write, drain) as steps:
        # What cannot be removed is listed among the files that name the user.
        with contextlib.suppress(MultibotError):
            backup.remove_leftovers(home)
        notes = underway.count(reader, scope)
        stones = tombstones.load(home)
        until = clock.now() if is_new else from_text(scope.until)
        for _ in range(PASSES):
            stones = _set_stone(home, stones, scope, until, write)
            removed, latest = _pass(reader, scope, steps)
            if not removed:
                break
            rows += removed
            if is_new:
                now = clock.now()
                until = max(until, now, min(latest or now, now + AHEAD))
        merge = words.Merging()
        is_unfinished = steps.take(functools.partial(merge, begin=True))
        while is_unfinished:
            is_unfinished = steps.take(merge)
    rows += notes
    is_cleared = checkpoint.truncate(home, patience)
    if is_cleared and _is_tidied(home, scope, is_due=bool(rows) or not is_new):
        is_cleared = checkpoint.truncate(home, patience)
    if is_cleared:
        # Nothing is left to be done: the id may go as well.
        write(_last_job(home, scope), Durability.HARD)
        is_cleared = checkpoint.truncate(home, patience)
    return Forgotten(rows=rows, forgotten_at=until, is_cleared=is_cleared)


def _is_tidied(home: Home, scope: Scope, *, is_due: bool) -> bool:
    """Write a small file anew, without unused space; what fails is found to be there still."""
    if home.database.stat().st_size > SMALL:
        return False
    if not is_due and not remnants.count(home.database, scope.user_id):
        return False
    with contextlib.suppress(MultibotError):
        checkpoint.rewrite_alone(home)
    return True


def _last_job(home: Home, scope: Scope) -> Job[None]:
    """Note no more whom to forget; where unused space has the id, that, for it is known no more."""
    everywhere = Scope(user_id=scope.user_id)
    with _reading(home) as reader:
        # Whom another bot remembers may have left copies of those rows.
        is_kept = bool(scope.bot_name) and any(Belongings(reader, everywhere).found(reader))
    places = 0 if is_kept else remnants.count(home.database, scope.user_id)

    def job(writing: "sqlite.Connection") -> None:
        underway.end(writing, scope)
        remnants.note(writing, places)

    return job


def _set_stone(
    home: Home, stones: Tombstones, scope: Scope, until: datetime, write: Write
) -> Tombstones:
    stone = stones.make(scope.user_id, scope.bot_name, until)

    def job(writing: "sqlite.Connection") -> None:
        tombstones.keep(writing, stone)
        underway.note(writing, scope, until)

    # With it everything that was removed before is on the disk as well.
    write(job, Durability.HARD)
    tombstones.write_down(home, stone)
    return Tombstones([*stones, stone])


def _pass(
    reader: "sqlite.Connection", scope: Scope, steps: "_Steps"
) -> tuple[Counter[str], datetime | None]:
    """Remove all that is there now; return how many rows, and the latest moment they tell of."""
    belongings = Belongings(reader, scope)
    removed: Counter[str] = steps.take(functools.partial(traces.remove, scope=scope))
    latest = ""
    for rows in belongings.found(reader):
        latest = max([latest, *(row.at for row in rows if isinstance(row, Received | Said))])
        removed += steps.remove(belongings, rows)
    return removed, from_text(latest) if latest else None


class _Steps:
    """Cuts the work into transactions of about the same time, with room for bots between them."""

    def __init__(self, write: Write, drain: Drain) -> None:
        self._write = write
        self._drain = drain
        self._spent = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._spent:
            return
        # The writer may be a bot's own.
        self._write(lambda writing: _execute(writing, connections.SHORTEN_WAL), Durability.SOFT)

    def remove(self, belongings: Belongings, rows: Sequence[Row]) -> Counter[str]:
        """Remove these rows, in as many steps as it takes."""
        removed: Counter[str] = Counter()
        while rows:
            done, gone = self.take(functools.partial(_remove, belongings, rows))
            removed += gone
            rows = rows[done:]
        return removed

    def take(self, job: Job[Outcome]) -> Outcome:
        """Take one step."""

        def timed(writing: "sqlite.Connection") -> Outcome:
            began = time.perf_counter()
            _execute(writing, _LEAVE_WAL)
            value = job(writing)
            self._spent += time.perf_counter() - began
            return value

        value: Outcome = self._write(timed, Durability.SOFT)
        if self._spent > DRAINED_AFTER_SECONDS:
            self._drain.move()
            self._spent = 0.0
        time.sleep(PAUSE_SECONDS)
        return value


def _execute(writing: "sqlite.Connection", pragma: str) -> None:
    writing.execute(pragma).fetchall()


def _remove(
    belongings: Belongings, rows: Sequence[Row], writing: "sqlite.Connection"
) -> tuple[int, Counter[str]]:
    end = time.perf_counter() + STEP_SECONDS
    some = rows[:LARGEST_STEP]
    return belongings.remove_some(writing, some, lambda: time.perf_counter() > end)


@contextlib.contextmanager
def _reading(home: Home) -> Iterator["sqlite.Connection"]:
    """Read with a connection of this thread's own."""
    with (
        contextlib.closing(connections.open_existing(home.database)) as reader,
        connections.errors_of(home.database),
    ):
        yield reader
