"""Kills a bot after Discord has done what it asked for, and before the bot hears of it."""

import asyncio
import collections
import random
import signal
from collections.abc import Iterable
from dataclasses import dataclass, field

from multibot.responder.script import Script
from multibot.sandbox.faults import Fault
from multibot.sandbox.world import World
from tests.faults import witness
from tests.faults.by_hand import ByHand
from tests.faults.witness import Asked
from tests.process.fleet import until

FRIEND = "ada"
# Whatever is said, the answer takes three messages of 120 characters.
LINE = " ".join(f"sentence number {number} of the same long answer." for number in range(7))
LONG = {occasion: [LINE] for occasion in Script.occasions()}
PARTS = 3
PART_LENGTH = 120


@dataclass
class Rounds:
    """Every kill of one test, and what was asked before each."""

    fleet: ByHand
    dice: random.Random
    asked: list[Asked] = field(default_factory=list)
    kills: collections.Counter[str] = field(default_factory=collections.Counter)

    async def open_direct_channels(self) -> None:
        """Talk in private once: a bot that is down cannot know of a channel it has never seen."""
        for bot in self.fleet.bots:
            await self._ask(f"@{bot}", bot)
        await until(lambda: not witness.unsettled(self.fleet.home, self.asked), "first answers")

    async def kill(self, times: int) -> None:
        """Kill so often, every bot in turn, all bots side by side."""
        bots = self.fleet.bots
        counts = [len(range(first, times, len(bots))) for first in range(len(bots))]
        await asyncio.gather(*map(self._kill_one, bots, counts))

    async def _kill_one(self, bot: str, times: int) -> None:
        first = self.fleet.bots.index(bot)
        for number in range(first, first + times):
            await self._round(bot, f"#room-{bot}" if number % 2 else f"@{bot}")

    async def _round(self, bot: str, place: str) -> None:
        faults = self.fleet.world.faults
        what, armed = self._choose(bot)
        asked = await self._ask(place, bot)
        await until(lambda: armed[-1].fired, f"{what} of {bot}")
        await until(lambda: self._is_done(asked, what), f"{what} of {bot} done")
        await self.fleet.kill(bot)
        assert self.fleet.processes[bot].returncode == -signal.SIGKILL
        self.kills[what] += 1
        faults.clear(*(each.id for each in armed))
        await self.fleet.start(bot)
        await until(
            lambda: not witness.unsettled(self.fleet.home, [asked]), f"{bot} back after {what}"
        )

    def _choose(self, bot: str) -> tuple[str, list[Fault]]:
        """Let Discord do one request of the next answer without ever saying so."""
        add = self.fleet.world.faults.add
        messages = {"bot": bot, "path": "/channels/*/messages", "method": "POST"}
        streams = self.fleet.bots.index(bot) % 2 == 1
        part = self.dice.randrange(PARTS + 1 if streams else PARTS)
        if part == PARTS:
            path = "/channels/*/messages/*"
            hang = add("hang", bot=bot, path=path, method="PATCH", done=True, times=1)
            return "edit", [hang]
        # The messages before it are let through: the first fault that fits is the one.
        through = [add("slow", **messages, seconds=0, times=part)] if part else []
        return f"part {part}", [*through, add("hang", **messages, done=True, times=1)]

    def _is_done(self, asked: Asked, what: str) -> bool:
        parts = standing(self.fleet.world, asked)
        return bool(parts) if what == "edit" else parts[int(what.split()[1])] > 0

    async def _ask(self, place: str, bot: str) -> Asked:
        posted = await self.fleet.say(place, FRIEND, "What is a good life?")
        asked = Asked(posted["id"], posted["channel_id"], bot)
        self.asked.append(asked)
        return asked


def standing(world: World, asked: Asked) -> collections.Counter[int]:
    """Count how often each part of an answer stands in its channel."""
    names = {witness.nonce(asked.bot, asked.message_id, part): part for part in range(PARTS * 2)}
    messages = world.channels[asked.channel_id].messages.values()
    return collections.Counter(
        names[str(each.nonce)] for each in messages if str(each.nonce) in names
    )


def not_whole(world: World, asked: Iterable[Asked]) -> list[tuple[Asked, dict[int, int]]]:
    """Name the answers that have a part twice, or lack one."""
    counted = [(each, dict(standing(world, each))) for each in asked]
    return [
        (each, parts)
        for each, parts in counted
        if sorted(parts) != list(range(max(PARTS, len(parts)))) or set(parts.values()) != {1}
    ]
