"""The sandbox's own API: what the chat page, the commands and the tests rely on."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from multibot.errors import TemporaryError
from multibot.sandbox.app import RunningSandbox, start
from multibot.sandbox.entities import FORUM
from multibot.sandbox.world import World
from tests.sandbox.clients import PATIENCE, Http
from tests.sandbox.conftest import TOKEN_ONE, Connect


@pytest.fixture
async def events(sandbox: RunningSandbox, session: aiohttp.ClientSession) -> AsyncIterator["Watch"]:
    socket = await session.ws_connect(f"{sandbox.url}/sandbox/events")
    yield Watch(socket)
    await socket.close()


class Watch:
    """The page's websocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def next(self, kind: str) -> Any:
        """Return the data of the next event of this kind."""
        while (event := await self._socket.receive_json(timeout=PATIENCE))["type"] != kind:
            pass
        return event["data"]


async def test_state_names_everything_that_is_there(http: Http) -> None:
    await http.say("@sage", "hello")
    state = await http.get("/sandbox/state")

    guild = state["guilds"][0]
    assert guild["name"] == "multibot"
    assert [(c["name"], c["type"], c["parent_id"]) for c in guild["channels"]] == [
        ("general", 0, None),
        ("tech-python", 0, None),
    ]
    assert [user["name"] for user in state["users"]] == ["ada"]
    assert [(bot["name"], bot["online"], bot["status"]) for bot in state["bots"]] == [
        ("sage", False, "offline"),
        ("spark", False, "offline"),
    ]
    assert state["dms"][0]["user_id"] == state["users"][0]["id"]
    assert state["dms"][0]["bot_id"] == state["bots"][0]["id"]


async def test_message_has_the_shape_the_page_reads(http: Http) -> None:
    said = await http.say("#general", " hello ", author="grace")

    assert said.keys() == {
        *("id", "channel_id", "author", "content", "timestamp"),
        *("edited_timestamp", "reply_to", "nonce", "type"),
    }
    assert (said["content"], said["author"]["name"], said["author"]["bot"]) == (
        "hello",
        "grace",
        False,
    )


async def test_messages_after_an_id_come_oldest_first(http: Http) -> None:
    ids = [(await http.say("#general", str(n)))["id"] for n in range(5)]

    newest = await http.get("/sandbox/messages?channel=general&limit=2")
    after = await http.get(f"/sandbox/messages?channel=%23general&after={ids[1]}&limit=2")

    assert [m["content"] for m in newest["messages"]] == ["3", "4"]
    assert [m["content"] for m in after["messages"]] == ["2", "3"]


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"author": "ada", "content": "x"}, 400, "channel"),
        ({"channel": "#general", "content": "x"}, 400, "author"),
        ({"channel": "#nowhere", "author": "ada", "content": "x"}, 404, "#nowhere"),
        ({"channel": "@nobody", "author": "ada", "content": "x"}, 404, "@nobody"),
        ({"channel": "#general", "author": "sage", "content": "x"}, 400, "sage is a bot"),
        ({"channel": "#general", "author": "ada", "content": " "}, 400, "empty"),
        ({"channel": "#general", "author": "ada", "content": "x" * 2001}, 400, "Invalid"),
        ({"channel": "#ideas", "author": "ada", "content": "x"}, 400, "forum"),
        ([], 400, "JSON object"),
    ],
)
async def test_request_that_makes_no_sense_is_told(
    http: Http, world: World, body: Any, status: int, named: str
) -> None:
    world.add_channel("ideas", type=FORUM)

    response, answer = await http.raw("POST", "/sandbox/messages", body)

    assert response.status == status
    assert named in answer["error"]


async def test_received_can_be_read_on(http: Http, world: World) -> None:
    channel = world.find_channel("general")
    assert channel is not None
    for text in ("a", "b"):
        await http.post(f"/channels/{channel.id}/messages", {"content": text, "nonce": text})

    later = (await http.get("/sandbox/received?after=1"))["received"]

    assert [(r["n"], r["bot"], r["content"], r["nonce"]) for r in later] == [(2, "sage", "b", "b")]
    assert later[0]["at"].endswith("Z")


async def test_channels_threads_and_users_can_be_made(http: Http, events: Watch) -> None:
    channel = await http.post("/sandbox/channels", {"name": "music"})
    assert await events.next("channel_create") == channel
    forum = await http.post("/sandbox/channels", {"name": "ideas", "type": FORUM})
    post = await http.post(
        "/sandbox/threads", {"channel": forum["id"], "name": "an idea", "author": "grace"}
    )
    assert (await events.next("user_create"))["name"] == "grace"
    user = await http.post("/sandbox/users", {"name": "linus"})
    again = await http.post("/sandbox/users", {"name": "linus"})

    assert (post["parent_id"], post["type"]) == (forum["id"], 11)
    assert user == again
    found = await http.get(f"/sandbox/messages?channel={post['id']}")
    assert [m["content"] for m in found["messages"]] == ["an idea"]


async def test_page_hears_what_happens(http: Http, events: Watch, world: World) -> None:
    channel = world.find_channel("general")
    assert channel is not None
    said = await http.say("#general", "hello")
    assert await events.next("message_create") == said
    await http.post("/sandbox/typing", {"channel": "#general", "author": "ada"})
    assert (await events.next("typing"))["user"]["name"] == "ada"
    path = f"/channels/{channel.id}/messages"
    sent = await http.post(path, {"content": "one"})
    await http.patch(f"{path}/{sent['id']}", {"content": "two"})
    assert (await events.next("message_update"))["content"] == "two"
    await http.delete(f"{path}/{sent['id']}")

    gone = await events.next("message_delete")

    assert gone == {"id": sent["id"], "channel_id": channel.id}


async def test_page_sees_bots_come_and_go(connect: Connect, events: Watch, http: Http) -> None:
    sage = await connect(TOKEN_ONE)
    came = await events.next("presence")
    shown = (await http.get("/sandbox/state"))["bots"][0]
    await sage.close()
    went = await events.next("presence")

    assert (came["online"], came["status"]) == (True, "online")
    assert shown["online"] is True
    assert (went["bot_id"], went["online"], went["status"]) == (shown["id"], False, "offline")


async def test_port_in_use_is_a_clear_error(sandbox: RunningSandbox, world: World) -> None:
    port = int(sandbox.url.rpartition(":")[2])

    with pytest.raises(
        TemporaryError, match=rf"127\.0\.0\.1:{port}: Address already in use.*--port"
    ):
        await start(world, port=port)
