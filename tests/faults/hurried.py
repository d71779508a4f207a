"""Whole bots in this process, in a time that goes fifty times as fast: minutes of Discord in seconds."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from discord.http import Route

from multibot.config.fleet import Bot, Fleet
from multibot.config.settings import Settings
from multibot.home import Home
from multibot.runtime.care import LifeLock
from multibot.runtime.process import BotProcess
from multibot.runtime.wiring import Parts
from multibot.sandbox import messages
from multibot.sandbox.app import RunningSandbox, start
from multibot.sandbox.entities import Channel, Message, User
from multibot.sandbox.messages import Draft
from multibot.sandbox.world import World
from multibot.store.migrate import migrate
from multibot.store.status import read_statuses
from multibot.store.stores import BotStore, open_store
from tests.faults.crowd import STARTS_A_DAY
from tests.process.fleet import UNLIMITED
from tests.runtime.wire import FastClock, run_fast, until


@dataclass
class Hurry:
    """A sandbox and the bots on it, all on the clock of a fast loop; nothing runs yet."""

    home: Home
    clock: FastClock
    world: World
    sandbox: RunningSandbox
    bots: tuple[Bot, ...]
    people: dict[str, User] = field(default_factory=dict)
    api: str = ""
    _running: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)
    _stops: dict[str, asyncio.Event] = field(default_factory=dict)
    _stores: list[BotStore] = field(default_factory=list)

    def begin(self, bot: str) -> "asyncio.Task[None]":
        """Start one bot as `multibot run` does, but for the process around it."""
        settings = Settings(discord_api=self.api or self.sandbox.api_url)
        fleet = Fleet(bots=self.bots, settings=settings, file=Path("multi_bot.yaml"))
        config = fleet.bot(bot)
        store = open_store(self.home, config.name, self.clock)
        self._stores.append(store)
        stop = self._stops[bot] = asyncio.Event()
        parts = Parts(bot=config, fleet=fleet, store=store, clock=self.clock)
        lock = LifeLock(self.home.bot_lock(bot))
        work = BotProcess(parts, stop).run(lock, self.home, token(bot))
        task = self._running[bot] = asyncio.create_task(work)
        return task

    async def ready(self, *bots: str) -> None:
        """Start these bots, or all, and wait until their sessions stand."""
        for bot in bots or [each.name for each in self.bots]:
            task = self.begin(bot)
            await until(lambda bot=bot: self.state(bot) == "ready", task)  # type: ignore[misc]

    def state(self, bot: str) -> str:
        """Read what the bot's row says of it."""
        row = read_statuses(self.home.database).get(bot)
        return "" if row is None else row.state

    def say(self, channel: str | Channel, author: str, content: str) -> Message:
        """Post as a person."""
        place = self.world.find_channel(channel) if isinstance(channel, str) else channel
        assert place is not None
        if author not in self.people:
            self.people[author] = self.world.add_user(author)
        return messages.post(self.world, place, self.people[author], Draft(content=content))

    def requests(self, bot: str, after: int = 0) -> list[dict[str, Any]]:
        """Return what this bot asked of Discord."""
        return self.world.traffic.requests(bot=bot, after=after, limit=1_000_000)

    async def end(self) -> None:
        """Stop every bot and the sandbox."""
        for stop in self._stops.values():
            stop.set()
        if self._running:
            await asyncio.wait(self._running.values())
        for store in self._stores:
            await store.close()
        await self.sandbox.close()


def token(bot: str) -> str:
    """Make up a bot's token."""
    return f"sandbox-token-{bot}"


@contextlib.asynccontextmanager
async def hurried(home: Home, *bots: Bot, port: int = 0) -> AsyncIterator[Hurry]:
    """Put these bots on a sandbox; each has the channels it names."""
    home.data.mkdir(exist_ok=True)
    clock = FastClock()
    await asyncio.to_thread(migrate, home, clock)
    world = World(clock, message_limit=UNLIMITED, global_limit=UNLIMITED)
    world.starts_a_day = STARTS_A_DAY
    guild = world.add_guild("test guild")
    for bot in bots:
        world.add_application(token(bot.name), bot.name)
    for name in dict.fromkeys(name for bot in bots for name in bot.channels):
        world.add_channel(name, guild=guild)
    base = Route.BASE
    made = Hurry(home, clock, world, await start(world, port=port), bots)
    try:
        yield made
    finally:
        await made.end()
        Route.BASE = base


def play(home: Home, scene: Callable[[Hurry], Coroutine[Any, Any, None]], *bots: Bot) -> None:
    """Play a scene in the fast loop."""

    async def work() -> None:
        async with hurried(home, *bots) as hurry:
            await scene(hurry)

    run_fast(work())
