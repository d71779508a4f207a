"""Messages that are not for this bot: how many a second go through everything there is."""

import asyncio
import contextlib
import gc
import itertools
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

import discord
import orjson

from multibot.clock import SystemClock, to_text
from multibot.config.fleet import Activity, CrossBot, Limits
from multibot.conversation.message import BotName
from multibot.home import Home
from multibot.sandbox import dispatches, messages
from multibot.sandbox.entities import User
from multibot.sandbox.messages import Draft
from multibot.sandbox.world import Event
from multibot.store.status import BotStatus
from multibot.store.stores import open_store
from tests.benchmarks.figure import PER_SECOND, Effort, Figure
from tests.benchmarks.loopback import Loopback, bare, bare_client, bot, loopback, whole
from tests.benchmarks.material import scratch_home

SPARK = BotName("spark")
# So many are read from the socket before the bot is given time to deal with them.
BURST = 50
# What discord.py calls the tasks it makes for messages.
HEARD = "discord.py: on_message"


BARE_IS = "discord.py with an empty on_message"
TARGET = ">= 20,000 /s"
CPU_TARGET = "<= bare + 100 us"
ROW_IS = "a decision row, bots do not talk"
CPU_ABOVE_ROW = "<= row + 100 us"
# Says to whom a message speaks, once the id is known.
AT_US = "{us} "
MOST_BEHIND = 1900


class Rate(NamedTuple):
    """Events a second, and microseconds of processor time for each."""

    per_second: float
    cpu: float


class Deaf(discord.Client):
    """Hears every message and does nothing with it."""

    async def on_message(self, message: discord.Message) -> None:
        del message


def measure(effort: Effort) -> list[Figure]:
    """Measure from the text of the gateway's frame on; sockets are not in it."""
    count, texts = effort.count(20_000), effort.texts()
    # As `multibot run` does.
    gc.freeze()
    deaf = asyncio.run(_deaf(count, texts))
    nobody = Limits(allowed_user_ids=frozenset({"1"}))
    plain = asyncio.run(_bot(count, texts))
    return [
        *_figures("event of nobody allowed", asyncio.run(_bot(count, texts, limits=nobody)), deaf),
        *_figures("event of another channel", plain, deaf),
        *_among_bots(count, texts, plain),
    ]


def _among_bots(count: int, texts: Sequence[str], plain: Rate) -> Iterator[Figure]:
    """Measure the same with bots that talk with each other: what a person, or a bot, says."""
    lively = {"cross_bot": CrossBot(enabled=True), "activity": Activity(enabled=True)}
    for what, author in (("a person", ""), ("a bot to nobody", ""), ("a bot to us", AT_US)):
        said = [author + each[:MOST_BEHIND] for each in texts]
        ours = asyncio.run(_bot(count, said, by_bot=what != "a person", **lively))
        figure = f"bots talk: event of {what}, processor time"
        yield Figure(figure, ours.cpu, "us", plain.cpu, ROW_IS, CPU_ABOVE_ROW)


def _figures(what: str, ours: Rate, deaf: Rate) -> list[Figure]:
    return [
        Figure(f"{what}, ignored", ours.per_second, PER_SECOND, deaf.per_second, BARE_IS, TARGET),
        Figure(f"{what}, processor time", ours.cpu, "us", deaf.cpu, BARE_IS, CPU_TARGET),
    ]


async def _deaf(count: int, texts: Sequence[str]) -> Rate:
    async with loopback() as place:
        frames = list(_frames(place, count, texts, place.person))
        async with bare(place, bare_client(Deaf)) as connected:
            return await _feed(connected.client, frames)


async def _bot(
    count: int, texts: Sequence[str], *, by_bot: bool = False, **changes: object
) -> Rate:
    with scratch_home() as home:
        async with loopback() as place:
            author = place.world.add_application("sandbox-token-two", SPARK).user
            frames = list(_frames(place, count, texts, author if by_bot else place.person))
            async with (
                whole(place, home, bot(**changes)) as connected,
                _fellow(home, place, author.id),
            ):
                return await _feed(connected.client, frames)


@contextlib.asynccontextmanager
async def _fellow(home: Home, place: Loopback, user_id: str) -> AsyncIterator[None]:
    """Have another bot of the fleet live, and the channel cool down from what bots said."""
    clock = SystemClock()
    store = open_store(home, SPARK, clock)
    now = clock.now()
    status = BotStatus(
        bot_name=SPARK,
        pid=1,
        boot_id="",
        started_at=now,
        state="ready",
        gateway_state="ready",
        config_hash="",
        version="",
        user_id=user_id,
        # As long ahead as one that lives may be: nobody beats for it here.
        heartbeat_at=now + timedelta(seconds=50),
    )
    await store.fleet.report(status)
    ends = [to_text(now), to_text(now + timedelta(minutes=9))]
    cooling = [place.elsewhere.id, *ends]
    await store.writer.run(
        lambda writing: writing.execute(
            "INSERT INTO channel_cooldowns (channel_id, started_at, expires_at, cause)"
            " VALUES (?, ?, ?, 'limit')",
            cooling,
        )
    )
    try:
        yield
    finally:
        await store.close()


def _frames(place: Loopback, count: int, texts: Sequence[str], author: User) -> Iterator[str]:
    """Write the frames of messages in #random as the gateway would send them."""
    channel, us = place.elsewhere, f"<@{place.application.id}>"
    message = messages.post(place.world, channel, author, Draft(content="hello"))
    event = Event("MESSAGE_CREATE", channel.guild, channel, message, author)
    data = dispatches.payload(place.world, event, place.application, dispatches.ALL_INTENTS)
    for number, text in zip(range(count), itertools.cycle(texts), strict=False):
        data.update(id=place.world.ids.next(), content=text.replace("{us}", us, 1))
        frame = {"op": 0, "t": "MESSAGE_CREATE", "s": 1000 + number, "d": data}
        yield orjson.dumps(frame).decode()


async def _feed(client: discord.Client, frames: Sequence[str]) -> Rate:
    started, cpu = time.perf_counter(), time.process_time()
    for at in range(0, len(frames), BURST):
        for frame in frames[at : at + BURST]:
            await client.ws.received_message(frame)
        heard = {task for task in asyncio.all_tasks() if task.get_name() == HEARD}
        await asyncio.wait(heard)
    taken, cpu = time.perf_counter() - started, time.process_time() - cpu
    return Rate(len(frames) / taken, cpu / len(frames) * 1_000_000)
