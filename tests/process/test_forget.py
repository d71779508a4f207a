"""People are forgotten by a real bot that goes on talking with the others."""

import json
from collections.abc import AsyncIterator

import pytest

from multibot.home import Home
from tests.process.fleet import RunningFleet, until

SECRET = "xylophonist"


@pytest.fixture
async def fleet(home: Home) -> AsyncIterator[RunningFleet]:
    async with RunningFleet(home, bots=("sage",)) as running:
        yield running


async def talk(fleet: RunningFleet, author: str, content: str) -> None:
    """Say something in a channel and in private, and wait until all of it is stored."""
    before = fleet.turns()
    said = await fleet.say("#philosophy", author, content)
    await fleet.answers_to(said["id"])
    private = await fleet.say("@sage", author, content)
    await fleet.received_in(private["channel_id"])
    await until(lambda: fleet.turns() == before + 4, "all turns stored")


def id_of(fleet: RunningFleet, name: str) -> str:
    return next(user.id for user in fleet.world.users.values() if user.name == name)


def found(home: Home, *texts: str) -> list[str]:
    """Name the files of the database in which one of these texts stands."""
    return [
        path.name
        for path in home.data.glob("conversations.db*")
        for text in texts
        if text.encode() in path.read_bytes()
    ]


async def test_a_user_is_forgotten_by_slash_command_and_by_command_line(
    fleet: RunningFleet, home: Home
) -> None:
    async with fleet.running("sage"):
        await talk(fleet, "ada", f"I am a {SECRET}")
        await talk(fleet, "grace", "What is a good life?")
        ada, grace = id_of(fleet, "ada"), id_of(fleet, "grace")

        asked = await fleet.command("sage", "forget me", "#philosophy", "ada")
        assert "4 turns" in asked
        assert "confirm" in asked
        assert fleet.turns() == 8

        done = await fleet.command("sage", "forget me", "#philosophy", "ada", confirm=True)
        assert "4 turns removed" in done
        assert {row["user_id"] for row in fleet.rows("SELECT user_id FROM conversations")} == {
            grace
        }
        assert found(home, SECRET, ada) == []

        await talk(fleet, "ada", "Who am I?")
        told = json.loads(await fleet.multibot("forget", "--user", grace, "--yes", "--json"))
        assert told["rows"]["conversations"] == 4
        assert (told["wal_cleared"], told["remnants"]) == (True, 0)
        assert found(home, grace) == []
        assert {row["user_id"] for row in fleet.rows("SELECT user_id FROM conversations")} == {ada}

        all_bots = await fleet.command(
            "sage", "forget me", "#philosophy", "ada", confirm=True, everywhere=True
        )
        assert "4 turns removed" in all_bots
        assert found(home, ada) == []
        stones = fleet.rows("SELECT bot_name FROM tombstones ORDER BY id")
        assert [row["bot_name"] for row in stones] == ["sage", "", ""]
