"""What whoever runs the bots says of their talk: kept for the page, and for nobody else."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from multibot.sandbox import app
from multibot.sandbox.remote import Remote
from multibot.sandbox.world import World
from tests.fakes import FakeClock

Http = aiohttp.ClientSession


@pytest.fixture
def world(clock: FakeClock) -> World:
    made = World(clock)
    made.add_guild("guild")
    made.add_channel("general")
    return made


@pytest.fixture
async def http(world: World) -> AsyncIterator[Http]:
    running = await app.start(world)
    async with aiohttp.ClientSession(running.url) as session:
        yield session
    await running.close()


def note(world: World, **changes: Any) -> dict[str, Any]:
    (channel,) = (each for each in world.channels.values() if each.name == "general")
    usual = {
        "channel_id": channel.id,
        "state": "chain",
        "bots": ["sage", "spark"],
        "count": 3,
        "limit": 5,
        "left_seconds": 42,
    }
    return usual | changes


async def put(http: Http, *notes: object) -> tuple[int, Any]:
    async with http.put("/sandbox/talk", json={"channels": list(notes)}) as answer:
        return answer.status, await answer.json()


async def test_it_is_part_of_the_state_until_its_time_is_over(
    http: Http, world: World, clock: FakeClock
) -> None:
    told = note(world)
    status, kept = await put(http, told)

    assert (status, kept) == (200, {"channels": [told]})
    clock.tick(2)
    async with http.get("/sandbox/state") as answer:
        assert (await answer.json())["talk"] == [told | {"left_seconds": 40}]
    clock.tick(40)
    async with http.get("/sandbox/talk") as answer:
        assert await answer.json() == {"channels": []}


async def test_who_watches_is_told_at_once_and_bots_are_not(http: Http, world: World) -> None:
    async with http.ws_connect("/sandbox/events") as watching:
        await put(http, note(world))
        event = await asyncio.wait_for(watching.receive_json(), 5)

    assert event == {"type": "talk", "data": {"channels": [note(world)]}}


async def test_each_time_the_whole_is_told_anew(http: Http, world: World) -> None:
    await put(http, note(world))
    _, kept = await put(http)

    assert kept == {"channels": []}


async def test_a_channel_that_is_not_here_is_left_out(http: Http, world: World) -> None:
    status, kept = await put(http, note(world, channel_id="5"))

    assert (status, kept) == (200, {"channels": []})


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "party"},
        {"channel_id": 5},
        {"bots": "sage"},
        {"bots": [1]},
        {"count": "3"},
        {"count": -1},
        {"limit": True},
        {"left_seconds": 1e9},
    ],
)
async def test_nonsense_is_refused_and_changes_nothing(
    http: Http, world: World, changes: dict[str, Any]
) -> None:
    await put(http, note(world))
    status, answer = await put(http, note(world, **changes))

    assert status == 400
    assert answer["error"]
    async with http.get("/sandbox/talk") as kept:
        assert len((await kept.json())["channels"]) == 1


@pytest.mark.parametrize("body", [{}, {"channels": {}}, {"channels": [1]}])
async def test_a_body_of_another_shape_is_refused(http: Http, body: dict[str, Any]) -> None:
    async with http.put("/sandbox/talk", json=body) as answer:
        assert answer.status == 400


async def test_another_process_tells_it(http: Http, world: World) -> None:
    remote = Remote(str(http._base_url))
    await asyncio.to_thread(remote.tell_talk, [note(world)])

    async with http.get("/sandbox/talk") as answer:
        assert (await answer.json())["channels"] == [note(world)]
