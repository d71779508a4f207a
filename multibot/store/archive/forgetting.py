"""Forgetting one user while the bots run: the tombstone first, then everything there is.

Whatever a kill leaves is found by the next run, which does all of it again.
"""

import contextlib
import functools
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from multibot.clock import Clock, from_text
from multibot.home import Home
from multibot.store import connection as connections
from multibot.store.archive import backup, checkpoint, tombstones, traces, words
from multibot.store.archive.forget import Belongings, Received, Row, Said, Scope
from multibot.store.archive.tombstones import Tombstones
from multibot.store.transaction import Durability, Job

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# Carries out one job in one transaction: `SharedFile.write`, or the way to a bot's own writer.
Write = Callable[[Job[Any], Durability], Any]

# A transaction is to take so long, since every bot waits for it.
STEP_SECONDS = 0.015
LARGEST_STEP = 250
# Who waits meanwhile goes first.
PAUSE_SECONDS = 0.001
# Who writes on and on is not waited for: what still comes then is new.
PASSES = 10
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
        return Belongings(reader, scope).count(reader) + traces.count(reader, scope)


def forget(home: Home, scope: Scope, clock: Clock, write: Write) -> Forgotten:
    """Forget a user, in one bot or in all; blocks, and may take seconds.

    Waits for a backup or a restore that runs: what it takes or brings back must know of this.
    """
    rows: Counter[str] = Counter()
    with backup.locked(home), _reading(home) as reader:
        stones = tombstones.load(home)
        until = clock.now()
        for _ in range(PASSES):
            stones = _set_stone(home, stones, scope, until, write)
            removed, latest = _pass(reader, scope, write)
            if not removed:
                break
            rows += removed
            now = clock.now()
            until = max(until, now, min(latest or now, now + AHEAD))
        is_unfinished = write(functools.partial(words.merge, begin=True), Durability.SOFT)
        while is_unfinished:
            is_unfinished = write(words.merge, Durability.SOFT)
    return Forgotten(rows=rows, forgotten_at=until, is_cleared=checkpoint.truncate(home))


def _set_stone(
    home: Home, stones: Tombstones, scope: Scope, until: datetime, write: Write
) -> Tombstones:
    stone = stones.make(scope.user_id, scope.bot_name, until)
    tombstones.write_down(home, stone)
    # With it everything that was removed before is on the disk as well.
    write(functools.partial(tombstones.keep, stone=stone), Durability.HARD)
    return Tombstones([*stones, stone])


def _pass(
    reader: "sqlite.Connection", scope: Scope, write: Write
) -> tuple[Counter[str], datetime | None]:
    """Remove all that is there now; return how many rows, and the latest moment they tell of."""
    belongings = Belongings(reader, scope)
    removed: Counter[str] = write(functools.partial(traces.remove, scope=scope), Durability.SOFT)
    steps = _Steps(belongings, write)
    latest = ""
    for rows in belongings.found(reader):
        latest = max([latest, *(row.at for row in rows if isinstance(row, Received | Said))])
        removed += steps.remove(rows)
    return removed, from_text(latest) if latest else None


class _Steps:
    """Cuts rows into transactions that take about the same time, with room for bots between."""

    def __init__(self, belongings: Belongings, write: Write) -> None:
        self._belongings = belongings
        self._write = write
        self._size = 10

    def remove(self, rows: Sequence[Row]) -> Counter[str]:
        """Remove these rows, in as many steps as it takes."""
        removed: Counter[str] = Counter()
        while rows:
            some, rows = rows[: self._size], rows[self._size :]
            gone, seconds = self._write(functools.partial(self._timed, some), Durability.SOFT)
            removed += gone
            self._adapt(seconds)
            time.sleep(PAUSE_SECONDS)
        return removed

    def _timed(
        self, rows: Sequence[Row], writing: "sqlite.Connection"
    ) -> tuple[Counter[str], float]:
        began = time.perf_counter()
        return self._belongings.remove(writing, rows), time.perf_counter() - began

    def _adapt(self, seconds: float) -> None:
        if seconds > STEP_SECONDS:
            self._size = max(self._size // 2, 1)
        elif seconds < STEP_SECONDS / 3:
            self._size = min(self._size * 2, LARGEST_STEP)


@contextlib.contextmanager
def _reading(home: Home) -> Iterator["sqlite.Connection"]:
    """Read with a connection of this thread's own."""
    with (
        contextlib.closing(connections.open_existing(home.database)) as reader,
        connections.errors_of(home.database),
    ):
        yield reader
