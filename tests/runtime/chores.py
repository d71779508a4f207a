"""A housekeeper on the real store, in a time that moves when it waits or when the test says so."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from multibot.config.fleet import Fleet
from multibot.config.load import load
from multibot.conversation.message import BotName
from multibot.home import Home
from multibot.runtime.arbiter import profile
from multibot.runtime.chores import Chores
from multibot.runtime.hand import Hand
from multibot.runtime.housekeeper import Housekeeper, Report, Task
from multibot.store.archive import upkeep
from multibot.store.archive.upkeep import Upkeep
from multibot.store.stores import BotStore, open_store
from tests.fakes import FakeClock
from tests.unit.config import samples

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Leaping(FakeClock):
    """A clock on which nobody waits: a sleep moves it."""

    async def sleep(self, seconds: float) -> None:
        self.tick(seconds)
        await asyncio.sleep(0)


@dataclass
class Chore:
    """A task that notes when it ran, and does as it is told."""

    name: str
    clock: FakeClock
    report: Report = field(default_factory=Report)
    error: Exception | None = None
    gate: asyncio.Event | None = None
    ran: list[str] = field(default_factory=list)

    async def work(self, hand: Hand) -> Report:
        self.ran.append(f"{self.clock.now():%d %H:%M}")
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        await hand.write(lambda writing: writing.execute("SELECT 1").fetchall())
        return self.report

    def every(self, period: timedelta, *, deletes: bool = False) -> Task:
        return Task(name=self.name, period=period, work=self.work, deletes=deletes)


@dataclass
class Household:
    """Bots of one home that are ready to look after its file."""

    home: Home
    clock: FakeClock
    is_discord_known: bool = True
    _stores: list[BotStore] = field(default_factory=list)

    def bot(self, name: str, tasks: Sequence[Task] = ()) -> Housekeeper:
        store = open_store(self.home, BotName(name), self.clock)
        self._stores.append(store)
        return Housekeeper(store=store, clock=self.clock, tasks=tasks, holder=name)

    async def keeper(self, fleet: Fleet, name: str, *, only: str = "") -> Housekeeper:
        """Make a bot of this fleet ready to do all that there is to do, or one task."""
        store, bot = self.store(name), fleet.bot(name)
        await store.fleet.publish(profile(bot))
        chores = Chores(
            bot=bot, fleet=fleet, store=store, clock=self.clock, discord_time=self.discord_time
        )
        tasks = [each for each in chores.tasks() if only in ("", each.name)]
        return Housekeeper(store=store, clock=self.clock, tasks=tasks, holder=name)

    def discord_time(self) -> datetime | None:
        """Say what Discord would."""
        return self.clock.now() if self.is_discord_known else None

    def store(self, name: str) -> BotStore:
        store = open_store(self.home, BotName(name), self.clock)
        self._stores.append(store)
        return store

    @property
    def upkeep(self) -> Upkeep:
        return upkeep.read(self.home.database, self.clock.now())

    async def close(self) -> None:
        for store in self._stores:
            await store.close()


@contextlib.asynccontextmanager
async def household(home: Home, clock: FakeClock) -> AsyncIterator[Household]:
    made = Household(home, clock)
    try:
        yield made
    finally:
        await made.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that needs the store's own thread."""
    never = asyncio.get_running_loop().create_future()
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.wait({never}, timeout=0.002)


async def work(housekeeper: Housekeeper) -> None:
    """Let it do what is due, to the end."""
    await housekeeper.step()
    await housekeeper.finished()


def configured(
    home: Home, *changes: samples.Change, sage: dict[str, object] | None = None
) -> Fleet:
    """Write the files of sage and spark with these changes, and load them."""
    samples.write(
        home,
        samples.changed(samples.FLEET, *changes),
        sage=samples.changed(samples.SAGE) | (sage or {}),
    )
    return load(home, samples.TOKENS)
