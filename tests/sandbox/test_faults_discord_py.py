"""What an unmodified discord.py does under faults: they are the ones it knows from Discord."""

import asyncio

import discord
import pytest

from multibot.sandbox.app import RunningSandbox
from multibot.sandbox.world import World
from tests.sandbox.clients import Bot, Http, text_channel, usual_intents
from tests.sandbox.conftest import TOKEN_ONE, Connect


async def test_client_waits_out_a_limit_and_sends_once(sage: Bot, http: Http, world: World) -> None:
    world.faults.add("429", path="/channels/*/messages", method="POST", retry_after=0.2, times=1)

    await text_channel(sage).send("patient")

    sent = [one for one in (await http.get("/sandbox/requests"))["requests"] if one["fault"]]
    received = (await http.get("/sandbox/received"))["received"]
    assert [one["status"] for one in sent] == [429]
    assert [one["content"] for one in received] == ["patient"]


async def test_ban_by_the_proxy_is_an_error_and_no_wait(sage: Bot, world: World) -> None:
    world.faults.add("429", scope="cloudflare", retry_after=600, times=1)

    with pytest.raises(discord.HTTPException) as error:
        await text_channel(sage).send("hello")

    assert error.value.status == 429


@pytest.mark.parametrize(
    ("kind", "error"),
    [("403", discord.Forbidden), ("404", discord.NotFound), ("503", discord.DiscordServerError)],
)
async def test_errors_are_the_ones_of_the_library(
    sage: Bot, world: World, kind: str, error: type[discord.HTTPException]
) -> None:
    world.faults.add(kind, times=1)

    with pytest.raises(error):
        await text_channel(sage).send("hello")


@pytest.mark.parametrize("code", [4000, 4008, 1006])
async def test_client_resumes_and_hears_what_it_missed(
    sage: Bot, world: World, http: Http, code: int
) -> None:
    world.faults.add("close", code=code)
    await http.say("#general", "meanwhile")

    await sage.hears("message", lambda message: message.content == "meanwhile")

    counts = (await http.get("/sandbox/traffic"))["bots"]["sage"]
    assert (counts["identifies"], counts["resumes"]) == (1, 1)


async def test_client_leaves_a_zombie_and_resumes(
    sandbox: RunningSandbox, discord_here: None, world: World, http: Http
) -> None:
    """It gives up when its own timeout is over without an acknowledgement."""
    world.heartbeat_interval = 0.5
    bot = Bot(usual_intents())
    bot._connection.heartbeat_timeout = 0.8
    await bot.log_in(TOKEN_ONE)
    world.faults.add("zombie", silent=True)
    await http.say("#general", "unheard")

    await bot.hears("message", lambda message: message.content == "unheard")

    counts = (await http.get("/sandbox/traffic"))["bots"]["sage"]
    await bot.stop()
    assert counts["identifies"] == 1
    assert counts["resumes"] >= 1


async def test_revoked_token_ends_the_client(sage: Bot, world: World) -> None:
    world.faults.add("revoke-token", bot="sage")
    assert sage.running is not None

    with pytest.raises(discord.ConnectionClosed) as error:
        await asyncio.wait_for(sage.running, 10)

    assert error.value.code == 4004


async def test_disabled_intent_ends_the_login(connect: Connect, world: World) -> None:
    world.faults.add("disable-intents")

    with pytest.raises(discord.PrivilegedIntentsRequired):
        await connect()


async def test_guild_that_comes_back_is_available_again(sage: Bot, world: World) -> None:
    world.faults.add("guild-unavailable")
    await sage.hears("guild_unavailable")
    assert sage.guilds[0].unavailable

    world.faults.clear()

    await sage.hears("guild_available", times=2)
    assert not sage.guilds[0].unavailable
