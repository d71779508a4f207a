"""The gateway's rules as a client without a library meets them."""

import asyncio

import pytest

from multibot.sandbox.app import RunningSandbox
from multibot.sandbox.gateway_dialogue import ACK_SECONDS
from multibot.sandbox.gateway_session import HEARTBEAT, RECONNECT
from multibot.sandbox.world import World
from tests.sandbox.clients import Http
from tests.sandbox.conftest import TOKEN_ONE, Open

GUILDS = 1 << 0
GUILD_MESSAGES = 1 << 9
DIRECT_MESSAGES = 1 << 12
MESSAGE_CONTENT = 1 << 15
TALK = GUILDS | GUILD_MESSAGES | DIRECT_MESSAGES


async def test_hello_comes_first_and_a_heartbeat_is_acknowledged(open_gateway: Open) -> None:
    gateway = await open_gateway()

    hello = await gateway.next()
    await gateway.send(1, None)

    assert hello["op"] == 10
    assert hello["d"]["heartbeat_interval"] == 41250
    assert (await gateway.next())["op"] == 11


async def test_a_heartbeat_is_answered_from_a_distance(open_gateway: Open) -> None:
    """On this machine the answer would be there before discord.py has noted that it asked."""
    gateway = await open_gateway()
    await gateway.next()
    loop = asyncio.get_running_loop()

    asked = loop.time()
    await gateway.send(1, None)
    await gateway.next()

    assert loop.time() - asked >= ACK_SECONDS


async def test_events_are_numbered_from_ready_on(open_gateway: Open, http: Http) -> None:
    gateway = await open_gateway()
    ready = await gateway.identify(TOKEN_ONE)
    assert [guild["unavailable"] for guild in ready["guilds"]] == [True]
    created = await gateway.next()
    await http.say("#general", "hello")
    said = await gateway.next()

    assert [(p["s"], p["t"]) for p in (created, said)] == [
        (2, "GUILD_CREATE"),
        (3, "MESSAGE_CREATE"),
    ]
    assert created["d"]["channels"][0]["last_message_id"] is None


async def test_guild_snapshot_shows_where_each_channel_stands(
    open_gateway: Open, http: Http
) -> None:
    """`last_message_id` tells a client what it missed, in channels and threads."""
    said = await http.say("#general", "hello")
    thread = await http.post(
        "/sandbox/threads", {"channel": "#general", "name": "talk", "author": "ada"}
    )
    inside = await http.say(thread["id"], "inside")
    gateway = await open_gateway()
    await gateway.identify(TOKEN_ONE)

    guild = (await gateway.event("GUILD_CREATE"))["d"]

    assert int(guild["channels"][0]["last_message_id"]) > int(said["id"])
    assert [(t["name"], t["last_message_id"]) for t in guild["threads"]] == [("talk", inside["id"])]
    assert [member["user"]["username"] for member in guild["members"]] == ["sage"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ((2, {"token": "nobody", "intents": 1}), 4004),
        ((2, {"token": TOKEN_ONE}), 4013),
        ((2, {"token": TOKEN_ONE, "intents": 1 << 40}), 4013),
        ((2, {"token": TOKEN_ONE, "intents": 1, "shard": [2, 1]}), 4010),
        ((2, "not an object"), 4002),
        ((3, {"status": "idle"}), 4003),
        ((99, {}), 4001),
        ((6, {"token": "nobody", "session_id": "x", "seq": 1}), 4004),
    ],
)
async def test_client_that_breaks_a_rule_is_closed_with_its_code(
    open_gateway: Open, said: tuple[int, object], code: int
) -> None:
    gateway = await open_gateway()

    await gateway.send(*said)

    assert await gateway.close_code() == code


async def test_intent_that_is_not_switched_on_closes_with_4014(
    open_gateway: Open, world: World
) -> None:
    world.add_application("sandbox-token-plain", "plain", intents=0)
    gateway = await open_gateway()

    await gateway.send(2, {"token": "sandbox-token-plain", "intents": MESSAGE_CONTENT})

    assert await gateway.close_code() == 4014


async def test_second_identify_closes_with_4005(open_gateway: Open) -> None:
    gateway = await open_gateway()
    await gateway.identify(TOKEN_ONE)

    await gateway.send(2, {"token": TOKEN_ONE, "intents": 1})

    assert await gateway.close_code() == 4005


async def test_text_that_is_no_json_closes_with_4002(open_gateway: Open) -> None:
    gateway = await open_gateway()

    await gateway.socket.send_str("hello?")

    assert await gateway.close_code() == 4002


async def test_too_many_payloads_close_with_4008(open_gateway: Open) -> None:
    gateway = await open_gateway()

    for _ in range(121):
        await gateway.send(1, None)

    assert await gateway.close_code() == 4008


@pytest.mark.parametrize("query", ["?v=6&encoding=json", "?v=10&encoding=etf"])
async def test_other_versions_and_encodings_are_refused(open_gateway: Open, query: str) -> None:
    gateway = await open_gateway(query)

    assert await gateway.close_code() in {4012, 4002}


async def test_zlib_stream_is_one_stream_for_all_payloads(open_gateway: Open, http: Http) -> None:
    gateway = await open_gateway("?v=10&encoding=json&compress=zlib-stream", inflate=True)
    assert (await gateway.next())["op"] == 10
    await gateway.identify(TOKEN_ONE)
    await gateway.event("GUILD_CREATE")
    await http.say("#general", "hello")

    assert (await gateway.event("MESSAGE_CREATE"))["d"]["author"]["username"] == "ada"


async def test_text_is_kept_from_a_bot_without_the_content_intent(
    open_gateway: Open, http: Http, world: World
) -> None:
    """Direct messages, mentions and its own messages are the exceptions."""
    gateway = await open_gateway()
    me = (await gateway.identify(TOKEN_ONE, TALK))["user"]["id"]
    await http.say("#general", "secret")
    await http.say("#general", f"<@{me}> told")
    await http.say("@sage", "direct")
    general = world.find_channel("general")
    assert general is not None
    await http.post(f"/channels/{general.id}/messages", {"content": "own"})

    heard = [(await gateway.event("MESSAGE_CREATE"))["d"]["content"] for _ in range(4)]

    assert heard == ["", f"<@{me}> told", "direct", "own"]


async def test_only_wanted_events_come(open_gateway: Open, http: Http) -> None:
    """Without the intent for direct messages, the next event is the one in the guild."""
    gateway = await open_gateway()
    await gateway.identify(TOKEN_ONE, GUILDS | GUILD_MESSAGES | MESSAGE_CONTENT)
    await http.say("@sage", "direct")
    await http.say("#general", "public")

    assert (await gateway.event("MESSAGE_CREATE"))["d"]["content"] == "public"


async def test_message_in_a_guild_brings_its_member(open_gateway: Open, http: Http) -> None:
    gateway = await open_gateway()
    await gateway.identify(TOKEN_ONE, TALK | MESSAGE_CONTENT)
    await http.say("#general", "hello")
    message = (await gateway.event("MESSAGE_CREATE"))["d"]
    await http.say("@sage", "hello")
    direct = (await gateway.event("MESSAGE_CREATE"))["d"]

    assert message["member"]["joined_at"]
    assert "user" not in message["member"]
    assert message["guild_id"]
    assert "guild_id" not in direct
    assert "member" not in direct


async def test_server_can_ask_for_a_heartbeat_and_a_reconnect(
    open_gateway: Open, sandbox: RunningSandbox
) -> None:
    gateway = await open_gateway()
    ready = await gateway.identify(TOKEN_ONE)
    session = sandbox.hub.sessions[ready["session_id"]]

    session.ask(HEARTBEAT)
    session.ask(RECONNECT)

    assert (await gateway.op(1))["d"] is None
    assert (await gateway.op(7))["d"] is None


async def test_members_are_sent_in_a_chunk(open_gateway: Open, world: World) -> None:
    guild = next(iter(world.guilds))
    gateway = await open_gateway()
    await gateway.identify(TOKEN_ONE)

    await gateway.send(8, {"guild_id": guild, "query": "ad", "limit": 5, "nonce": "n1"})
    by_name = (await gateway.event("GUILD_MEMBERS_CHUNK"))["d"]
    await gateway.send(8, {"guild_id": guild, "user_ids": ["1"], "limit": 0})
    by_id = (await gateway.event("GUILD_MEMBERS_CHUNK"))["d"]

    assert [member["user"]["username"] for member in by_name["members"]] == ["ada"]
    assert (by_name["nonce"], by_name["chunk_count"]) == ("n1", 1)
    assert (by_id["members"], by_id["not_found"]) == ([], ["1"])


async def test_zstd_that_is_not_installed_is_answered_with_text(open_gateway: Open) -> None:
    """Clients read text on a compressed connection; the locked environment has no zstandard."""
    gateway = await open_gateway("?v=10&encoding=json&compress=zstd-stream")

    assert (await gateway.next())["op"] == 10


async def test_new_member_is_announced(open_gateway: Open, world: World) -> None:
    gateway = await open_gateway()
    await gateway.identify(TOKEN_ONE, GUILDS | 1 << 1)

    world.add_user("grace")

    assert (await gateway.event("GUILD_MEMBER_ADD"))["d"]["user"]["username"] == "grace"


async def test_new_guild_arrives_with_its_channels_to_come(
    open_gateway: Open, world: World
) -> None:
    gateway = await open_gateway()
    await gateway.identify(TOKEN_ONE)
    await gateway.event("GUILD_CREATE")

    guild = world.add_guild("second")
    world.add_channel("hall", guild=guild)

    assert (await gateway.event("GUILD_CREATE"))["d"]["name"] == "second"
    assert (await gateway.event("CHANNEL_CREATE"))["d"]["name"] == "hall"


async def test_messages_deleted_together_are_one_event(
    open_gateway: Open, http: Http, world: World
) -> None:
    guild = next(iter(world.guilds.values()))
    guild.roles[guild.id].permissions |= 1 << 13
    general = world.find_channel("general")
    assert general is not None
    gateway = await open_gateway()
    await gateway.identify(TOKEN_ONE)
    ids = [(await http.say("#general", str(n)))["id"] for n in range(2)]

    nobodys = world.ids.next()
    await http.post(f"/channels/{general.id}/messages/bulk-delete", {"messages": [*ids, nobodys]})

    deleted = (await gateway.event("MESSAGE_DELETE_BULK"))["d"]
    assert deleted == {"ids": ids, "channel_id": general.id, "guild_id": guild.id}


async def test_sandbox_that_closes_lets_its_clients_go(
    open_gateway: Open, sandbox: RunningSandbox
) -> None:
    gateway = await open_gateway()
    await gateway.identify(TOKEN_ONE)

    _, code = await asyncio.gather(sandbox.close(), gateway.close_code())

    assert code == 1001
