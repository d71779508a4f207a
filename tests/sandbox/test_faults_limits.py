"""Rate limits on demand: each scope as Discord documents it, and over when it said so."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from multibot.sandbox.app import start
from multibot.sandbox.world import World
from tests.fakes import FakeClock
from tests.sandbox.clients import Http, answer, messages_of, posted
from tests.sandbox.conftest import TOKEN_ONE, TOKEN_TWO

SEND = "/channels/*/messages"


@pytest.fixture
def world(clock: FakeClock) -> World:
    """Return a world whose time moves only when a test says so."""
    world = World(clock)
    world.add_guild("multibot")
    world.add_channel("general")
    world.add_channel("other")
    world.add_application(TOKEN_ONE, "sage")
    world.add_application(TOKEN_TWO, "spark")
    return world


@pytest.fixture
async def http(world: World, session: aiohttp.ClientSession) -> AsyncIterator[Http]:
    running = await start(world)
    yield Http(session, running.url, TOKEN_ONE)
    await running.close()


@pytest.fixture
def spark(http: Http) -> Http:
    return Http(http.session, http.url, TOKEN_TWO)


async def test_route_limit_lasts_as_long_as_it_said(
    http: Http, world: World, clock: FakeClock
) -> None:
    """Asking again too early is refused again; a client that does not wait shows."""
    world.faults.add("429", path=SEND, method="POST", retry_after=65, times=1)
    path = messages_of(world)

    first, body = await http.raw("POST", path, {"content": "a"})
    clock.tick(64)
    early, still = await http.raw("POST", path, {"content": "a"})
    clock.tick(1)
    after, _ = await http.raw("POST", path, {"content": "a"})

    assert (first.status, early.status, after.status) == (429, 429, 200)
    assert body == {"message": "You are being rate limited.", "retry_after": 65.0, "global": False}
    assert still["retry_after"] == 1.0
    assert first.headers["Retry-After"] == "65"
    assert first.headers["X-RateLimit-Scope"] == "user"
    assert first.headers["X-RateLimit-Remaining"] == "0"
    assert first.headers["X-RateLimit-Reset-After"] == "65.000"
    assert first.headers["Via"]
    assert first.headers["X-RateLimit-Bucket"] == after.headers["X-RateLimit-Bucket"]
    assert posted(world) == ["a"]


async def test_route_limit_leaves_other_channels_and_bots_alone(
    http: Http, spark: Http, world: World
) -> None:
    world.faults.add("429", path=messages_of(world), bot="sage", times=1)
    await http.raw("POST", messages_of(world), {"content": "a"})

    assert (await answer(http, "POST", messages_of(world), {"content": "b"}))[0] == 429
    assert (await answer(http, "POST", messages_of(world, "other"), {"content": "b"}))[0] == 200
    assert (await answer(spark, "POST", messages_of(world), {"content": "b"}))[0] == 200


async def test_global_limit_stops_every_route_of_its_bot(
    http: Http, spark: Http, world: World
) -> None:
    world.faults.add("429", scope="global", retry_after=2.5, bot="sage", times=1)

    first, body = await http.raw("GET", "/users/@me")
    second, _ = await http.raw("POST", messages_of(world), {"content": "a"})

    assert body["global"] is True
    assert first.headers["X-RateLimit-Global"] == "true"
    assert first.headers["X-RateLimit-Scope"] == "global"
    assert first.headers["Retry-After"] == "3"
    assert "X-RateLimit-Bucket" not in first.headers
    assert second.status == 429
    assert (await answer(spark, "GET", "/users/@me"))[0] == 200


async def test_shared_limit_is_of_the_resource_and_not_counted_as_invalid(
    http: Http, spark: Http, world: World
) -> None:
    world.faults.add("429", scope="shared", path=SEND, retry_after=1336.57, times=1)

    first, body = await http.raw("POST", messages_of(world), {"content": "a"})
    second, _ = await spark.raw("POST", messages_of(world), {"content": "a"})

    assert body["message"] == "The resource is being rate limited."
    assert first.headers["X-RateLimit-Scope"] == second.headers["X-RateLimit-Scope"] == "shared"
    assert int(first.headers["X-RateLimit-Remaining"]) > 0
    assert (await http.get("/sandbox/traffic"))["invalid_requests"]["worst_10_minutes"] == 0


async def test_ban_by_the_proxy_is_no_answer_of_discord(
    http: Http, spark: Http, world: World
) -> None:
    """Without `Via` and JSON, for everybody at this address: clients must not take it for a limit."""
    world.faults.add("429", scope="cloudflare", retry_after=600, bot="sage", times=1)

    status, text = await answer(http, "GET", "/users/@me")
    async with spark.session.get(f"{http.url}/api/v10/users/@me", headers=spark.headers) as banned:
        assert "Via" not in banned.headers

    assert (status, text) == (429, b"error code: 1015")
    assert banned.status == 429


async def test_ten_thousand_invalid_requests_bring_the_ban_by_themselves(
    http: Http, world: World, clock: FakeClock
) -> None:
    for _ in range(10_000):
        world.traffic.answered(world.traffic.asked("spark", "GET", "/x", "", "/x"), 403)
    assert (await answer(http, "GET", "/users/@me"))[0] == 200

    world.traffic.answered(world.traffic.asked("spark", "GET", "/x", "", "/x"), 401)

    assert (await answer(http, "GET", "/users/@me")) == (429, b"error code: 1015")
    clock.tick(3600)
    assert (await answer(http, "GET", "/users/@me"))[0] == 200


async def test_clearing_a_limit_ends_it(http: Http, world: World) -> None:
    fault = world.faults.add("429", retry_after=65, times=1)
    assert (await answer(http, "GET", "/users/@me"))[0] == 429

    world.faults.clear(fault.id)

    assert (await answer(http, "GET", "/users/@me"))[0] == 200
