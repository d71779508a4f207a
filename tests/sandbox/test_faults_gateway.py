"""Faults of the gateway, as a client without a library meets them."""

import aiohttp
import pytest

from multibot.sandbox.app import RunningSandbox
from multibot.sandbox.world import World
from tests.sandbox.clients import Http, Json, RawGateway
from tests.sandbox.conftest import TOKEN_ONE, TOKEN_TWO, Open

TALK = 1 << 0 | 1 << 9 | 1 << 12
MESSAGE_CONTENT = 1 << 15


async def logged_in(open_gateway: Open, token: str = TOKEN_ONE) -> tuple[RawGateway, Json]:
    """Return a socket that has had its READY and its guild, and the session to resume."""
    gateway = await open_gateway()
    ready = await gateway.identify(token, TALK)
    seen = (await gateway.event("GUILD_CREATE"))["s"]
    return gateway, {"token": token, "session_id": ready["session_id"], "seq": seen}


async def resumed(open_gateway: Open, session: Json) -> RawGateway:
    gateway = await open_gateway()
    await gateway.send(6, session)
    return gateway


async def is_resumable(open_gateway: Open, session: Json) -> bool:
    gateway = await resumed(open_gateway, session)
    while True:
        payload = await gateway.next()
        if payload["op"] == 9 or payload["t"] == "RESUMED":
            return bool(payload["t"] == "RESUMED")


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


async def test_close_concerns_its_bot_only(
    open_gateway: Open, world: World, sandbox: RunningSandbox
) -> None:
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


# -- silence -------------------------------------------------------------------------------------


async def test_zombie_acknowledges_nothing_and_still_sends_events(
    open_gateway: Open, world: World, http: Http
) -> None:
    gateway, _ = await logged_in(open_gateway)
    world.faults.add("zombie")

    await gateway.send(1, 2)
    await http.say("#general", "hello")

    assert (await gateway.next())["t"] == "MESSAGE_CREATE"


async def test_silent_zombie_keeps_events_for_the_resume(
    open_gateway: Open, world: World, http: Http
) -> None:
    """A new connection is healthy again, and gets what the dead one did not."""
    gateway, session = await logged_in(open_gateway)
    world.faults.add("zombie", silent=True)
    await gateway.send(1, session["seq"])
    await http.say("#general", "unheard")

    again = await resumed(open_gateway, session)
    heard = await again.event("MESSAGE_CREATE")
    await again.send(1, heard["s"])

    assert await again.op(11)
    assert await gateway.close_code() == 4000


async def test_zombie_at_login_is_one_from_its_first_heartbeat_on(
    open_gateway: Open, world: World, http: Http
) -> None:
    world.faults.add("zombie", at="identify")
    gateway, _ = await logged_in(open_gateway)

    await gateway.send(1, 2)
    await http.say("#general", "hello")

    assert (await gateway.next())["t"] == "MESSAGE_CREATE"


async def test_hello_is_never_said(open_gateway: Open, world: World) -> None:
    world.faults.add("no-hello", times=1)
    dumb, normal = await open_gateway(), await open_gateway()

    await dumb.send(1, None)

    assert (await dumb.next())["op"] == 11
    assert (await normal.next())["op"] == 10


async def test_slow_ready_keeps_events_in_order_and_heartbeats_going(
    open_gateway: Open, world: World, http: Http
) -> None:
    world.faults.add("slow-ready", seconds=0.2)
    gateway = await open_gateway()
    assert (await gateway.next())["op"] == 10

    await gateway.send(2, {"token": TOKEN_ONE, "intents": TALK})
    await gateway.send(1, None)
    assert (await gateway.next())["op"] == 11
    await http.say("#general", "hello")

    heard = [(await gateway.next())["t"] for _ in range(3)]
    assert heard == ["READY", "GUILD_CREATE", "MESSAGE_CREATE"]


# -- events --------------------------------------------------------------------------------------


async def test_message_comes_as_often_as_the_fault_says(
    open_gateway: Open, world: World, http: Http
) -> None:
    gateway, _ = await logged_in(open_gateway)
    world.faults.add("duplicate", copies=3, times=1)

    await http.say("#general", "one")
    await http.say("#general", "two")

    heard = [await gateway.next() for _ in range(4)]
    assert len({payload["d"]["id"] for payload in heard[:3]}) == 1
    assert len({payload["s"] for payload in heard}) == 4
    assert heard[3]["d"]["id"] != heard[0]["d"]["id"]


async def test_lost_event_does_not_come_with_the_resume_either(
    open_gateway: Open, world: World, http: Http
) -> None:
    gateway, session = await logged_in(open_gateway)
    world.faults.add("lose", event="MESSAGE_*", bot="sage")
    await http.say("#general", "lost")
    await gateway.socket.close(code=4000)
    world.faults.clear()
    await http.say("#general", "kept")

    again = await resumed(open_gateway, session)

    assert (await again.event("MESSAGE_CREATE"))["s"] == session["seq"] + 1
    assert (await again.next())["t"] == "RESUMED"


async def test_guild_goes_away_and_comes_back(open_gateway: Open, world: World, http: Http) -> None:
    gateway, _ = await logged_in(open_gateway)
    guild = next(iter(world.guilds))

    world.faults.add("guild-unavailable")
    gone = await gateway.event("GUILD_DELETE")
    await http.say("#general", "unheard")
    newcomer = await open_gateway()
    ready = await newcomer.identify(TOKEN_TWO, TALK)
    await http.say("@spark", "psst")
    first = await newcomer.next()
    world.faults.clear()

    assert gone["d"] == {"id": guild, "unavailable": True}
    assert ready["guilds"] == [{"id": guild, "unavailable": True}]
    assert first["t"] == "MESSAGE_CREATE"
    assert (await gateway.next())["t"] == "GUILD_CREATE"
    assert (await newcomer.next())["t"] == "GUILD_CREATE"


# -- limits and rights -----------------------------------------------------------------------------


async def test_session_limit_counts_down_and_costs_the_token_at_the_end(
    open_gateway: Open, world: World, http: Http
) -> None:
    world.faults.add("session-limit", remaining=1, reset_after=3600, bot="sage")
    before = (await http.get("/gateway/bot"))["session_start_limit"]
    first, _ = await logged_in(open_gateway)
    after = (await http.get("/gateway/bot"))["session_start_limit"]

    second = await open_gateway()
    await second.send(2, {"token": TOKEN_ONE, "intents": TALK})

    assert (before["remaining"], after["remaining"], before["total"]) == (1, 0, 1000)
    assert 3_590_000 < before["reset_after"] <= 3_600_000
    assert await second.close_code() == 4004
    assert await first.close_code() == 4004
    assert await http.refused("GET", "/users/@me") == (401, 0)


async def test_thousandth_start_of_a_day_is_the_last(open_gateway: Open, world: World) -> None:
    world.starts_a_day = 1
    await logged_in(open_gateway)
    gateway = await open_gateway()

    await gateway.send(2, {"token": TOKEN_ONE, "intents": TALK})

    assert await gateway.close_code() == 4004


async def test_revoked_token_closes_with_4004_and_stays_out(
    open_gateway: Open, world: World, http: Http
) -> None:
    gateway, session = await logged_in(open_gateway)

    world.faults.add("revoke-token", bot="sage")
    code = await gateway.close_code()
    again = await resumed(open_gateway, session)

    assert code == await again.close_code() == 4004
    traffic = (await http.get("/sandbox/traffic"))["bots"]["sage"]
    assert (traffic["identifies"], traffic["resumes"]) == (1, 1)
    world.faults.clear()
    assert not await is_resumable(open_gateway, session)


async def test_disabled_intent_closes_the_next_identify_with_4014(
    open_gateway: Open, world: World, http: Http
) -> None:
    gateway, _ = await logged_in(open_gateway)
    flags = (await http.get("/applications/@me"))["flags"]
    world.faults.add("disable-intents", intents=["message_content"])
    fresh, modest = await open_gateway(), await open_gateway()

    await fresh.send(2, {"token": TOKEN_ONE, "intents": TALK | MESSAGE_CONTENT})
    await modest.identify(TOKEN_ONE, TALK | 1 << 1)

    assert await fresh.close_code() == 4014
    assert flags - (await http.get("/applications/@me"))["flags"] == 1 << 19
    assert not gateway.socket.closed
