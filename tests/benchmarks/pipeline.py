"""From a message in to the reply out, over real sockets: a whole bot against a bare echo."""

import asyncio
import itertools
import time
from collections.abc import Mapping, Sequence
from typing import Any

import discord

from multibot.responder.protocol import Responder
from multibot.sandbox.world import Event
from tests.benchmarks.figure import Effort, Figure, spread
from tests.benchmarks.loopback import (
    Connected,
    Loopback,
    Parrot,
    bare,
    bare_client,
    bot,
    loopback,
    whole,
)
from tests.benchmarks.material import scratch_home
from tests.process.fleet import pause

PATIENCE_SECONDS = 10.0
WARM_UP = 20


class Echo(discord.Client):
    """The least a bot can do."""

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            await message.channel.send(message.content)


def measure(effort: Effort) -> list[Figure]:
    """Measure both in the same run; the sandbox shares the processor with either."""
    count, texts = effort.count(300), effort.texts()
    echo = asyncio.run(_echo(count, texts))
    silent = {"typing_indicator": False}
    parrot = asyncio.run(_bot(count, texts, Parrot(), silent))
    typing = asyncio.run(_bot(count, texts, Parrot(), {}))
    scripted = asyncio.run(_bot(count, texts, None, {}))
    bare_is = "echo bot, discord.py only"
    what = "message in to reply out"
    targets = ("<= bare + 1 ms", "<= bare + 3 ms")
    return [
        *spread(f"{what}, no model", parrot, echo, unit="ms", bare_is=bare_is, targets=targets),
        *spread(f"{what}, typing shown", typing, echo, unit="ms", bare_is=bare_is),
        *spread(f"{what}, scripted model", scripted, echo, unit="ms", bare_is=bare_is),
    ]


async def _echo(count: int, texts: Sequence[str]) -> list[float]:
    async with loopback() as place, bare(place, bare_client(Echo)) as echo:
        return await _converse(place, echo, count, texts)


async def _bot(
    count: int, texts: Sequence[str], responder: Responder | None, changes: Mapping[str, Any]
) -> list[float]:
    with scratch_home() as home:
        async with loopback() as place, whole(place, home, bot(**changes), responder) as member:
            return await _converse(place, member, count, texts)


async def _converse(
    place: Loopback, connected: Connected, count: int, texts: Sequence[str]
) -> list[float]:
    """Say one thing after the other and note when the sandbox had each answer, in ms."""
    answered = asyncio.Event()
    at = 0.0

    def listen(event: Event) -> None:
        nonlocal at
        if event.name == "MESSAGE_CREATE" and event.user is place.application.user:
            at = time.perf_counter()
            answered.set()

    place.world.subscribe(listen)
    taken = []
    name = f"<@{place.application.id}>"
    for text in itertools.islice(itertools.cycle(texts), WARM_UP + count):
        answered.clear()
        started = time.perf_counter()
        place.say(f"{name} {text}"[:2000])
        await asyncio.wait_for(answered.wait(), PATIENCE_SECONDS)
        taken.append((at - started) * 1000)
        while connected.busy():
            await pause(0.001)
    return taken[WARM_UP:]
