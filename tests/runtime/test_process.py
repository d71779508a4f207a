"""How one bot's process ends: in time, with nothing lost, and never only half."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from discord.http import Route

from multibot.config.fleet import Fleet, Gateway
from multibot.config.settings import Settings
from multibot.conversation.prompt import Prompt
from multibot.home import Home
from multibot.runtime.care import LifeLock
from multibot.runtime.duties import DutyError
from multibot.runtime.process import CLOSING_SECONDS, BotProcess
from multibot.runtime.wiring import Parts
from multibot.sandbox import app, messages
from multibot.sandbox.messages import Draft
from multibot.sandbox.world import World
from multibot.store.archive import upkeep
from multibot.store.migrate import migrate
from multibot.store.stores import open_store
from multibot.supervise.programs import stop_wait
from tests.runtime.wire import TOKEN, UNLIMITED, FastClock, run_fast, until
from tests.runtime.world import bot, rows

DRAIN = timedelta(seconds=5)
SAGE = bot("sage", drain_timeout=DRAIN, gateway=Gateway(jitter=timedelta(0)))


class Endless:
    """A model that comes to no end unless it is let go, not even of its connection."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        del prompt
        self.asked += 1
        await self.may_answer.wait()
        yield "at last"

    async def close(self) -> None:
        await asyncio.get_running_loop().create_future()


@dataclass
class Stand:
    """One whole bot on a sandbox of its own, but for the operating system's process."""

    home: Home
    world: World
    parts: Parts
    model: Endless
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self) -> "asyncio.Task[None]":
        lock = LifeLock(self.home.bot_lock("sage")).take()
        return asyncio.create_task(BotProcess(self.parts, self.stop).run(lock, self.home, TOKEN))

    async def ready(self, task: "asyncio.Task[None]") -> None:
        await until(lambda: self.parts.pulse.status.gateway_state == "ready", task)
        channel = self.world.find_channel("philosophy")
        assert channel is not None
        # The guild comes after READY.
        await until(lambda: self.parts.client.get_channel(int(channel.id)) is not None, task)

    def say(self, author: str, content: str) -> None:
        channel = self.world.find_channel("philosophy")
        assert channel is not None
        person = next((each for each in self.world.users.values() if each.name == author), None)
        person = person or self.world.add_user(author)
        messages.post(self.world, channel, person, Draft(content=content))

    def state(self) -> str:
        (row,) = rows(self.home, "SELECT state FROM bot_status")
        return str(row["state"])


def play(home: Home, scene: Callable[[Stand], Coroutine[Any, Any, None]]) -> None:
    async def work() -> None:
        clock = FastClock()
        home.data.mkdir(exist_ok=True)
        home.run.mkdir(exist_ok=True)
        await asyncio.to_thread(migrate, home, clock)
        world = World(clock, message_limit=UNLIMITED, global_limit=UNLIMITED)
        world.add_guild("multibot")
        world.add_channel("philosophy")
        world.add_application(TOKEN, "sage")
        base, sandbox = Route.BASE, await app.start(world)
        fleet = Fleet(
            bots=(SAGE,), settings=Settings(discord_api=sandbox.api_url), file=Path("x.yaml")
        )
        store, model = open_store(home, SAGE.name, clock), Endless()
        parts = Parts(bot=SAGE, fleet=fleet, store=store, clock=clock, responder=model)
        try:
            await scene(Stand(home, world, parts, model))
        finally:
            await sandbox.close()
            Route.BASE = base

    run_fast(work())


def test_everything_is_closed_before_supervisord_loses_patience(home: Home) -> None:
    """A model that hangs takes its time and no other's; its turn is left to the next process."""

    async def scene(stand: Stand) -> None:
        running = stand.begin()
        await stand.ready(running)
        for content in ("one", "two"):
            stand.say("ada", content)
        await until(lambda: stand.model.asked == 1, running)
        began = asyncio.get_running_loop().time()
        stand.stop.set()
        await running
        taken = asyncio.get_running_loop().time() - began

        # Fifty times as fast as the machine: a second that it loses counts as many.
        assert DRAIN.total_seconds() <= taken < DRAIN.total_seconds() + CLOSING_SECONDS + 60
        assert stand.model.asked == 1
        assert stand.state() == "stopped"
        states = {row["state"] for row in rows(home, "SELECT state FROM inbox")}
        assert "generating" in states
        assert states <= {"generating", "claimed", "received"}

    play(home, scene)


def test_what_runs_may_end_and_what_waits_is_not_begun(home: Home) -> None:
    async def scene(stand: Stand) -> None:
        running = stand.begin()
        await stand.ready(running)
        for content in ("one", "two"):
            stand.say("ada", content)
        await until(lambda: stand.model.asked == 1 and stand.parts.engine.busy == 1, running)
        stand.stop.set()
        await until(lambda: stand.parts.pulse.status.state == "draining", running)
        stand.model.may_answer.set()
        await running

        assert stand.model.asked == 1
        assert [each["content"] for each in stand.world.received] == ["at last"]

    play(home, scene)


def test_a_bot_looks_after_the_file_for_as_long_as_it_runs(home: Home) -> None:
    """Turns can be found soon after they were said; once it stops, the next bot may take over."""

    async def scene(stand: Stand) -> None:
        running, clock = stand.begin(), stand.parts.clock
        await stand.ready(running)
        stand.model.may_answer.set()
        stand.say("ada", "mushrooms")
        found = "SELECT 1 AS n FROM conversations_fts WHERE conversations_fts MATCH 'mushrooms'"
        await until(lambda: bool(rows(home, found)), running)
        assert upkeep.read(home.database, clock.now()).holder == "sage"
        stand.stop.set()
        await running

        assert upkeep.read(home.database, clock.now()).holder is None

    play(home, scene)


@pytest.mark.parametrize("seconds", [0, 2.5, 15, 15.5, 60, 300])
def test_supervisord_waits_longer_than_a_bot_takes(seconds: float) -> None:
    assert seconds + CLOSING_SECONDS < stop_wait(timedelta(seconds=seconds))


def test_a_duty_that_fails_ends_the_process_as_crashed(home: Home) -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    async def scene(stand: Stand) -> None:
        running = stand.begin()
        await stand.ready(running)
        names = {task.get_name() for task in asyncio.all_tasks()}
        assert names >= {
            "heartbeat",
            "recovery",
            "catch-up",
            "watch over the connection",
            "watch over the refusals",
            "count of the logins",
            "housekeeping",
        }

        await asyncio.wait({stand.parts.duties.begin("sweep", fail())})
        with pytest.raises(DutyError, match="The sweep has failed"):
            await running
        assert stand.state() == "crashed"
        assert stand.parts.client.is_closed()

    play(home, scene)
