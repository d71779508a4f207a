"""Row 6, its other side: a stopped process is shown stale, and a quiet bot is left alone."""

import asyncio
import collections
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from multibot.cli import bots
from multibot.clock import SystemClock
from multibot.home import Home
from multibot.runtime.pulse import Gauges
from multibot.runtime.troubles import Troubles
from multibot.runtime.watchdog import LastWords, Watchdog
from multibot.store.incidents import recent
from multibot.store.status import read_statuses
from multibot.supervise import readiness
from multibot.supervise.control import Control, Process, ProcessState
from multibot.supervise.readiness import State
from multibot.supervise.watch import Watch
from tests.fakes import FakeClock, settle
from tests.faults import book, crowd
from tests.faults.crowd import Crowd
from tests.process.fleet import pause, until
from tests.runtime.stage import Stage, end, staged

# In short runs somebody looks whose clock is ahead, so that less has to be waited for; still, a bot
# that beats every 5 s is no stale one.
AHEAD = timedelta(seconds=0 if book.FULL else 14)
STALE_WITHIN_SECONDS = 30.0
HOURS = book.times(24, 2)


class AheadClock(SystemClock):
    """The machine's clock, some seconds later."""

    def now(self) -> datetime:
        return super().now() + AHEAD


@pytest.mark.slow
@pytest.mark.timeout(book.times(300, 120))
async def test_a_stopped_process_is_shown_stale_within_30_seconds(home: Home) -> None:
    loop = asyncio.get_running_loop()
    async with Crowd(home, world=crowd.world(), count=book.times(6, 2)) as fleet:
        await fleet.multibot("up")
        before = fleet.pids()
        *stopped, neighbour = fleet.bots
        for bot in stopped:
            os.kill(before[bot], signal.SIGSTOP)
        began = loop.time()
        seconds = [await shown(fleet, bot, State.STALE) - began for bot in stopped]
        if book.FULL:
            table = await fleet.multibot("status", check=False)
            assert table.count(" stale ") == len(stopped), table
            assert (await states(fleet))[neighbour] is State.READY
        for bot in stopped:
            os.kill(before[bot], signal.SIGCONT)
        beaten = {bot: row.heartbeat_at for bot, row in read_statuses(home.database).items()}
        await until(lambda: not still(home, beaten, stopped), "every heart beats again")
        assert fleet.pids() == before
        log = home.supervisord_log.read_text(encoding="utf-8")

    assert log.count("spawned: ") == len(fleet.bots)
    book.note(
        book.Entry(
            row=6,
            fault="process stopped with SIGSTOP",
            count=len(stopped),
            unit="bots",
            result="each shown stale within 30 s, and ready again after SIGCONT, 0 restarts",
            figures={"longest until stale s": round(max(seconds), 1)},
        )
    )


def still(home: Home, beaten: Mapping[str, object], stopped: list[str]) -> list[str]:
    """Name the bots that have written nothing since then."""
    rows = read_statuses(home.database)
    return [bot for bot in stopped if rows[bot].heartbeat_at == beaten[bot]]


async def states(fleet: Crowd) -> dict[str, State]:
    """Judge every bot as `multibot status` does."""
    looking = Watch(
        home=fleet.home,
        control=Control(fleet.home),
        read_rows=lambda: bots.rows(fleet.home),
        clock=AheadClock(),
    )
    found = await asyncio.to_thread(looking.conditions, fleet.bots)
    return {bot: condition.state for bot, condition in found.items()}


async def shown(fleet: Crowd, bot: str, state: State) -> float:
    """Wait until a bot is shown so; return when."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(STALE_WITHIN_SECONDS):
        while (await states(fleet))[bot] is not state:
            await pause(0.2)
    return loop.time()


@dataclass
class Day:
    """One bot's pulse, gateway and watchdog over the real store, in virtual time."""

    stage: Stage
    exits: list[int] = field(default_factory=list)
    states: collections.Counter[State] = field(default_factory=collections.Counter)

    async def pass_by(self, hours: int) -> None:
        """Let nothing happen, and look at the bot every minute."""
        watchdog = self._watchdog()
        for second in range(1, hours * 3600 + 1):
            await self.stage.clock.advance(1)
            watchdog.look(1.0)
            if second % 5 == 0:
                await self.stage.store.writer.run(lambda _: None)
                await settle()
            if second % 60 == 0:
                self.states[self._state()] += 1

    def _watchdog(self) -> Watchdog:
        home, clock = self.stage.home, self.stage.clock
        words = LastWords(bot_name="sage", clock=clock, note=home.bot_exit("sage"))
        return Watchdog(
            limit=60.0,
            clock=clock,
            last_words=words,
            writer_is_dead=lambda: self.stage.store.writer.is_dead,
            end=self.exits.append,
        )

    def _state(self) -> State:
        row = read_statuses(self.stage.home.database)["sage"]
        process = Process(bot_name="sage", state=ProcessState.RUNNING, pid=row.pid)
        return readiness.judge("sage", process, row, self.stage.clock.now(), None).state


@pytest.mark.timeout(book.times(600, 120))
async def test_a_day_of_silence_restarts_nothing(home: Home, clock: FakeClock) -> None:
    async with staged(home, clock) as stage:

        async def quiet() -> bool:
            stage.pulse.logged_in("900", "Sage")
            stage.pulse.ready()
            await asyncio.get_running_loop().create_future()
            return True

        stage.line.life = quiet
        stage.pulse.measure(Gauges(latency=lambda: 0.04, ack_age=lambda: 20.0))
        observer = Troubles(stage.store.incidents, clock)
        beating = asyncio.create_task(stage.pulse.run(stage.store.fleet, observer))
        staying = asyncio.create_task(stage.gateway().stay_connected())
        await stage.pass_time(60, staying)
        day = Day(stage)
        await day.pass_by(HOURS)
        await end(beating)
        await end(staying)
        assert recent(home.database, clock.now() - timedelta(days=2)) == ()

    assert day.exits == []
    assert day.states == {State.READY: HOURS * 60}
    assert (len(stage.line.started), stage.line.resumed) == (1, [])
    book.note(
        book.Entry(
            row=6,
            fault="silence (virtual clock)",
            count=HOURS,
            unit="hours",
            result="ready at every minute, 1 gateway session, 0 restarts",
        )
    )
