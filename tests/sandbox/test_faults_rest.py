"""Faults of requests, as a client without a library meets them over real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable

import aiohttp
import pytest

from multibot.sandbox.app import start
from multibot.sandbox.world import World
from tests.fakes import FakeClock, settle
from tests.sandbox.clients import PATIENCE, Http, Json, answer, messages_of, posted
from tests.sandbox.conftest import TOKEN_ONE, TOKEN_TWO

SEND = "/channels/*/messages"
BROKEN = (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)


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


async def outlasting(clock: FakeClock, seconds: float, waiting: Awaitable[Json]) -> Json:
    """Let this much time pass under a request, however long it takes to arrive."""
    task = asyncio.ensure_future(waiting)

    async def until_asleep() -> None:
        while not clock._sleepers and not task.done():
            await settle(1)

    await asyncio.wait_for(until_asleep(), PATIENCE)
    assert not task.done()
    await clock.advance(seconds)
    return await asyncio.wait_for(task, PATIENCE)


# -- error answers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "fields", "body"),
    [
        (401, {}, {"message": "401: Unauthorized", "code": 0}),
        (403, {}, {"message": "Missing Access", "code": 50001}),
        (403, {"error": 50013}, {"message": "Missing Permissions", "code": 50013}),
        (404, {}, {"message": "404: Not Found", "code": 0}),
        (404, {"error": 10003}, {"message": "Unknown Channel", "code": 10003}),
        (500, {}, {"message": "500: Internal Server Error", "code": 0}),
        (503, {"done": True}, {"message": "503: Service Unavailable", "code": 0}),
    ],
)
async def test_error_looks_like_discords(
    http: Http, world: World, kind: int, fields: Json, body: Json
) -> None:
    world.faults.add(kind, **fields)

    response, said = await http.raw("POST", messages_of(world), {"content": "a"})

    assert (response.status, said) == (kind, body)
    assert posted(world) == (["a"] if fields.get("done") else [])


async def test_error_counts_against_the_rate_limit_too(http: Http, world: World) -> None:
    world.faults.add("500")

    statuses = [
        (await answer(http, "POST", messages_of(world), {"content": "a"}))[0] for _ in range(6)
    ]

    assert statuses == [500] * 5 + [429]


async def test_error_of_the_proxy_is_html(http: Http, world: World) -> None:
    world.faults.add("502", body="html")

    status, text = await answer(http, "POST", messages_of(world), {"content": "a"})

    assert status == 502
    assert text.startswith(b"<html>")
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)


@pytest.mark.parametrize("body", ["json", "html"])
async def test_junk_says_200_and_is_no_json(http: Http, world: World, body: str) -> None:
    world.faults.add("junk", body=body, done=True)

    status, text = await answer(http, "POST", messages_of(world), {"content": "a"})

    assert status == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(text)
    assert posted(world) == ["a"]


# -- answers that come late or never -------------------------------------------------------------


@pytest.mark.parametrize("kind", ["reset", "drop"])
@pytest.mark.parametrize("done", [True, False])
async def test_broken_connection_gives_no_answer(
    http: Http, world: World, kind: str, *, done: bool
) -> None:
    """With `done`, it did what was asked and said nothing."""
    world.faults.add(kind, path=SEND, done=done, times=1)

    with pytest.raises(BROKEN) as broken:
        await answer(http, "POST", messages_of(world), {"content": "a"})

    assert isinstance(broken.value, OSError) == (kind == "reset")
    assert posted(world) == (["a"] if done else [])
    assert (await http.get("/sandbox/requests"))["requests"][0]["status"] is None


@pytest.mark.parametrize("done", [True, False])
async def test_hang_answers_never_until_it_is_cleared(
    http: Http, world: World, *, done: bool
) -> None:
    fault = world.faults.add("hang", done=done)
    waiting = asyncio.ensure_future(answer(http, "POST", messages_of(world), {"content": "a"}))

    async def until_it_hangs() -> None:
        while not fault.fired or len(posted(world)) < done:
            await settle(1)

    await asyncio.wait_for(until_it_hangs(), PATIENCE)
    assert not waiting.done()
    world.faults.clear()

    with pytest.raises(BROKEN):
        await waiting
    assert posted(world) == (["a"] if done else [])


async def test_slow_acts_late_and_slow_but_done_acts_at_once(
    http: Http, world: World, clock: FakeClock
) -> None:
    path = messages_of(world)
    world.faults.add("slow", seconds=30, method="POST", times=1)
    late = await outlasting(clock, 30, http.post(path, {"content": "late"}))
    world.faults.add("slow", seconds=30, method="POST", times=1, done=True)
    seen: list[list[str]] = []
    task = asyncio.ensure_future(http.post(path, {"content": "early"}))

    async def until_posted() -> None:
        while not clock._sleepers:
            await settle(1)

    await asyncio.wait_for(until_posted(), PATIENCE)
    seen.append(posted(world))
    await clock.advance(30)
    early = await asyncio.wait_for(task, PATIENCE)

    assert seen == [["late", "early"]]
    assert (late["content"], early["content"]) == ("late", "early")


# -- nonces and tokens ---------------------------------------------------------------------------


async def test_forgotten_nonce_posts_a_second_time(http: Http, world: World) -> None:
    body = {"content": "a", "nonce": "n", "enforce_nonce": True}
    await http.post(messages_of(world), body)
    await http.post(messages_of(world), body)
    assert posted(world) == ["a"]

    world.faults.add("forget-nonces", bot="sage")
    await http.post(messages_of(world), body)

    assert posted(world) == ["a", "a"]


async def test_revoked_token_is_refused_until_it_is_cleared(
    http: Http, spark: Http, world: World
) -> None:
    fault = world.faults.add("revoke-token", bot="sage")
    assert await http.refused("GET", "/users/@me") == (401, 0)
    assert (await answer(spark, "GET", "/users/@me"))[0] == 200

    world.faults.clear(fault.id)

    assert (await answer(http, "GET", "/users/@me"))[0] == 200


async def test_guild_that_is_away_cannot_be_used(http: Http, world: World) -> None:
    world.faults.add("guild-unavailable", guild="multibot")

    assert (await answer(http, "POST", messages_of(world), {"content": "a"}))[0] == 503
    assert (await answer(http, "GET", "/users/@me"))[0] == 200
