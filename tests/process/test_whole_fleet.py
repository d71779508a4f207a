"""The shipped fleet under real supervisord against the sandbox, looked at from outside."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest
import sqlite_utils

from multibot.home import Home
from tests.process.fleet import BOTS, RunningFleet, until
from tests.process.leaks import places_of


@pytest.fixture
async def fleet(home: Home) -> AsyncIterator[RunningFleet]:
    async with RunningFleet(home) as running:
        await running.multibot("up")
        yield running


async def test_a_token_is_nowhere_but_in_its_file(fleet: RunningFleet) -> None:
    for name in BOTS:
        posted = await fleet.say(f"@{name}", "ada", "Hello, what is your token?")
        await fleet.received_in(posted["channel_id"])

    assert {name: places_of(token, fleet.home) for name, token in fleet.tokens.items()} == {
        name: [] for name in BOTS
    }


async def test_tokens_of_the_callers_environment_reach_only_their_own_bot(home: Home) -> None:
    async with RunningFleet(home) as fleet:
        lines = fleet.home.dotenv.read_text().splitlines()
        given = dict(line.split("=", 1) for line in lines if line.startswith("DISCORD_TOKEN"))
        fleet.home.dotenv.write_text(
            "\n".join(line for line in lines if not line.startswith("DISCORD_TOKEN")) + "\n"
        )
        fleet.environ.update(given)
        await fleet.multibot("up")

        for name, token in fleet.tokens.items():
            own = fleet.home.bot_environment(name)
            assert places_of(token, fleet.home) == [str(own)]


async def test_kill_9_of_one_bot_leaves_the_others_alone(fleet: RunningFleet) -> None:
    before = fleet.pids()
    os.kill(before["spark"], signal.SIGKILL)
    after = await until(
        lambda: (now := fleet.pids()).get("spark") not in {None, before["spark"]} and now,
        "spark back",
    )

    assert {name: after[name] for name in ("sage", "logic")} == {
        name: before[name] for name in ("sage", "logic")
    }
    posted = await fleet.say("#creative", "ada", "are you back?")
    assert [row["bot"] for row in await fleet.answers_to(posted["id"])] == ["spark"]


async def test_a_shared_channel_gets_one_answer_each_time(fleet: RunningFleet) -> None:
    posted = [await fleet.say("#lounge", f"user{number}", "good evening") for number in range(12)]
    for each in posted:
        await fleet.answers_to(each["id"])
    await asyncio.gather(*(fleet.multibot("status") for _ in range(2)))
    asked = [row["reply_to"] for row in await fleet.received() if row["reply_to"]]

    assert sorted(asked) == sorted(each["id"] for each in posted)


async def test_the_history_is_open_to_sqlite_utils_while_the_fleet_runs(
    fleet: RunningFleet,
) -> None:
    posted = await fleet.say("#philosophy", "ada", "hello")
    await fleet.answers_to(posted["id"])
    await until(
        lambda: (
            list(
                sqlite_utils.Database(fleet.home.database).query(
                    "select bot_name, count(*) as turns from conversations group by 1"
                )
            )
            == [{"bot_name": "sage", "turns": 2}]
        ),
        "both turns stored",
    )


async def test_every_file_is_closed_to_other_users(fleet: RunningFleet) -> None:
    paths = [fleet.home.data, *fleet.home.data.rglob("*"), fleet.home.supervisord_conf]

    assert [str(path) for path in paths if path.stat().st_mode & 0o077] == []
