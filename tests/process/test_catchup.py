"""Real bots that were away: unmodified discord.py reads back what the sandbox kept."""

import collections
import functools
import os
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlite_utils

from multibot.clock import SystemClock
from multibot.home import Home
from multibot.sandbox.gateway_session import GatewaySession
from multibot.sandbox.world import World
from tests.process.fleet import UNLIMITED, RunningFleet, pause, until

HALF_AN_HOUR = timedelta(minutes=30)
OPEN = frozenset({"received", "claimed", "generating", "sending", "unknown"})


class LateClock(SystemClock):
    """The machine's clock, some time ago."""

    # The world's ids only grow: what is old has to be posted first.
    behind = HALF_AN_HOUR

    def now(self) -> datetime:
        return super().now().astimezone(UTC) - self.behind


@pytest.fixture
def clock() -> LateClock:
    return LateClock()


@pytest.fixture
async def fleet(home: Home) -> AsyncIterator[RunningFleet]:
    async with RunningFleet(home) as running:
        yield running


@pytest.fixture
async def late_fleet(home: Home, clock: LateClock) -> AsyncIterator[RunningFleet]:
    world = World(clock, message_limit=UNLIMITED, global_limit=UNLIMITED)
    async with RunningFleet(home, world=world) as running:
        yield running


def session_of(fleet: RunningFleet, bot: str) -> GatewaySession:
    """Return the bot's session at the sandbox's gateway."""
    [found] = [
        session
        for session in fleet.hub.sessions.values()
        if session.application.user.name == bot and session.connection is not None
    ]
    return found


def read_to(fleet: RunningFleet, channel_id: str) -> int:
    """Say how far sage has read a channel, as its row tells."""
    database = sqlite_utils.Database(fleet.home.database)
    try:
        rows = database.query(
            "SELECT last_seen FROM channel_cursors WHERE bot_name = 'sage' AND channel_id = ?",
            (channel_id,),
        )
        return max((int(row["last_seen"]) for row in rows), default=0)
    finally:
        database.close()


def outcomes(fleet: RunningFleet, posted: list[dict[str, Any]]) -> "collections.Counter[str]":
    """Count how sage's inbox says these messages ended."""
    database = sqlite_utils.Database(fleet.home.database)
    try:
        found = {
            row["message_id"]: f"{row['state']} {row['reason']}"
            for row in database.query("SELECT * FROM inbox WHERE bot_name = 'sage'")
        }
    finally:
        database.close()
    return collections.Counter(found.get(each["id"], "unknown") for each in posted)


async def settle(fleet: RunningFleet, posted: list[dict[str, Any]]) -> "collections.Counter[str]":
    """Wait until the bot is done with all of them, then say how they ended."""
    for _ in range(600):
        found = outcomes(fleet, posted)
        if not any(each.split()[0] in OPEN for each in found):
            return found
        await pause()
    raise AssertionError(f"{outcomes(fleet, posted)}: {await fleet.multibot('logs')}")


def is_back(fleet: RunningFleet, killed: int) -> bool:
    """Say whether sage runs again, in another process."""
    return fleet.pids().get("sage", killed) != killed


async def post(fleet: RunningFleet, places: list[str], count: int, word: str) -> list[Any]:
    """Post in turn in each place, as many different people: no limit of one person is touched."""
    return [
        await fleet.say(places[number % len(places)], f"{word}{number}", f"{word} {number}?")
        for number in range(count)
    ]


async def test_what_came_while_the_bot_was_away_is_answered_if_young(
    late_fleet: RunningFleet, clock: LateClock
) -> None:
    """Channels, threads and private messages; old ones are noted and nothing is said twice."""
    fleet = late_fleet
    async with fleet.running("sage"):
        thread = await fleet.thread("#philosophy", "on time", "ada")
        known = [
            await fleet.say(each, "ada", "hello sage") for each in ("#philosophy", thread["id"])
        ]
        direct = await fleet.say("@sage", "ada", "hello")
        await fleet.received_in(direct["channel_id"])
        await settle(fleet, [*known, direct])

    places = ["#philosophy", "#advice-career", thread["id"]]
    old = await post(fleet, places, 21, "old")
    old += [await fleet.say("@sage", "ada", f"old {number}") for number in range(4)]
    clock.behind = timedelta()
    young = await post(fleet, places, 21, "young")
    private = [await fleet.say("@sage", "ada", f"young {number}") for number in range(4)]
    before = len(await fleet.received())
    async with fleet.running("sage"):
        assert await settle(fleet, old) == {"declined expired": 25}
        assert await settle(fleet, [*young, *private]) == {"answered answered": 25}
        answers = (await fleet.received())[before:]

        replies = collections.Counter(row["reply_to"] for row in answers)
        assert {each["id"]: 1 for each in young}.items() <= replies.items()
        in_private = [row for row in answers if row["channel_id"] == direct["channel_id"]]
        assert (len(in_private), len(answers)) == (4, 25)
        last = young[-1]["id"], young[-1]["channel_id"]
        await until(lambda: read_to(fleet, last[1]) >= int(last[0]), "the cursor at the end")


async def test_a_second_start_finds_nothing_new(fleet: RunningFleet) -> None:
    """Where nothing was missed, no history is asked for."""
    async with fleet.running("sage"):
        posted = await post(fleet, ["#philosophy"], 3, "first")
        await settle(fleet, posted)
        own = [row["message_id"] for row in await fleet.received()]
        channel_id = posted[0]["channel_id"]
        await until(lambda: read_to(fleet, channel_id) == int(own[-1]), "the cursor at the end")
        pid = fleet.pids()["sage"]
    async with fleet.running("sage"):
        await until(functools.partial(is_back, fleet, pid), "sage back")
        new = await fleet.say("#philosophy", "ada", "and now?")
        await fleet.answers_to(new["id"])

    assert len(await fleet.received()) == 4
    histories = [
        each["path"]
        for each in fleet.world.traffic.requests(bot="sage", after=0, limit=1000)
        if (each["method"], each["path"].endswith("/messages")) == ("GET", True)
    ]
    assert histories == []


async def test_the_very_first_start_says_nothing_about_the_past(fleet: RunningFleet) -> None:
    await post(fleet, ["#philosophy"], 3, "past")
    async with fleet.running("sage"):
        new = await fleet.say("#philosophy", "ada", "and now?")
        await fleet.answers_to(new["id"])

    assert len(await fleet.received()) == 1


async def test_a_session_that_cannot_be_resumed_loses_nothing(fleet: RunningFleet) -> None:
    async with fleet.running("sage"):
        posted = await post(fleet, ["#philosophy"], 1, "before")
        await settle(fleet, posted)
        for round_ in range(3):
            session = session_of(fleet, "sage")
            connection = session.connection
            assert connection is not None
            fleet.hub.end(session)
            posted += await post(fleet, ["#philosophy", "#advice-career"], 4, f"lost{round_}")
            connection.close(4000, "gone")
            posted += await post(fleet, ["#philosophy"], 2, f"after{round_}")
            await until(
                lambda: any(one.connection for one in fleet.hub.sessions.values()), "a session"
            )
            assert await settle(fleet, posted) == {"answered answered": len(posted)}

        replies = collections.Counter(row["reply_to"] for row in await fleet.received())
        assert replies == {each["id"]: 1 for each in posted}


async def test_an_event_that_comes_three_times_is_answered_once(fleet: RunningFleet) -> None:
    async with fleet.running("sage"):
        session = session_of(fleet, "sage")
        posted = []
        for number in range(20):
            posted.append(await fleet.say("#philosophy", f"user{number}", f"number {number}?"))
            [event] = [
                each for each in session.unconfirmed if each["d"].get("id") == posted[-1]["id"]
            ]
            assert session.connection is not None
            for _ in range(2):
                session.connection.send(event)
        assert await settle(fleet, posted) == {"answered answered": 20}

        replies = collections.Counter(row["reply_to"] for row in await fleet.received())
        assert replies == {each["id"]: 1 for each in posted}


async def test_a_killed_bot_answers_once_what_came_while_it_was_down(fleet: RunningFleet) -> None:
    """supervisord brings it back; what it was doing and what it missed are both seen to."""
    await fleet.multibot("up")
    await until(lambda: "sage" in fleet.pids(), "sage ready")
    posted = await post(fleet, ["#philosophy"], 2, "before")
    await settle(fleet, posted)
    for round_ in range(3):
        pid = fleet.pids()["sage"]
        posted += await post(fleet, ["#philosophy"], 2, f"during{round_}")
        os.kill(pid, signal.SIGKILL)
        posted += await post(fleet, ["#philosophy", "#advice-career"], 5, f"down{round_}")
        await until(functools.partial(is_back, fleet, pid), "sage back")
    assert await settle(fleet, posted) == {"answered answered": len(posted)}

    replies = collections.Counter(row["reply_to"] for row in await fleet.received())
    assert replies == {each["id"]: 1 for each in posted}
