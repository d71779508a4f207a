"""A gateway over the real store, with a Discord that says what the test wants."""

import asyncio
import contextlib
import itertools
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from multibot.config.fleet import Bot
from multibot.home import Home
from multibot.runtime.breaker import Breaker
from multibot.runtime.budget import SessionLimit
from multibot.runtime.gateway import Gateway
from multibot.runtime.pulse import Pulse
from multibot.store.migrate import migrate
from multibot.store.stores import BotStore, open_store
from tests.fakes import FakeClock, settle
from tests.runtime.world import bot

DAY_SECONDS = 86_400.0
Life = Callable[[], Awaitable[bool]]


@dataclass
class FakeLine:
    """A Discord that says what the test wants; notes when what was asked."""

    clock: FakeClock
    life: Life
    trouble: list[Exception] = field(default_factory=list)
    remaining: int = 1000
    reset_after: timedelta = timedelta(0)
    logins: list[float] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)
    started: list[float] = field(default_factory=list)
    resumed: list[float] = field(default_factory=list)
    closed: bool = False

    def _stumble(self) -> None:
        if self.trouble:
            raise self.trouble.pop(0)

    async def log_in(self, token: str) -> None:
        self.logins.append(self.clock.monotonic())
        self._stumble()

    async def session_limit(self) -> SessionLimit:
        self.asked.append(self.clock.monotonic())
        self._stumble()
        return SessionLimit(remaining=self.remaining, reset_after=self.reset_after)

    async def start_session(self, count: Callable[[], Awaitable[None]]) -> bool:
        self._stumble()
        await count()
        self.started.append(self.clock.monotonic())
        return await self.life()

    async def resume_session(self) -> bool:
        self.resumed.append(self.clock.monotonic())
        self._stumble()
        return await self.life()

    def is_closed(self) -> bool:
        return self.closed


@dataclass
class Stage:
    """A gateway over the real store; time goes from sleeper to sleeper."""

    home: Home
    clock: FakeClock
    store: BotStore
    pulse: Pulse
    line: FakeLine
    config: Bot

    def gateway(self, seed: int = 1) -> Gateway:
        return Gateway(
            bot=self.config,
            line=self.line,
            ledger=self.store.gateway,
            breaker=Breaker(ledger=self.store.gateway, pulse=self.pulse, clock=self.clock),
            pulse=self.pulse,
            clock=self.clock,
            chance=random.Random(seed),  # noqa: S311 - waits that a test can repeat
        )

    async def pass_time(self, seconds: float, task: "asyncio.Task[Any] | None" = None) -> None:
        """Move the clock, letting the store's thread keep up; stop when the task has ended."""
        end = self.clock.monotonic() + seconds
        while not (task and task.done()):
            await self._rest()
            due = self.clock.next_due()
            if due is None or due > end:
                break
            await self.clock.advance(due - self.clock.monotonic())
        if not (task and task.done()):
            await self.clock.advance(end - self.clock.monotonic())
        await self._rest()

    async def _rest(self) -> None:
        """Let everything that does not wait for the clock run, the writer's thread included."""
        for _ in range(3):
            await self.store.writer.run(lambda _: None)
            await settle()


@contextlib.asynccontextmanager
async def staged(home: Home, clock: FakeClock) -> AsyncIterator[Stage]:
    """Make the shared file and put a gateway on it."""
    home.data.mkdir(exist_ok=True)
    await asyncio.to_thread(migrate, home, clock)
    config = bot("sage", variables=("DISCORD_TOKEN_SAGE",))
    store = open_store(home, config.name, clock)

    async def hold() -> bool:
        await asyncio.get_running_loop().create_future()
        return False

    pulse = Pulse(bot_name=config.name, names=(), config_hash="hash", clock=clock)
    made = Stage(home, clock, store, pulse, FakeLine(clock, hold), config)
    yield made
    await made.store.close()


def gaps(moments: list[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(moments)]


async def end(task: "asyncio.Task[Any]") -> None:
    task.cancel()
    await asyncio.wait({task})
