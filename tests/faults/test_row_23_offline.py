"""Row 23: a bot is away for 1 to 30 minutes while 50 messages come: the young ones it answers once.

A real bot is stopped and started again; only the sandbox's clock makes the absence as long as told.
All messages are recorded, and what is older than 10 minutes is not answered.
"""

import signal
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlite_utils

from multibot.clock import SystemClock
from multibot.home import Home
from multibot.sandbox.world import World
from tests.faults import book, crowd, running, witness
from tests.faults.crowd import Crowd
from tests.faults.running import Started
from tests.faults.witness import Asked
from tests.process.fleet import UNLIMITED, chat_lines, until

CHAT = Path(__file__).parent.parent / "data" / "chat_sample.jsonl"
MINUTES = tuple(range(30, 0, -book.times(1, 30)))
MESSAGES = 50
# What is answered at least and at most: the bot needs a moment to start and to read.
YOUNG = timedelta(minutes=9, seconds=15)
OLD = timedelta(minutes=10)
BOTS = ("bot00", "bot01")
FRIENDS = ("ada", "grace")


class LateClock(SystemClock):
    """The machine's clock, some time ago: ids on Discord only grow, so old ones come first."""

    def __init__(self) -> None:
        self.behind = timedelta()

    def now(self) -> datetime:
        return super().now().astimezone(UTC) - self.behind


@dataclass
class Absence:
    """Two bots, one of which streams, that are away for so long."""

    fleet: Crowd
    clock: LateClock
    length: timedelta
    threads: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    ages: dict[str, timedelta] = field(default_factory=dict)

    def places(self, bot: str) -> list[str]:
        return [f"#room-{bot}", f"@{bot}", self.threads[bot]]

    async def meet(self) -> None:
        """Let the bots see every place once, and go."""
        async with running.by_hand(self.fleet) as started:
            for bot in BOTS:
                thread = await self.fleet.thread(f"#room-{bot}", "on time", "ada")
                self.threads[bot] = thread["id"]
                for place in self.places(bot):
                    for friend in FRIENDS:
                        await self._say(bot, place, friend, "hello")
            await until(lambda: not witness.unsettled(self.fleet.home, self.asked), "greetings")
            for one in started.values():
                await stop(one)

    async def pass_by(self) -> None:
        """Post while nobody listens, evenly over the time; now is the bots' own time again."""
        lines = chat_lines(CHAT, MESSAGES)
        for number, (_, content) in enumerate(lines):
            left = self.length * (1 - number / len(lines))
            self.clock.behind = left
            bot = BOTS[number % 2]
            place = self.places(bot)[number % 3]
            message_id = await self._say(bot, place, FRIENDS[number % 5 // 3], content)
            self.ages[message_id] = left
        self.clock.behind = timedelta()

    async def come_back(self) -> None:
        async with running.by_hand(self.fleet):
            await until(lambda: not witness.unsettled(self.fleet.home, self.asked), "all recorded")
            new = [await self._say(bot, f"#room-{bot}", "ada", "and now?") for bot in BOTS]
            await until(lambda: not witness.unsettled(self.fleet.home, self.asked), f"{new} done")

    async def _say(self, bot: str, place: str, author: str, content: str) -> str:
        posted = await self.fleet.say(place, author, content)
        self.asked.append(Asked(posted["id"], posted["channel_id"], bot))
        return str(posted["id"])


async def stop(one: Started) -> None:
    one.process.send_signal(signal.SIGTERM)
    assert await one.end() == 0


def expired(home: Home) -> set[str]:
    """Name the messages that were recorded as found too late."""
    database = sqlite_utils.Database(home.database)
    try:
        found = database.query("SELECT message_id FROM inbox WHERE reason = 'expired'")
        return {row["message_id"] for row in found}
    finally:
        database.close()


async def play(home: Home, length: timedelta) -> int:
    """See one absence through; return how many messages had become too old."""
    clock = LateClock()
    clock.behind = length
    world = World(clock, message_limit=UNLIMITED, global_limit=UNLIMITED)
    world.starts_a_day = crowd.STARTS_A_DAY
    async with Crowd(home, world=world, count=len(BOTS)) as fleet:
        absence = Absence(fleet, clock, length)
        await absence.meet()
        await absence.pass_by()
        await absence.come_back()
        received = await fleet.received()

    old = expired(home)
    judged = [one for one in absence.asked if one.message_id not in old]
    verdict = witness.judge(world, absence.asked, received)
    assert verdict.duplicates == []
    assert {one.message_id for one in verdict.lost} == old
    assert witness.strangers(world, judged, received) == []
    assert all(age <= OLD for each, age in absence.ages.items() if each not in old)
    assert all(age > YOUNG for each, age in absence.ages.items() if each in old)
    return len(old)


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_young_messages_are_answered_once_and_all_are_recorded(home: Home) -> None:
    old = [
        await play(Home(home.root / f"{minutes}m"), timedelta(minutes=minutes))
        for minutes in MINUTES
    ]

    assert MESSAGES / 2 < old[0] < MESSAGES
    book.note(
        book.Entry(
            row=23,
            fault=f"bots away for {MINUTES[-1]} to {MINUTES[0]} minutes",
            count=len(MINUTES),
            unit=f"absences with {MESSAGES} messages",
            result=f"{len(MINUTES) * MESSAGES - sum(old)} answered once, {sum(old)} recorded as too old",
        )
    )
