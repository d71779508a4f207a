"""One bot's engine over the real store, with a fake Discord and a fake model."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import sqlite_utils

from multibot.config.fleet import Bot, Fleet, Limits, Persona, Storage
from multibot.config.settings import Settings
from multibot.conversation.message import BotName, ChannelId, InboundMessage
from multibot.home import Home
from multibot.runtime.arbiter import Arbiter
from multibot.runtime.attention import Attention
from multibot.runtime.engine import Engine
from multibot.runtime.fellows import Fellows
from multibot.runtime.pulse import Pulse
from multibot.runtime.recovery import Recovery
from multibot.runtime.rounds import Rounds
from multibot.store.migrate import migrate
from multibot.store.stores import BotStore, open_store
from multibot.store.transaction import Durability
from tests.fakes import FakeClock
from tests.runtime.doubles import FakeDelivery, FakeGuilds, FakeResponder

# After so many small steps nothing but a long wait can be what is missing.
PATIENT_ROUNDS = 40
USER_IDS = {"sage": "900", "spark": "901", "logic": "902"}


def bot(name: str, **changes: Any) -> Bot:
    values: dict[str, Any] = {
        "name": BotName(name),
        "persona": Persona(name=name.title()),
        "channels": ("philosophy", "lounge"),
        "system_prompt": f"You are {name}.",
        "limits": Limits(),
        "storage": Storage(),
    }
    return Bot(**{**values, **changes})


class Chance(random.Random):
    """Odds that a test can repeat, and rolls that it can say beforehand."""

    rolls: tuple[float, ...] = ()

    def random(self) -> float:
        if not self.rolls:
            return super().random()
        first, *rest = self.rolls
        self.rolls = tuple(rest)
        return first


@dataclass
class Cast:
    """One bot and its surroundings."""

    bot: Bot
    engine: Engine
    store: BotStore
    delivery: FakeDelivery
    responder: FakeResponder
    pulse: Pulse
    clock: FakeClock
    recovery: Recovery
    rounds: Rounds
    guilds: FakeGuilds
    chance: Chance

    def arrive(self, message: InboundMessage) -> "asyncio.Task[None]":
        """Hand over a message as the client does."""
        ticket = self.engine.enter(message.channel_id, message.author_id)

        async def reading() -> InboundMessage:
            return message

        return asyncio.create_task(self.engine.arrive(reading(), ticket))

    async def hear(self, message: InboundMessage) -> None:
        """Hand over a message and see it through, however long that takes on the clock."""
        await finish(self.clock, self.arrive(message))


async def kill(*tasks: "asyncio.Task[None]") -> None:
    """End what a process was doing as kill -9 would: at once, wherever it is."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def finish(clock: FakeClock, *tasks: "asyncio.Task[None]") -> None:
    """Move the clock until the tasks have ended; the store's writer is a real thread."""
    for number in range(1000):
        if all(task.done() for task in tasks):
            break
        due = clock.next_due() if number > PATIENT_ROUNDS else None
        await clock.advance(max(0.05, (due or 0) - clock.monotonic()))
        await asyncio.wait(tasks, timeout=0.002)
    await asyncio.gather(*tasks)


async def until(clock: FakeClock, condition: Callable[[], object]) -> None:
    """Move the clock in small steps until something has happened."""
    for _ in range(1000):
        if condition():
            return
        await clock.advance(0.05)
        await asyncio.wait({asyncio.get_running_loop().create_future()}, timeout=0.002)
    raise AssertionError("it never happened")


async def finish_some(clock: FakeClock, rounds: int = 40) -> None:
    """Let what can happen, happen: a few rounds of the clock and the writer thread."""
    for _ in range(rounds):
        await clock.advance(0.05)
        await asyncio.wait({asyncio.get_running_loop().create_future()}, timeout=0.005)


@contextlib.asynccontextmanager
async def cast(
    home: Home,
    clock: FakeClock,
    *bots: Bot,
    delivery: FakeDelivery | None = None,
    deliveries: Mapping[str, FakeDelivery] | None = None,
    seed: int = 1,
) -> AsyncIterator[tuple[Cast, ...]]:
    """Open the shared file once for each bot and wire an engine to it.

    Give the delivery of an earlier cast, or one for each bot, to see what a restarted process does.
    """
    home.data.mkdir(exist_ok=True)
    await asyncio.to_thread(migrate, home, clock)
    fleet = Fleet(bots=bots, settings=Settings(), file=Path("multi_bot.yaml"))
    ways = dict(deliveries or {})
    made = [
        await _member(home, clock, each, fleet, ways.get(each.name, delivery), seed)
        for each in bots
    ]
    writers = [partial(each.store.writer.run, _nothing, Durability.SOFT) for each in made]
    clock.waits_for.extend(writers)
    try:
        yield tuple(made)
    finally:
        for each, writer in zip(made, writers, strict=True):
            clock.waits_for.remove(writer)
            await each.store.close()


def _nothing(_: object) -> None:
    """Wait in the writer's queue, and so for everything that was queued before."""


async def _member(
    home: Home,
    clock: FakeClock,
    member: Bot,
    fleet: Fleet,
    delivery: FakeDelivery | None,
    seed: int,
) -> Cast:
    store = open_store(home, member.name, clock)
    pulse = Pulse(bot_name=member.name, names=(member.name,), config_hash="hash", clock=clock)
    pulse.logged_in(USER_IDS[member.name], member.persona.name)
    pulse.ready()
    await pulse.write(store.fleet)
    chance = Chance(seed)
    delivery, responder = delivery or FakeDelivery(clock), FakeResponder(clock=clock)
    arbiter = Arbiter(bot=member, fleet=fleet, store=store, clock=clock, chance=chance)
    await arbiter.publish()
    talk = member.cross_bot.rules
    attention = Attention(store.activity, member.activity.rules(talk.pair_cooldown), clock)
    common: dict[str, Any] = {
        "bot": member,
        "store": store,
        "arbiter": arbiter,
        "pulse": pulse,
        "clock": clock,
        "chance": chance,
    }
    fellows = Fellows(attention=attention, **common)
    engine = Engine(fellows=fellows, responder=responder, delivery=delivery, **common)
    recovery = Recovery(
        engine=engine,
        ledger=store.ledger,
        delivery=delivery,
        clock=clock,
        max_age=member.catchup.max_age,
    )
    guilds = FakeGuilds()
    rounds = Rounds(guilds=guilds, engine=engine, fellows=fellows, attention=attention, **common)
    return Cast(
        member, engine, store, delivery, responder, pulse, clock, recovery, rounds, guilds, chance
    )


_ids = iter(range(1000, 10_000_000))


def message(clock: FakeClock, content: str = "hello", **changes: Any) -> InboundMessage:
    """Make a message as a person would post it in #philosophy now."""
    first = InboundMessage(
        message_id=str(next(_ids)),
        channel_id=ChannelId("10"),
        channel_type="channel",
        channel_name="philosophy",
        guild_id="1",
        author_id="500",
        author_name="Ada",
        content=content,
        created_at=clock.now(),
    )
    return replace(first, **changes)


def direct(clock: FakeClock, content: str = "hello", **changes: Any) -> InboundMessage:
    """Make a private message."""
    private: dict[str, Any] = {
        "channel_id": ChannelId("77"),
        "channel_type": "dm",
        "channel_name": "",
        "guild_id": None,
    }
    return message(clock, content, **{**private, **changes})


def rows(home: Home, sql: str, *arguments: object) -> Sequence[dict[str, Any]]:
    """Ask the shared file as a person with sqlite-utils would."""
    database = sqlite_utils.Database(home.database)
    try:
        return list(database.query(sql, arguments))
    finally:
        database.close()
