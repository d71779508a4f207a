"""Row 21: Discord acknowledges no heartbeat any more, though the connection stands.

The bot leaves it within two heartbeats and resumes its session; nothing is lost, no login is spent.
"""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from discord.http import Route

from multibot.clock import SystemClock
from multibot.config.fleet import Limits
from multibot.home import Home
from multibot.sandbox.app import start
from multibot.store.migrate import migrate
from tests.faults import book, crowd, hurried, witness
from tests.faults.hurried import Hurry
from tests.faults.witness import Asked
from tests.process.fleet import until
from tests.runtime.wire import FastClock
from tests.runtime.world import bot

# Discord's own interval; in short runs a second stands for it, and our clock goes as much faster.
DISCORDS = 41.25
INTERVAL = DISCORDS if book.FULL else 1.0
BOTS = book.times(20, 3)
ROUNDS = book.times(5, 1)


class PacedClock(FastClock):
    """Waits of ours are as much shorter as heartbeats are; the time of day is the real one."""

    def __init__(self) -> None:
        self._real = SystemClock()
        self._factor = DISCORDS / INTERVAL

    def now(self) -> datetime:
        return self._real.now()

    def monotonic(self) -> float:
        return self._real.monotonic() * self._factor

    async def sleep(self, seconds: float) -> None:
        await self._real.sleep(seconds / self._factor)


@contextlib.asynccontextmanager
async def paced(home: Home) -> AsyncIterator[Hurry]:
    """Run every bot in this process, each in a room of its own."""
    home.data.mkdir(exist_ok=True)
    await asyncio.to_thread(migrate, home, SystemClock())
    world = crowd.world()
    world.heartbeat_interval = INTERVAL
    guild = world.add_guild("test guild")
    for name in crowd.names(BOTS):
        world.add_application(hurried.token(name), name)
        world.add_channel(f"room-{name}", guild=guild)
    limits = Limits(max_requests_per_minute=10_000)
    members = tuple(
        bot(name, channels=(f"room-{name}",), limits=limits) for name in crowd.names(BOTS)
    )
    base = Route.BASE
    made = Hurry(home, PacedClock(), world, await start(world), members)
    try:
        await asyncio.gather(*(made.ready(each.name) for each in members))
        yield made
    finally:
        await made.end()
        Route.BASE = base


def count(hurry: Hurry, name: str, what: str) -> int:
    """Count what a bot sent over the gateway so far."""
    sent: dict[str, int] = hurry.world.traffic.shown()["bots"][name]["gateway_sends"]
    return sent.get(what, 0)


async def go_deaf(hurry: Hurry, name: str, number: int, asked: list[Asked]) -> tuple[float, int]:
    """Take a bot's acknowledgements away; return after how long, and how many beats, it resumed."""
    loop = asyncio.get_running_loop()
    beats, began = count(hurry, name, "HEARTBEAT"), loop.time()
    # Every other connection keeps its events back as well.
    hurry.world.faults.add("zombie", bot=name, at="now", silent=number % 2 == 1)
    said = hurry.say(f"room-{name}", "ada", "What is a good life?")
    asked.append(Asked(said.id, said.channel.id, name))
    resumes = math.floor(number / BOTS) + 1
    await until(
        lambda: count(hurry, name, "RESUME") == resumes, f"{name} resumed", 2 * INTERVAL + 30
    )
    return (loop.time() - began) / INTERVAL, count(hurry, name, "HEARTBEAT") - beats


@pytest.mark.slow
@pytest.mark.timeout(book.times(1200, 120))
async def test_a_connection_without_acknowledgements_is_left_and_resumed(home: Home) -> None:
    asked: list[Asked] = []
    results: list[tuple[float, int]] = []
    async with paced(home) as hurry:
        for turn in range(ROUNDS):
            numbered = enumerate(crowd.names(BOTS), start=turn * BOTS)
            results += await asyncio.gather(
                *(go_deaf(hurry, name, number, asked) for number, name in numbered)
            )
        await until(lambda: not witness.unsettled(home, asked), "every message settled")
        verdict = witness.judge(hurry.world, asked, list(hurry.world.received))
        identifies = [count(hurry, name, "IDENTIFY") for name in crowd.names(BOTS)]

    assert max(beats for _, beats in results) <= 2, "heartbeats in vain"
    assert identifies == [1] * BOTS
    assert verdict.duplicates == []
    assert verdict.lost == []
    book.note(
        book.Entry(
            row=21,
            fault="zombie gateway: no heartbeat acknowledged",
            count=len(results),
            unit="connections",
            result="each left after at most 2 heartbeats and resumed, 0 logins;"
            f" {verdict.answered} of {verdict.asked} messages answered once",
            figures={
                "interval s": INTERVAL,
                "slowest resume in intervals": round(max(taken for taken, _ in results), 2),
            },
        )
    )
