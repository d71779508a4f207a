"""How the housekeeper works on the shared file without holding up the bots that write to it."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from multibot.clock import Clock
from multibot.errors import MultibotError
from multibot.runtime.aside import aside
from multibot.store import connection
from multibot.store.archive import words
from multibot.store.archive.sweep import FOUND_AT_ONCE, Key, Sweep
from multibot.store.stores import BotStore
from multibot.store.transaction import Durability, Job

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# After each write the bots have the file to themselves for so many times as long as it took.
PAUSE_FACTOR = 3.0
LEAST_PAUSE_SECONDS = 0.02
# Every bot waits while rows are deleted, and whoever syncs next writes down the pages that changed:
# a turn's words are on many. One write deletes no more than it can in this time, nor than so many.
WRITE_SECONDS = 0.01
FIRST_ROWS = 10
MOST_ROWS = 25

Outcome = TypeVar("Outcome")
Write = Callable[[Job[Any], Durability], Any]


class LeaseLostError(MultibotError):
    """Another bot looks after the file now."""


class Hand:
    """Short writes, one at a time and with pauses, for as long as this bot has the work."""

    def __init__(
        self, store: BotStore, clock: Clock, holds: Callable[["sqlite.Connection"], bool]
    ) -> None:
        self._store = store
        self._clock = clock
        self._holds = holds
        self._one_at_a_time = asyncio.Lock()

    async def write(self, job: Job[Outcome], durability: Durability = Durability.SOFT) -> Outcome:
        """Carry out a job in a transaction of its own, then leave the file to the others.

        What a power cut takes of a soft one is done again. Raises LeaseLostError where another bot has taken the work over.
        """

        def fenced(writing: "sqlite.Connection") -> Outcome:
            if not self._holds(writing):
                raise LeaseLostError
            return job(writing)

        async with self._one_at_a_time:
            began = self._clock.monotonic()
            value = await self._store.writer.run(fenced, durability)
            took = self._clock.monotonic() - began
            await self._clock.sleep(max(LEAST_PAUSE_SECONDS, PAUSE_FACTOR * took))
        return value

    async def aside(self, work: Callable[[], Outcome]) -> Outcome:
        """Do what takes long in a thread, with connections of its own."""
        return await aside(work)

    async def aside_writing(self, work: Callable[[Write], Outcome]) -> Outcome:
        """Do what takes long in a thread, which is given a way to write as this hand does."""
        loop = asyncio.get_running_loop()

        def write(job: Job[Any], durability: Durability) -> Any:
            return asyncio.run_coroutine_threadsafe(self.write(job, durability), loop).result()

        return await aside(lambda: work(write))

    async def read(self, look: Callable[["sqlite.Connection"], Outcome]) -> Outcome:
        """Look for something for as long as that takes, beside everybody else."""
        path = self._store.home.database

        def work() -> Outcome:
            with closing(connection.open_reader(path)) as reader, connection.errors_of(path):
                return look(reader)

        return await self.aside(work)

    async def sweep(self, sweeps: Iterable[Sweep]) -> dict[str, int]:
        """Delete everything that is to go; return how many rows of what went."""
        gone: dict[str, int] = {}
        for sweep in sweeps:
            removed = await self._sweep(sweep)
            if removed:
                gone[sweep.what] = removed
        return gone

    async def _sweep(self, sweep: Sweep) -> int:
        removed, rows, found, is_merge_due = 0, FIRST_ROWS, FOUND_AT_ONCE, False
        while found == FOUND_AT_ONCE:
            keys = await self.read(sweep.find)
            found, before = len(keys), removed
            while keys:
                count = sweep.fitting(keys, rows)
                some, keys = keys[:count], keys[count:]
                is_merge_due |= sweep.has_long(some)
                went, took = await self.write(self._timed(sweep, some))
                removed += went
                rows = _next_size(rows, took)
            if removed == before:
                break
        if is_merge_due:
            await self._merge()
        return removed

    async def _merge(self) -> None:
        merge = words.Merging()
        is_unfinished = await self.write(partial(merge, begin=True))
        while is_unfinished:
            is_unfinished = await self.write(merge)

    def _timed(self, sweep: Sweep, keys: Sequence[Key]) -> Job[tuple[int, float]]:
        def job(writing: "sqlite.Connection") -> tuple[int, float]:
            began = self._clock.monotonic()
            went = sweep.remove(writing, keys)
            return went, self._clock.monotonic() - began

        return job


def _next_size(rows: int, took: float) -> int:
    if took > WRITE_SECONDS:
        return max(1, rows // 2)
    return min(MOST_ROWS, rows * 2) if took < WRITE_SECONDS / 3 else rows
