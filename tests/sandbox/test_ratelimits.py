"""Rate limits: told with every answer, enforced, and over when they say so."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from multibot.sandbox import interactions
from multibot.sandbox.app import start
from multibot.sandbox.world import World
from tests.fakes import FakeClock
from tests.sandbox.clients import Http
from tests.sandbox.conftest import TOKEN_ONE, TOKEN_TWO


@pytest.fixture
def world(clock: FakeClock) -> World:
    """Return a world with Discord's limits and a clock that stands still."""
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


def messages_of(world: World, name: str) -> str:
    channel = world.find_channel(name)
    assert channel is not None
    return f"/channels/{channel.id}/messages"


async def test_every_answer_tells_where_its_limit_stands(
    http: Http, world: World, clock: FakeClock
) -> None:
    path = messages_of(world, "general")
    first, _ = await http.raw("POST", path, {"content": "1"})
    clock.tick(2.0)
    second, _ = await http.raw("POST", path, {"content": "2"})
    refused, _ = await http.raw("POST", path, {"content": ""})

    assert first.headers["X-RateLimit-Limit"] == "5"
    assert first.headers["X-RateLimit-Remaining"] == "4"
    assert first.headers["X-RateLimit-Reset-After"] == "5.000"
    assert second.headers["X-RateLimit-Reset-After"] == "3.000"
    assert refused.headers["X-RateLimit-Remaining"] == "2"
    assert first.headers["X-RateLimit-Bucket"] == refused.headers["X-RateLimit-Bucket"]
    assert float(first.headers["X-RateLimit-Reset"]) == pytest.approx(clock.now().timestamp() + 3.0)


async def test_sixth_message_in_five_seconds_is_refused(
    http: Http, world: World, clock: FakeClock
) -> None:
    path = messages_of(world, "general")
    for n in range(5):
        await http.raw("POST", path, {"content": str(n)})
    clock.tick(1.5)

    response, body = await http.raw("POST", path, {"content": "5"})

    assert response.status == 429
    assert body == {"message": "You are being rate limited.", "retry_after": 3.5, "global": False}
    assert response.headers["Retry-After"] == "4"
    assert response.headers["X-RateLimit-Scope"] == "user"
    assert response.headers["X-RateLimit-Remaining"] == "0"
    assert response.headers["Via"]
    assert len(await http.get(path)) == 5


async def test_limit_is_over_when_it_said(http: Http, world: World, clock: FakeClock) -> None:
    path = messages_of(world, "general")
    answers = [await http.raw("POST", path, {"content": str(n)}) for n in range(6)]
    assert answers[-1][0].status == 429

    clock.tick(5.0)
    response, _ = await http.raw("POST", path, {"content": "again"})

    assert response.status == 200


async def test_limit_is_per_channel_and_per_bot(
    http: Http, world: World, session: aiohttp.ClientSession
) -> None:
    general = messages_of(world, "general")
    answers = [await http.raw("POST", general, {"content": str(n)}) for n in range(6)]
    assert answers[-1][0].status == 429

    elsewhere, _ = await http.raw("POST", messages_of(world, "other"), {"content": "x"})
    spark = Http(session, http.url, TOKEN_TWO)
    somebody_else, _ = await spark.raw("POST", messages_of(world, "general"), {"content": "x"})

    assert (elsewhere.status, somebody_else.status) == (200, 200)


async def test_global_limit_says_so(http: Http, clock: FakeClock) -> None:
    """Fifty requests a second, over all routes together."""
    for _ in range(50):
        response, _ = await http.raw("GET", "/users/@me")
        assert response.status == 200

    response, body = await http.raw("GET", "/users/@me/guilds")

    assert response.status == 429
    assert body["global"] is True
    assert response.headers["X-RateLimit-Global"] == "true"
    assert response.headers["X-RateLimit-Scope"] == "global"
    clock.tick(1.0)
    assert (await http.raw("GET", "/users/@me"))[0].status == 200


async def test_nonce_is_forgotten_after_its_window(
    http: Http, world: World, clock: FakeClock
) -> None:
    path = messages_of(world, "general")
    body = {"content": "a", "nonce": "n", "enforce_nonce": True}
    first = await http.post(path, body)
    clock.tick(world.nonce_window - 1)
    within = await http.post(path, body)
    clock.tick(2)
    later = await http.post(path, body)

    assert within["id"] == first["id"]
    assert later["id"] != first["id"]


async def test_interaction_must_be_answered_in_time(
    http: Http, world: World, clock: FakeClock
) -> None:
    application = next(iter(world.applications.values()))
    command = {"name": "help", "description": "Say what I do."}
    await http.put(f"/applications/{application.id}/commands", [command])
    user = world.add_user("ada")
    channel = world.find_channel("general")
    assert channel is not None
    one = interactions.use(world, application, channel, user, "help", {})
    clock.tick(world.interaction_window + 0.1)

    path = f"/interactions/{one.id}/{one.token}/callback"

    answer = {"type": 4, "data": {"content": "late"}}
    assert await http.refused("POST", path, answer) == (404, 10062)
    clock.tick(15 * 60)
    webhook = f"/webhooks/{application.id}/{one.token}"
    assert await http.refused("POST", webhook, {"content": "very late"}) == (401, 50027)
