"""Many bots as real processes in the same channels: who answers people, and who speaks up."""

import contextlib
from collections import Counter
from collections.abc import Mapping
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import yaml

from multibot.clock import to_text
from multibot.home import Home
from multibot.store import connection
from tests.faults import book, crowd, running
from tests.faults.crowd import Crowd
from tests.faults.gathering import QUICK, Gathering
from tests.process.fleet import chat_lines, pause, until

CHAT = Path(__file__).parent.parent / "data" / "chat_sample.jsonl"
BOTS = book.times(10, 4)
MESSAGES = book.times(1000, 40)
CHANNELS = ("general", "tech", "art", "games", "music")
# So many bots listen in each channel.
EARS = 3
UNDER_WAY = 60


class Shared(Crowd):
    """Bots whose channels overlap, and that may also talk with each other."""

    answers = 1
    delays: Mapping[str, str] = MappingProxyType({})

    def __post_init__(self) -> None:
        super().__post_init__()
        self.channels = CHANNELS

    def write_files(self) -> None:
        super().write_files()
        fleet: dict[str, Any] = yaml.safe_load(self.home.fleet_file.read_text(encoding="utf-8"))
        for number, bot in enumerate(fleet["bots"]):
            heard = [CHANNELS[(number + step) % len(CHANNELS)] for step in range(EARS)]
            bot |= {"channels": heard, "priority": number, "config_file": "whole.yaml"}
            bot["response_behavior"] = {"response_delay": self.delays.get(bot["name"], "0-0")}
        fleet["global_settings"] = {"answers_per_message": self.answers}
        fleet["cross_bot"] = QUICK
        self.home.fleet_file.write_text(yaml.safe_dump(fleet, sort_keys=False), encoding="utf-8")

    async def talk(self, count: int) -> list[str]:
        """Post real chat all over the place; return the ids of what was posted."""
        asked = []
        lines = islice(cycle(chat_lines(CHAT, 1100)), count)
        for (author, content), channel in zip(lines, cycle(CHANNELS), strict=False):
            asked.append((await self.say(f"#{channel}", author, f"I say: {content}"))["id"])
            while len(asked) * self.answers - self.world.received_count > UNDER_WAY:
                await pause()
        return asked

    def holds(self, message_id: str) -> list[tuple[str, int]]:
        """Say who has a message, and how often it has changed hands."""
        rows = self.rows("select * from message_claims where message_id = ?", message_id)
        return [(row["bot_name"], row["fence"]) for row in rows]

    def lapse(self, message_id: str) -> None:
        """Let the lease of a message end now, and not in a minute."""
        now = to_text(self.world.clock.now())
        with contextlib.closing(connection.open_writer(self.home.database)) as writing:
            writing.execute(
                "UPDATE message_claims SET expires_at = ? WHERE message_id = ?", (now, message_id)
            )

    def has_decided(self, bot: str, message_id: str, decision: str) -> bool:
        """Say whether a bot has made this of a message."""
        sql = "select state, reason from inbox where bot_name = ? and message_id = ?"
        rows = self.rows(sql, bot, message_id)
        return [f"{row['state']} {row['reason']}" for row in rows] == [decision]

    async def answers_by_message(self) -> Counter[str]:
        """Count what the sandbox was given, by what it replies to."""
        return Counter(row["reply_to"] for row in await self.received() if row["reply_to"])


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("answers", [1, 2])
async def test_each_message_gets_exactly_as_many_answers_as_are_wanted(
    home: Home, answers: int
) -> None:
    Shared.answers = answers
    async with Shared(home, world=crowd.world(), count=BOTS) as fleet, running.by_hand(fleet):
        asked = await fleet.talk(MESSAGES)
        seconds = book.times(600, 120)
        await until(lambda: fleet.world.received_count >= len(asked) * answers, "answers", seconds)
        # Whoever would answer too late is given the time to do so.
        await pause(1.0)
        counted = await fleet.answers_by_message()

    assert {message: counted[message] for message in asked} == dict.fromkeys(asked, answers)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_when_the_favourite_is_killed_the_next_one_answers(home: Home) -> None:
    Shared.answers = 1
    async with (
        Shared(home, world=crowd.world(), count=3) as fleet,
        running.by_hand(fleet) as started,
    ):
        said = await fleet.say("#art", "ada", "who is there?")
        (first,) = await fleet.answers_to(said["id"])
        favourite = first["bot"]
        started[favourite].process.kill()
        await started[favourite].end()
        said = await fleet.say("#art", "ada", "and now?")
        (second,) = await fleet.answers_to(said["id"])

    assert favourite == "bot02"
    assert second["bot"] == "bot01"


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_when_the_favourite_dies_with_a_message_another_answers_and_it_does_not(
    home: Home,
) -> None:
    """Killed between its claim and its answer; the lease ends, and then it comes back."""
    Shared.answers = 1
    waits = "declined claimed_by"
    async with Shared(home, world=crowd.world(), count=2) as fleet:
        fleet.delays = {"bot01": "100-100"}
        fleet.write_files()
        async with running.by_hand(fleet) as started:
            said = await fleet.say("#art", "ada", "who is there?")
            await until(partial(fleet.has_decided, "bot00", said["id"], waits), "the next in line")
            assert fleet.holds(said["id"]) == [("bot01", 1)]
            started["bot01"].process.kill()
            await started["bot01"].end()
            fleet.lapse(said["id"])
            (answer,) = await fleet.answers_to(said["id"])
            fleet.delays = {}
            fleet.write_files()
            async with running.by_hand(fleet, ["bot01"]):
                await until(partial(fleet.has_decided, "bot01", said["id"], waits), "who is back")
                # What it says to the same person comes in order: nothing before this.
                again = await fleet.say("#art", "ada", "bot01, are you back?")
                (later,) = await fleet.answers_to(again["id"])
        counted = await fleet.answers_by_message()

    assert (answer["bot"], later["bot"], counted[said["id"]]) == ("bot00", "bot01", 1)
    assert fleet.holds(said["id"]) == [("bot00", 2)]


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_guild_that_is_quiet_wakes_up(home: Home) -> None:
    """Short rounds; killed after their conversation, both hold to its cooldowns."""
    odds = {"conversation_chance": 1, "post_chance": 0}
    pace = {"interval": 10, "jitter": 0, "first_check": 1, "observation": 1}
    activity = {"activity": {"enabled": True, **pace, **odds}}
    talk = {"max_chain": 3, "pair_cooldown": 3600}
    async with Gathering(
        home, world=crowd.world(), count=2, settings=activity, talk=talk, places=("general",)
    ) as fleet:
        async with running.by_hand(fleet):
            await until(lambda: len(fleet.said_in("general")) >= 3, "a conversation", 90)
            await until(fleet.is_talked_out, "the end of it", 60)
        opener, *others = fleet.said_in("general")
        if book.FULL:
            async with running.by_hand(fleet):
                await until(lambda: len(outcomes(fleet)) >= 2, "another round", 60)
        said, told = fleet.said_in("general"), outcomes(fleet)

    other = {"bot00": "bot01", "bot01": "bot00"}[opener.author.name]
    assert [user.name for user in opener.mentions] == [other]
    assert [each.author.name for each in others] == [other, opener.author.name]
    assert len(said) == 3
    assert told[0].startswith(f"conversation in #general (system channel) with {other}")
    assert told[0].endswith(f"said as {opener.id}")
    assert set(told[1:]) <= {"not done: every pair has had its conversation lately"}


def outcomes(fleet: Crowd) -> list[str]:
    found = fleet.rows("select outcome from activity_rounds where outcome <> '' order by round")
    return [row["outcome"] for row in found]
