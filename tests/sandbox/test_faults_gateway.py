"""Faults of the gateway that leave it open: silence, events that go wrong, limits, lost rights."""

from multibot.sandbox.world import World
from tests.sandbox.clients import Http
from tests.sandbox.conftest import TOKEN_ONE, TOKEN_TWO, Open
from tests.sandbox.logins import TALK, is_resumable, logged_in, resumed

MESSAGE_CONTENT = 1 << 15


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


async def test_second_identify_within_five_seconds_gets_an_invalid_session(
    open_gateway: Open, world: World
) -> None:
    """Off unless asked for: it is Discord's rule, but makes every test of a restart wait."""
    world.faults.add("identify-limit", bot="sage")
    await logged_in(open_gateway)
    await logged_in(open_gateway, TOKEN_TWO)
    gateway = await open_gateway()

    await gateway.send(2, {"token": TOKEN_ONE, "intents": TALK})

    assert (await gateway.op(9))["d"] is False
    assert len(world.applications[next(iter(world.applications))].starts) == 2


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
