"""One bot of the fleet looks after the shared file for all of them: which one, and what when.

Every bot asks for the work every few seconds, and the one that has it carries out what is due. When
each task ran last is in the file, so that the periods hold over restarts and from bot to bot.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import structlog

from multibot.clock import Clock
from multibot.errors import MultibotError
from multibot.runtime.hand import Hand, LeaseLostError
from multibot.store import connection
from multibot.store.archive import upkeep
from multibot.store.archive.upkeep import LEASE, Run, State
from multibot.store.incidents import Kind
from multibot.store.leases import Lease, Leases
from multibot.store.stores import BotStore
from multibot.store.transaction import Durability

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# A clock that jumps by so much is believed only after a while: what it deletes does not come back.
JUMP = timedelta(minutes=10)
DOUBT = timedelta(hours=1)
# Others wait for the process to end.
GOODBYE_SECONDS = 0.5

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long a lease is, and when it is renewed; how often a bot looks what there is to do.

    A fleet that starts has better things to do: tasks wait until it has settled. What failed, or
    took its process with it, is tried `again` after a while, not after its whole period.
    """

    length: timedelta = timedelta(seconds=30)
    renew: timedelta = timedelta(seconds=10)
    step: timedelta = timedelta(seconds=5)
    settle: timedelta = timedelta(minutes=1)
    again: timedelta = timedelta(minutes=15)
    soon: timedelta = timedelta(minutes=1)

    def until_again(self, period: timedelta) -> timedelta:
        """Say how long a task that failed waits, be it one that is done all the time."""
        return min(max(period, self.soon), self.again)


USUAL = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a task did, if anything, and what it found wrong, and of which kind that is."""

    detail: str = ""
    trouble: str = ""
    kind: Kind = Kind.UPKEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something that is done every so often; `deletes` where a wrong clock would do harm."""

    name: str
    period: timedelta
    work: Callable[[Hand], Awaitable[Report]]
    deletes: bool = False


class Housekeeper:
    """One bot's readiness to do the work, and the work while it is the one."""

    def __init__(
        self,
        *,
        store: BotStore,
        clock: Clock,
        tasks: Sequence[Task],
        holder: str,
        pace: Pace = USUAL,
    ) -> None:
        self._store = store
        self._clock = clock
        self._tasks = tasks
        self._pace = pace
        self._leases = Leases(holder, clock)
        self._holder = holder
        self._lease: Lease | None = None
        self._hand = Hand(store, clock, self._holds)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._runs: dict[str, Run] = {}
        self._is_away = False
        self._elected_at = self._renewed_at = 0.0
        self._doubted_at: float | None = None
        self._ahead = self._clock_ahead()

    @property
    def is_elected(self) -> bool:
        """Whether this bot has the work, as far as it knows."""
        return self._lease is not None

    @property
    def under_way(self) -> set[str]:
        """The tasks that are being done."""
        return set(self._running)

    async def run(self) -> None:
        """Do it all until cancelled; then let another bot have the work at once."""
        try:
            while True:
                await self.step()
                await self._clock.sleep(self._pace.step.total_seconds())
        finally:
            await self._leave()

    async def step(self) -> None:
        """Ask for the work, or keep it; begin what is due."""
        self._look_at_clock()
        try:
            await self._hold()
        except MultibotError as error:
            if not self._is_away:
                log.warning("housekeeping_waits", error=str(error))
            self._is_away = True
            return
        self._is_away = False
        if self._lease is None:
            self._drop()
            return
        for task in self._tasks:
            if self._is_due(task):
                self._begin(task)

    async def finished(self) -> None:
        """Wait until nothing is under way."""
        while self._running:
            await asyncio.wait(set(self._running.values()))

    async def _hold(self) -> None:
        if self._lease is None:
            await self._ask()
        elif self._since(self._renewed_at) >= self._pace.renew:
            renewing = partial(self._leases.renew, lease=self._lease, length=self._pace.length)
            # A power cut ends the holder too.
            self._lease = await self._store.writer.run(renewing, Durability.SOFT)
            self._renewed_at = self._clock.monotonic()
            if self._lease is None:
                log.warning("housekeeping_lost")

    async def _ask(self) -> None:
        with connection.errors_of(self._store.home.database):
            current = self._leases.current(self._store.reader, LEASE)
        is_free = current is None or current.is_over(self._clock.now())
        if not is_free and current is not None and current.holder != self._holder:
            return
        taking = partial(self._leases.take, name=LEASE, length=self._pace.length)
        lease = await self._store.writer.run(taking)
        if lease is None:
            return
        with connection.errors_of(self._store.home.database):
            self._runs = {run.task: run for run in upkeep.runs(self._store.reader)}
        self._lease = lease
        self._elected_at = self._renewed_at = self._clock.monotonic()
        log.info("housekeeping", fence=lease.fence)

    def _holds(self, writing: "sqlite.Connection") -> bool:
        lease = self._lease
        return lease is not None and self._leases.is_ours(writing, lease)

    def _is_due(self, task: Task) -> bool:
        if task.name in self._running:
            return False
        if self._since(self._elected_at) < min(self._pace.settle, task.period):
            return False
        if task.deletes and self._is_clock_doubted():
            return False
        run = self._runs.get(task.name)
        if run is None:
            return True
        wait = task.period if run.state is State.DONE else self._pace.until_again(task.period)
        # One that ran in the future ran before the clock went back.
        return not timedelta(0) <= self._clock.now() - run.ran_at < wait

    def _is_rare(self, task: Task) -> bool:
        """Say whether it matters beyond this process when a task ran."""
        return task.period > self._pace.again

    def _since(self, moment: float) -> timedelta:
        return timedelta(seconds=self._clock.monotonic() - moment)

    def _begin(self, task: Task) -> None:
        work = asyncio.create_task(self._carry_out(task), name=f"upkeep: {task.name}")
        self._running[task.name] = work
        work.add_done_callback(partial(self._ended, task))

    def _ended(self, task: Task, work: "asyncio.Task[None]") -> None:
        del self._running[task.name]
        if not work.cancelled() and (error := work.exception()) is not None:
            log.error("upkeep_not_noted", task=task.name, exc_info=error)

    async def _carry_out(self, task: Task) -> None:
        at, began = self._clock.now(), self._clock.monotonic()
        earlier = self._runs.get(task.name)
        self._runs[task.name] = Run(task.name, State.RUNNING, at)
        with contextlib.suppress(LeaseLostError):
            if self._is_rare(task):
                await self._hand.write(partial(upkeep.begin, task=task.name, at=at))
            report, state = await self._report(task)
            took = (self._clock.monotonic() - began) * 1000
            run = Run(task.name, state, at, took, report.detail, report.trouble)
            self._runs[task.name] = run
            await self._note(task, run, earlier, report.kind)

    async def _report(self, task: Task) -> tuple[Report, State]:
        """Have it done. Whatever it fails with is told, and is the end of nothing else."""
        (came,) = await asyncio.gather(task.work(self._hand), return_exceptions=True)
        if isinstance(came, LeaseLostError):
            raise came
        if isinstance(came, BaseException):
            log.error("upkeep_failed", task=task.name, exc_info=came)
            return Report(trouble=f"not done: {came}"), State.FAILED
        return came, State.DONE

    async def _note(self, task: Task, run: Run, earlier: Run | None, kind: Kind) -> None:
        had_trouble = earlier is not None and bool(earlier.trouble)
        if not self._is_rare(task) and not (run.detail or run.trouble or had_trouble):
            return
        await self._hand.write(partial(upkeep.end, run=run))
        if run.trouble and (run.state is State.FAILED or not had_trouble):
            await self._store.incidents.record(kind, f"{task.name}: {run.trouble}")
        tell = log.info if run.detail or run.trouble else log.debug
        tell("upkeep", task=task.name, took_ms=round(run.took_ms), detail=run.detail)

    def _clock_ahead(self) -> datetime:
        """Give what changes only when the clock is set."""
        return self._clock.now() - timedelta(seconds=self._clock.monotonic())

    def _is_clock_doubted(self) -> bool:
        return self._doubted_at is not None and self._since(self._doubted_at) < DOUBT

    def _look_at_clock(self) -> None:
        ahead = self._clock_ahead()
        if abs(ahead - self._ahead) > JUMP:
            log.warning("clock_jumped", seconds=round((ahead - self._ahead).total_seconds()))
            self._doubted_at = self._clock.monotonic()
        self._ahead = ahead

    def _drop(self) -> None:
        for work in self._running.values():
            work.cancel()

    async def _leave(self) -> None:
        self._drop()
        lease, self._lease = self._lease, None
        with contextlib.suppress(TimeoutError, MultibotError):
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self.finished()
                if lease is not None:
                    releasing = partial(self._leases.release, lease=lease)
                    await self._store.writer.run(releasing, Durability.SOFT)
