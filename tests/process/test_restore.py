"""Copies put back beside a fleet that runs, and looked at from outside: on Discord, and in the file."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from multibot.home import Home
from tests.process.fleet import RunningFleet, until

ROOMS = {"sage": "#philosophy", "spark": "#creative"}


class Conversation:
    """What people ask two bots, and how often each question was answered."""

    def __init__(self, fleet: RunningFleet) -> None:
        self.fleet = fleet
        self.asked: list[str] = []

    async def ask(self, bot: str, *, answered: bool = True) -> None:
        posted = await self.fleet.say(ROOMS[bot], "ada", f"What is a good life, {bot}?")
        self.asked.append(posted["id"])
        if answered:
            await self.fleet.answers_to(posted["id"])
            # Stored a moment after it stands on Discord.
            await until(lambda: self.settled(posted["id"]), "the answer stored")

    def settled(self, message_id: str) -> list[dict[str, Any]]:
        sql = "SELECT 1 FROM inbox WHERE message_id = ? AND state = 'answered'"
        return self.fleet.rows(sql, message_id)

    async def answers(self) -> dict[str, int]:
        received = [row["reply_to"] for row in await self.fleet.received()]
        return {each: received.count(each) for each in self.asked}

    def turns(self, bot: str) -> int:
        sql = "SELECT count(*) AS n FROM conversations WHERE bot_name = ?"
        return int(self.fleet.rows(sql, bot)[0]["n"])


@pytest.fixture
async def talking(home: Home) -> AsyncIterator[Conversation]:
    async with RunningFleet(home) as fleet:
        await fleet.multibot("up")
        yield Conversation(fleet)


async def copied(talking: Conversation) -> Path:
    """Take a backup between two questions to each bot."""
    for bot in ROOMS:
        await talking.ask(bot)
    taken = json.loads(await talking.fleet.multibot("db", "backup", "--json"))
    for bot in ROOMS:
        await talking.ask(bot)
    return Path(taken["backup"])


async def test_one_bot_is_put_back_while_the_others_answer(talking: Conversation) -> None:
    fleet = talking.fleet
    copy = await copied(talking)
    pids = fleet.pids()
    command = ("db", "restore", copy.name, "--bot", "sage", "--yes")
    assert "multibot down sage" in await fleet.multibot(*command, check=False)

    await fleet.multibot("down", "sage")
    await talking.ask("sage", answered=False)
    await asyncio.gather(fleet.multibot(*command), *(talking.ask("spark") for _ in range(3)))

    assert (talking.turns("sage"), talking.turns("spark")) == (2, 10)
    assert {**fleet.pids(), "sage": pids["sage"]} == pids
    await fleet.multibot("up")
    await until(lambda: talking.settled(talking.asked[4]), "what came meanwhile is answered")
    await talking.ask("sage")
    assert talking.turns("sage") == 6
    assert await talking.answers() == dict.fromkeys(talking.asked, 1)


async def test_the_whole_is_put_back_and_nothing_is_answered_twice(talking: Conversation) -> None:
    fleet = talking.fleet
    copy = await copied(talking)
    command = ("db", "restore", copy.name, "--yes")
    assert "multibot down" in await fleet.multibot(*command, check=False)

    await fleet.multibot("down")
    await fleet.multibot(*command)
    await fleet.multibot("up")

    assert (talking.turns("sage"), talking.turns("spark")) == (2, 2)
    for bot in ROOMS:
        await talking.ask(bot)
    assert (talking.turns("sage"), talking.turns("spark")) == (4, 4)
    assert await talking.answers() == dict.fromkeys(talking.asked, 1)
