"""Faults that end a gateway connection or its session, and those that a login meets."""

import aiohttp
import pytest

from multibot.sandbox.world import World
from tests.sandbox.clients import Http
from tests.sandbox.conftest import TOKEN_ONE, TOKEN_TWO, Open
from tests.sandbox.logins import TALK, is_resumable, logged_in, resumed

# -- closes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "stays"),
    [
        (1000, False),
        (1001, False),
        (4000, True),
        (4003, False),
        (4007, False),
        (4008, True),
        (4009, False),
        (4014, False),
    ],
)
async def test_close_now_ends_the_session_where_discord_wants_a_new_one(
    open_gateway: Open, world: World, code: int, *, stays: bool
) -> None:
    gateway, session = await logged_in(open_gateway)

    world.faults.add("close", code=code, bot="sage")

    assert await gateway.close_code() == code
    assert await is_resumable(open_gateway, session) is stays


@pytest.mark.parametrize(("code", "resumable"), [(4000, False), (4009, True)])
async def test_close_can_say_otherwise_about_its_session(
    open_gateway: Open, world: World, code: int, *, resumable: bool
) -> None:
    gateway, session = await logged_in(open_gateway)

    world.faults.add("close", code=code, resumable=resumable)

    assert await gateway.close_code() == code
    assert await is_resumable(open_gateway, session) is resumable


async def test_close_1006_breaks_the_connection_and_keeps_the_session(
    open_gateway: Open, world: World, http: Http
) -> None:
    gateway, session = await logged_in(open_gateway)

    world.faults.add("close", code=1006)
    message = await gateway.socket.receive(timeout=5)
    await http.say("#general", "meanwhile")
    again = await resumed(open_gateway, session)

    assert message.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
    assert gateway.socket.close_code == 1006
    assert (await again.event("MESSAGE_CREATE"))["s"] == session["seq"] + 1
    assert (await again.next())["t"] == "RESUMED"
    assert (await http.get("/sandbox/traffic"))["bots"]["sage"]["closes"] == {"1006": 1}


async def test_close_concerns_its_bot_only(open_gateway: Open, world: World) -> None:
    gateway, _ = await logged_in(open_gateway)
    await logged_in(open_gateway, TOKEN_TWO)

    world.faults.add("close", bot="sage")

    assert await gateway.close_code() == 4000
    online = [app.name for app in world.applications.values() if app.online]
    assert "spark" in online


@pytest.mark.parametrize("code", [4004, 4010, 4011, 4012, 4013, 4014, 4000, 1006])
async def test_close_at_identify(open_gateway: Open, world: World, code: int) -> None:
    world.faults.add("close", code=code, at="identify", times=1)
    gateway = await open_gateway()

    await gateway.send(2, {"token": TOKEN_ONE, "intents": TALK})

    assert await gateway.close_code() == code
    assert len(world.applications[next(iter(world.applications))].starts) == 1
    again = await open_gateway()
    await again.identify(TOKEN_ONE, TALK)


async def test_close_at_resume_leaves_identify_alone(open_gateway: Open, world: World) -> None:
    world.faults.add("close", code=4007, at="resume")
    gateway, session = await logged_in(open_gateway)
    await gateway.socket.close(code=4000)

    again = await resumed(open_gateway, session)

    assert await again.close_code() == 4007
    world.faults.clear()
    assert not await is_resumable(open_gateway, session)


async def test_login_means_identify_and_resume(open_gateway: Open, world: World) -> None:
    gateway, session = await logged_in(open_gateway)
    await gateway.socket.close(code=4000)
    world.faults.add("close", code=4000, at="login", times=2)

    assert await (await resumed(open_gateway, session)).close_code() == 4000
    fresh = await open_gateway()
    await fresh.send(2, {"token": TOKEN_ONE, "intents": TALK})

    assert await fresh.close_code() == 4000
    assert await is_resumable(open_gateway, session)


# -- reconnect and invalid session ----------------------------------------------------------------


async def test_reconnect_is_asked_for(open_gateway: Open, world: World) -> None:
    gateway, session = await logged_in(open_gateway)

    world.faults.add("reconnect")

    assert (await gateway.op(7))["d"] is None
    assert await is_resumable(open_gateway, session)


@pytest.mark.parametrize("resumable", [True, False])
async def test_invalid_session_now(open_gateway: Open, world: World, *, resumable: bool) -> None:
    gateway, session = await logged_in(open_gateway)

    world.faults.add("invalid-session", resumable=resumable)

    assert (await gateway.op(9))["d"] is resumable
    assert await is_resumable(open_gateway, session) is resumable


async def test_client_may_identify_again_where_its_session_became_invalid(
    open_gateway: Open, world: World
) -> None:
    gateway, _ = await logged_in(open_gateway)
    world.faults.add("invalid-session")
    await gateway.op(9)

    ready = await gateway.identify(TOKEN_ONE, TALK)

    assert ready["user"]["username"] == "sage"


async def test_refused_resume_costs_the_session(open_gateway: Open, world: World) -> None:
    gateway, session = await logged_in(open_gateway)
    await gateway.socket.close(code=4000)
    world.faults.add("invalid-session", at="resume", times=1)

    again = await resumed(open_gateway, session)
    refused = await again.op(9)
    await again.identify(TOKEN_ONE, TALK)

    assert refused["d"] is False
    assert not await is_resumable(open_gateway, session)
