"""One real bot process, started by hand, against the sandbox over real sockets."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest
import sqlite_utils

from multibot.home import Home
from multibot.sandbox.world import MEMBERS
from tests.process.fleet import RunningFleet, until


@pytest.fixture
async def fleet(home: Home) -> AsyncIterator[RunningFleet]:
    async with RunningFleet(home) as running:
        yield running


async def test_every_way_to_address_a_bot_is_answered(fleet: RunningFleet) -> None:
    async with fleet.running("sage"):
        sage = next(app.user for app in fleet.world.applications.values())
        pattern = await fleet.say("#philosophy", "ada", "What is a good life?")
        first = (await fleet.answers_to(pattern["id"]))[0]
        mention = await fleet.say("#general", "ada", f"<@{sage.id}> are you there?")
        reply = await fleet.say("#philosophy", "ada", "go on", reply_to=first["message_id"])
        for posted in (mention, reply):
            assert len(await fleet.answers_to(posted["id"])) == 1
        ignored = await fleet.say("#tech-help", "ada", "sage: my disk is full")
        direct = await fleet.say("@sage", "ada", "and here?")
        private = await fleet.received_in(direct["channel_id"])

        assert len(private) == 1
        assert all(row["reply_to"] != ignored["id"] for row in await fleet.received())
        assert all(row["bot"] == "sage" for row in await fleet.received())


async def test_a_thread_is_matched_by_its_parent(fleet: RunningFleet) -> None:
    async with fleet.running("sage"):
        thread = await fleet.thread("#philosophy", "on time", "ada")
        posted = await fleet.say(thread["id"], "ada", "What is time?")
        assert len(await fleet.answers_to(posted["id"])) == 1

        database = sqlite_utils.Database(fleet.home.database)
        kinds = {row["channel_type"] for row in database["conversations"].rows}
        database.close()
        assert kinds == {"thread"}


async def test_the_slash_commands_work(fleet: RunningFleet) -> None:
    async with fleet.running("sage"):
        assert "#philosophy" in await fleet.command("sage", "help", "#philosophy", "ada")
        assert "No session" in await fleet.command("sage", "session", "#philosophy", "ada")
        assert "nothing here" in await fleet.command("sage", "why", "#philosophy", "ada")
        posted = await fleet.say("#philosophy", "ada", "hello")
        await fleet.answers_to(posted["id"])
        await until(lambda: fleet.turns() == 2, "both turns stored")
        told = await fleet.command("sage", "session", "#philosophy", "ada")
        assert "_3600s`" in told
        assert "2 turns" in told
        why = await fleet.command("sage", "why", "#philosophy", "ada")
        assert f"/{posted['id']}" in why
        assert "I answered it (pattern philosophy)." in why
        assert "Cleared" in await fleet.command("sage", "clear", "#philosophy", "ada")
        assert "No session" in await fleet.command("sage", "session", "#philosophy", "ada")


async def test_sigterm_ends_a_bot_with_0_and_says_stopped(fleet: RunningFleet) -> None:
    async with fleet.running("sage") as process:
        process.send_signal(signal.SIGTERM)

        assert await asyncio.wait_for(process.wait(), 30) == 0
        assert fleet.pids() == {}


async def test_a_second_copy_is_refused_before_it_talks_to_discord(fleet: RunningFleet) -> None:
    async with fleet.running("sage") as process:
        logins = sum(len(app.starts) for app in fleet.world.applications.values())
        second = await fleet.run("sage")
        output, _ = await asyncio.wait_for(second.communicate(), 30)

        assert second.returncode == 75
        assert f"already runs as pid {process.pid}" in output.decode()
        assert sum(len(app.starts) for app in fleet.world.applications.values()) == logins


async def test_a_wrong_token_costs_one_request_and_names_the_cure(fleet: RunningFleet) -> None:
    await fleet.multibot("db", "migrate")
    text = fleet.home.dotenv.read_text().replace(fleet.tokens["sage"], "sandbox.nobody-has-this")
    fleet.home.dotenv.write_text(text)
    process = await fleet.run("sage")
    output, _ = await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode == 78
    cure = output.decode().splitlines()[-1]
    assert "sage: Discord refuses the token in DISCORD_TOKEN_SAGE (401)" in cure
    assert "multibot restart sage" in cure
    asked = fleet.world.traffic.requests(bot=None, after=0, limit=10)
    assert [(one["path"], one["status"]) for one in asked] == [("/users/@me", 401)]
    assert "sandbox.nobody-has-this" not in output.decode()
    assert "Traceback" not in output.decode()


async def test_of_a_token_of_the_environment_it_is_said_that_it_is_not_that_of_the_file(
    fleet: RunningFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fleet.multibot("db", "migrate")
    monkeypatch.setenv("DISCORD_TOKEN_SAGE", "sandbox.nobody-has-this")
    process = await fleet.run("sage")
    output, _ = await asyncio.wait_for(process.communicate(), 30)

    cure = output.decode().splitlines()[-1]
    assert "DISCORD_TOKEN_SAGE (401) (taken from the environment, not from .env): put" in cure
    assert "`multibot up sage`" in cure


async def test_a_missing_intent_is_permanent_and_names_the_switch(fleet: RunningFleet) -> None:
    await fleet.multibot("db", "migrate")
    for application in fleet.world.applications.values():
        application.intents = MEMBERS
    process = await fleet.run("sage")
    output, _ = await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode == 78
    cure = output.decode().splitlines()[-1]
    assert "sage: " in cure
    assert "switch on `Message Content Intent`" in cure
    assert fleet.world.traffic.shown()["bots"]["sage"]["identifies"] == 1


async def test_without_a_database_the_command_to_run_is_named(fleet: RunningFleet) -> None:
    process = await fleet.run("sage")
    output, _ = await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode == 78
    assert "multibot db migrate" in output.decode()


async def test_an_unknown_bot_is_named_with_those_there_are(fleet: RunningFleet) -> None:
    process = await fleet.run("nobody")
    output, _ = await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode == 2
    assert "sage" in output.decode()
