"""Messages that are not for this bot: how many a second go through everything there is."""

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import discord
import orjson

from multibot.config.fleet import Limits
from multibot.sandbox import dispatches, messages
from multibot.sandbox.messages import Draft
from multibot.sandbox.world import Event
from tests.benchmarks.figure import PER_SECOND, Effort, Figure
from tests.benchmarks.loopback import Loopback, bare, bare_client, bot, loopback, whole
from tests.benchmarks.material import scratch_home

# So many are read from the socket before the bot is given time to deal with them.
BURST = 50
# What discord.py calls the tasks it makes for messages.
HEARD = "discord.py: on_message"


BARE_IS = "discord.py with an empty on_message"
TARGET = ">= 20,000 /s"
CPU_TARGET = "<= bare + 100 us"


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
    deaf = asyncio.run(_deaf(count, texts))
    nobody = Limits(allowed_user_ids=frozenset({"1"}))
    return [
        *_figures("event of nobody allowed", asyncio.run(_bot(count, texts, limits=nobody)), deaf),
        *_figures("event of another channel", asyncio.run(_bot(count, texts)), deaf),
    ]


def _figures(what: str, ours: Rate, deaf: Rate) -> list[Figure]:
    return [
        Figure(f"{what}, ignored", ours.per_second, PER_SECOND, deaf.per_second, BARE_IS, TARGET),
        Figure(f"{what}, processor time", ours.cpu, "us", deaf.cpu, BARE_IS, CPU_TARGET),
    ]


async def _deaf(count: int, texts: Sequence[str]) -> Rate:
    async with loopback() as place:
        frames = list(_frames(place, count, texts))
        async with bare(place, bare_client(Deaf)) as connected:
            return await _feed(connected.client, frames)


async def _bot(count: int, texts: Sequence[str], **changes: object) -> Rate:
    with scratch_home() as home:
        async with loopback() as place:
            frames = list(_frames(place, count, texts))
            async with whole(place, home, bot(**changes)) as connected:
                return await _feed(connected.client, frames)


def _frames(place: Loopback, count: int, texts: Sequence[str]) -> Iterator[str]:
    """Write the frames of messages in #random as the gateway would send them."""
    channel = place.elsewhere
    message = messages.post(place.world, channel, place.person, Draft(content="hello"))
    event = Event("MESSAGE_CREATE", channel.guild, channel, message, place.person)
    data = dispatches.payload(place.world, event, place.application, dispatches.ALL_INTENTS)
    for number, text in zip(range(count), itertools.cycle(texts), strict=False):
        data.update(id=place.world.ids.next(), content=text)
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
