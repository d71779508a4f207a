"""Row 50: Discord cannot be reached at the start: no DNS, a closed port, nothing but 5xx.

The bot tries again for ever, at most 300 s apart, is never given up, and is there when Discord is.
"""

import asyncio
import random
import socket
from dataclasses import dataclass
from itertools import pairwise

import pytest
from discord.http import Route

from multibot.home import Home
from multibot.runtime.breaker import Breaker
from multibot.runtime.client import BotClient
from multibot.runtime.gateway import Gateway
from multibot.sandbox.app import RunningSandbox, start
from multibot.sandbox.world import World
from multibot.store.status import read_statuses
from multibot.supervise.control import Control, ProcessState
from tests.fakes import FakeClock
from tests.faults import book, crowd
from tests.faults.crowd import Crowd
from tests.process.fleet import until
from tests.runtime.stage import Stage, end, staged

TRIES = book.times(300, 12)
LONGEST = 300.0
TOKEN = "sandbox-token-one"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@dataclass
class Attempts:
    """A gateway over the real client that cannot get through; its waits pass at once."""

    stage: Stage
    gateway: Gateway
    client: BotClient

    async def wait_out(self, task: "asyncio.Task[None]", count: int) -> list[float]:
        """Let so many tries fail; return how long the bot waited after each."""
        waits: list[float] = []
        clock, pulse = self.stage.clock, self.stage.pulse
        while len(waits) < count:
            await until(lambda: pulse.status.state == "backing_off" or task.done(), "a wait")
            assert not task.done()
            due = clock.next_due()
            assert due is not None
            waits.append(due - clock.monotonic())
            assert str(pulse.status.last_error).startswith("cannot reach")
            await clock.advance(waits[-1])
        return waits


def attempts(stage: Stage, api: str) -> Attempts:
    breaker = Breaker(ledger=stage.store.gateway, pulse=stage.pulse, clock=stage.clock)
    client = BotClient(api=api, pulse=stage.pulse, trace=breaker.trace())
    gateway = Gateway(
        bot=stage.config,
        line=client,
        ledger=stage.store.gateway,
        breaker=breaker,
        pulse=stage.pulse,
        clock=stage.clock,
        chance=random.Random(50),  # noqa: S311 - waits that a test can repeat
    )
    return Attempts(stage, gateway, client)


async def discord(clock: FakeClock, port: int, *, broken: bool) -> RunningSandbox:
    world = World(clock)
    world.add_application(TOKEN, "sage")
    if broken:
        world.faults.add("503")
    return await start(world, port=port)


def assert_patient(waits: list[float]) -> None:
    assert waits[:6] == [10, 20, 40, 80, 160, 300]
    assert max(waits) <= LONGEST
    assert all(later >= earlier for earlier, later in pairwise(waits))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("trouble", ["no DNS", "closed port", "503"])
async def test_it_tries_for_ever_and_is_there_when_discord_is(
    home: Home, clock: FakeClock, trouble: str
) -> None:
    base, port = Route.BASE, free_port()
    host = "no-such-host.invalid" if trouble == "no DNS" else "127.0.0.1"
    async with staged(home, clock) as stage:
        broken = await discord(clock, port, broken=True) if trouble == "503" else None
        one = attempts(stage, f"http://{host}:{port}/api/v10")
        try:
            task = asyncio.create_task(one.gateway.log_in(TOKEN))
            waits = await one.wait_out(task, TRIES)
            assert_patient(waits)
            if broken is not None:
                await broken.close()
            Route.BASE = f"http://127.0.0.1:{port}/api/v10"
            there = await discord(clock, port, broken=False)
            while not task.done():
                await clock.advance(LONGEST)
                await asyncio.wait({task}, timeout=1)
            task.result()
            assert stage.pulse.status.state == "connecting"
            await one.client.close()
            await there.close()
        finally:
            await end(task)
            await one.client.close()
            Route.BASE = base
    book.note(
        book.Entry(
            row=50,
            fault=f"Discord out of reach at the start: {trouble}",
            count=TRIES,
            unit="tries",
            result=f"{max(waits):.0f} s apart at most, then logged in",
            figures={"virtual hours": round(sum(waits) / 3600, 1)},
        )
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_supervisord_never_gives_it_up(home: Home) -> None:
    """A failed try is no end of the process, so nothing is counted against it."""
    async with Crowd(home, world=crowd.world(), count=2) as fleet:
        text = home.dotenv.read_text(encoding="utf-8")
        closed = f"http://127.0.0.1:{free_port()}"
        home.dotenv.write_text(text.replace(fleet.url, closed), encoding="utf-8")
        await fleet.multibot("up", "--no-wait", check=False)

        def are_waiting() -> bool:
            rows = read_statuses(home.database)
            return all(bot in rows and rows[bot].state == "backing_off" for bot in fleet.bots)

        def are_running() -> bool:
            found = Control(home).processes()
            return all(found[bot].state == ProcessState.RUNNING for bot in fleet.bots)

        await until(are_waiting, "every bot waits for Discord")
        await until(are_running, "supervisord counts every start as one")
        pids = {bot: fleet.process_of(bot) for bot in fleet.bots}
        rows = read_statuses(home.database)
        processes = Control(home).processes()

    for bot in fleet.bots:
        assert processes[bot].state == ProcessState.RUNNING
        assert rows[bot].pid == pids[bot]
        assert "cannot reach Discord" in str(rows[bot].last_error)
        assert rows[bot].identifies == 0
