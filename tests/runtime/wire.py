"""One bot's way into Discord, whole: unmodified discord.py against the sandbox, over real sockets."""

import asyncio
import contextlib
import random
import selectors
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from discord.http import Route

from multibot.clock import Clock
from multibot.config.fleet import Bot
from multibot.home import Home
from multibot.runtime.breaker import Breaker
from multibot.runtime.client import BotClient
from multibot.runtime.duties import Duties
from multibot.runtime.gateway import Gateway
from multibot.runtime.pulse import Pulse
from multibot.sandbox.app import RunningSandbox, start
from multibot.sandbox.world import World
from multibot.store.migrate import migrate
from multibot.store.stores import BotStore, open_store
from tests.runtime.world import bot

TOKEN = "sandbox-token-one"
PATIENCE_SECONDS = 20.0
UNLIMITED = (1_000_000, 1.0)
# How much faster than the world's the time of a FastLoop goes.
FACTOR = 50


class _FastSelector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> list[Any]:
        return super().select(None if timeout is None else timeout / FACTOR)


class FastLoop(asyncio.SelectorEventLoop):
    """Everything that sleeps in it, discord.py too, sleeps a fiftieth of the time."""

    def __init__(self) -> None:
        super().__init__(_FastSelector())

    def time(self) -> float:
        return super().time() * FACTOR


def run_fast(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=FastLoop) as runner:
        runner.run(work)


class FastClock:
    """The time of a FastLoop, to be read in any thread."""

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return time.monotonic() * FACTOR

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass
class Wire:
    """What the bot is made of, and the Discord it talks to."""

    world: World
    sandbox: RunningSandbox
    config: Bot
    store: BotStore
    pulse: Pulse
    breaker: Breaker
    client: BotClient
    gateway: Gateway
    duties: Duties = field(default_factory=Duties)
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    @property
    def count(self) -> dict[str, Any]:
        """What the sandbox saw of this bot."""
        shown: dict[str, Any] = self.world.traffic.shown()["bots"].get(self.config.name, {})
        return {"identifies": 0, "resumes": 0, "requests": 0, "statuses": {}, **shown}

    @property
    def task(self) -> "asyncio.Task[None]":
        """The bot at work, from now on if it is not yet."""
        return self.tasks[-1] if self.tasks else self.serve()

    def serve(self, token: str = TOKEN) -> "asyncio.Task[None]":
        """Log in and stay, as the process does."""

        async def work() -> None:
            await self.gateway.log_in(token)
            await self.gateway.stay_connected()

        task = asyncio.create_task(work())
        self.tasks.append(task)
        return task

    async def ready(self) -> None:
        """Wait until the session stands."""
        await until(lambda: self.pulse.status.gateway_state == "ready", self.task)

    async def post(self, content: str = "hello") -> None:
        """Send something to #general, as an answer is sent."""
        channel = self.world.find_channel("general")
        assert channel is not None
        await self.client.get_partial_messageable(int(channel.id)).send(content)

    async def end_client(self) -> None:
        """Stop serving and close the connection, as a process does that ends."""
        for task in self.tasks:
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks)
        await self.client.close()

    async def end(self) -> None:
        await self.end_client()
        await self.duties.end()
        self.duties.check()
        await self.store.close()
        await self.sandbox.close()


async def until(condition: Callable[[], bool], task: "asyncio.Task[Any] | None" = None) -> None:
    """Poll; an error that ends the task is raised at once."""
    async with asyncio.timeout(PATIENCE_SECONDS * FACTOR):
        while not condition():
            if task is not None and task.done():
                task.result()
                raise AssertionError("it ended too early")
            await asyncio.wait({asyncio.get_running_loop().create_future()}, timeout=0.02)


Scene = Callable[[Wire], Coroutine[Any, Any, None]]
Play = Callable[[Scene], None]


@contextlib.asynccontextmanager
async def wired(home: Home, clock: Clock, name: str = "sage", port: int = 0) -> AsyncIterator[Wire]:
    """Put one bot on a sandbox of its own; nothing is connected yet."""
    home.data.mkdir(exist_ok=True)
    await asyncio.to_thread(migrate, home, clock)
    world = World(clock, message_limit=UNLIMITED, global_limit=UNLIMITED)
    world.add_guild("multibot")
    world.add_channel("general")
    world.add_application(TOKEN, name)
    sandbox = await start(world, port=port)
    config = bot(name, variables=("DISCORD_TOKEN_SAGE",))
    store = open_store(home, config.name, clock)
    pulse = Pulse(bot_name=config.name, names=(), config_hash="hash", clock=clock)
    breaker = Breaker(ledger=store.gateway, pulse=pulse, clock=clock)
    base = Route.BASE
    client = BotClient(api=sandbox.api_url, pulse=pulse, trace=breaker.trace())
    gateway = Gateway(
        bot=config,
        line=client,
        ledger=store.gateway,
        breaker=breaker,
        pulse=pulse,
        clock=clock,
        chance=random.Random(1),  # noqa: S311 - waits that a test can repeat
    )
    made = Wire(world, sandbox, config, store, pulse, breaker, client, gateway)
    _ = made.duties.begin("watch over the refusals", gateway.watch_refusals())
    _ = made.duties.begin("count of the logins", gateway.keep_count())
    try:
        yield made
    finally:
        await made.end()
        Route.BASE = base
