"""Scenarios against open connections, in a time that moves only when a test says so."""

import asyncio

import pytest

from multibot.sandbox.world import World
from tests.fakes import FakeClock, settle
from tests.sandbox.clients import PATIENCE, Http
from tests.sandbox.conftest import TOKEN_ONE, Open
from tests.sandbox.logins import TALK, logged_in, resumed


@pytest.fixture
def world(clock: FakeClock) -> World:
    world = World(clock)
    world.add_guild("multibot")
    world.add_channel("general")
    world.add_application(TOKEN_ONE, "sage")
    world.add_user("ada")
    return world


async def test_slow_ready_keeps_events_in_order_and_heartbeats_going(
    open_gateway: Open, world: World, clock: FakeClock, http: Http
) -> None:
    world.faults.add("slow-ready", seconds=600)
    gateway = await open_gateway()
    assert (await gateway.next())["op"] == 10

    await gateway.send(2, {"token": TOKEN_ONE, "intents": TALK})
    await gateway.send(1, None)
    assert (await gateway.next())["op"] == 11
    await http.say("#general", "hello")
    await clock.advance(600)

    heard = [(await gateway.next())["t"] for _ in range(3)]
    assert heard == ["READY", "GUILD_CREATE", "MESSAGE_CREATE"]


async def test_scenario_is_played_by_the_worlds_clock(
    open_gateway: Open, world: World, clock: FakeClock, http: Http
) -> None:
    """An hour of trouble: closed each ten minutes, with events lost in between."""
    scenario = [
        {"kind": "close", "code": 4000, "every": 600, "after": 600, "until": 1800},
        {"kind": "lose", "event": "MESSAGE_CREATE", "after": 700, "until": 800},
        {"kind": "503", "path": "/users/*", "after": 900, "until": 1000},
    ]
    await http.post("/sandbox/faults", {"faults": scenario})
    gateway, session = await logged_in(open_gateway)

    await clock.advance(650)
    first = await gateway.close_code()
    gateway = await resumed(open_gateway, session)
    await gateway.event("RESUMED")
    await http.say("#general", "heard")
    await clock.advance(100)
    await http.say("#general", "lost")
    await clock.advance(200)
    status = (await http.raw("GET", "/users/@me"))[0].status
    await http.say("#general", "heard again")
    heard = [(await gateway.event("MESSAGE_CREATE"))["s"] for _ in range(2)]
    await clock.advance(300)
    second = await gateway.close_code()
    await clock.advance(3600)

    assert (first, second, status) == (4000, 4000, 503)
    assert heard[1] == heard[0] + 1
    listed = (await http.get("/sandbox/faults"))["faults"]
    assert [(one["state"], one["fired"]) for one in listed] == [
        ("over", 2),
        ("over", 1),
        ("over", 1),
    ]


async def test_client_is_told_its_code_however_busy_it_is(
    open_gateway: Open, world: World, clock: FakeClock
) -> None:
    """The code waits for the client, which would else take a broken connection for the cause."""
    gateway, _ = await logged_in(open_gateway)

    world.faults.add("close", code=4014)
    await settle(200)

    assert await asyncio.wait_for(gateway.close_code(), PATIENCE) == 4014
