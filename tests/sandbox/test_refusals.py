"""Who may do what over REST, and what Discord says to everybody else."""

import pytest

from multibot.sandbox.entities import Overwrite
from multibot.sandbox.permissions import READ_MESSAGE_HISTORY, SEND_MESSAGES, VIEW_CHANNEL
from multibot.sandbox.world import World
from tests.sandbox.clients import Http


def path_of(world: World, name: str) -> str:
    channel = world.find_channel(name)
    assert channel is not None
    return f"/channels/{channel.id}"


@pytest.fixture
def general(world: World) -> str:
    """Return the path of #general."""
    return path_of(world, "general")


async def test_reaction_of_somebody_else_is_taken_away_with_permission(
    http: Http, other_http: Http, general: str, world: World
) -> None:
    spark = world.find_user("spark")
    assert spark is not None
    sent = await http.post(f"{general}/messages", {"content": "x"})
    path = f"{general}/messages/{sent['id']}/reactions/%F0%9F%91%8D"
    await other_http.put(f"{path}/@me")
    assert await http.refused("DELETE", f"{path}/{spark.id}") == (403, 50013)
    for role in next(iter(world.guilds.values())).roles.values():
        role.permissions |= 1 << 13

    await http.delete(f"{path}/{spark.id}")

    assert "reactions" not in await http.get(f"{general}/messages/{sent['id']}")


async def test_everyone_is_not_pinged_by_who_may_not(http: Http, general: str) -> None:
    message = await http.post(f"{general}/messages", {"content": "@everyone come"})

    assert message["mention_everyone"] is False


async def test_bulk_delete_needs_its_permission_and_counts(http: Http, general: str) -> None:
    sent = [await http.post(f"{general}/messages", {"content": str(n)}) for n in range(3)]
    ids = [message["id"] for message in sent]

    assert await http.refused("POST", f"{general}/messages/bulk-delete", {"messages": ids}) == (
        403,
        50013,
    )


async def test_bulk_delete(http: Http, world: World, general: str) -> None:
    world.guilds[next(iter(world.guilds))].roles[next(iter(world.guilds))].permissions |= 1 << 13
    sent = [await http.post(f"{general}/messages", {"content": str(n)}) for n in range(3)]
    ids = [message["id"] for message in sent]

    path = f"{general}/messages/bulk-delete"
    assert await http.refused("POST", path, {"messages": ids[:1]}) == (400, 50016)
    assert await http.refused("POST", path, {"messages": [*ids[:2], "1"]}) == (400, 50034)
    assert await http.post(path, {"messages": ids[:2]}) is None

    assert [m["id"] for m in await http.get(f"{general}/messages")] == [ids[2]]


async def test_what_does_not_exist(http: Http, general: str) -> None:
    assert await http.refused("GET", "/channels/1") == (404, 10003)
    assert await http.refused("GET", f"{general}/messages/1") == (404, 10008)
    assert await http.refused("GET", "/guilds/1") == (404, 10004)
    assert await http.refused("GET", "/users/1") == (404, 10013)
    assert await http.refused("GET", "/nonsense") == (404, 0)
    assert await http.refused("PUT", f"{general}/messages/1/reactions/nothing/@me") == (404, 10008)


async def test_who_has_no_token_gets_401(http: Http, general: str) -> None:
    for headers in ({}, {"Authorization": "Bot nobody"}, {"Authorization": "Bearer x"}):
        response, refusal = await http.raw("GET", general, headers=headers)

        assert (response.status, refusal) == (401, {"message": "401: Unauthorized", "code": 0})


async def test_permissions_of_a_channel_are_kept(http: Http, world: World) -> None:
    guild = next(iter(world.guilds))
    world.add_channel("hidden", overwrites=[Overwrite(guild, deny=VIEW_CHANNEL)])
    world.add_channel("silent", overwrites=[Overwrite(guild, deny=SEND_MESSAGES)])
    world.add_channel("forgetful", overwrites=[Overwrite(guild, deny=READ_MESSAGE_HISTORY)])
    hidden, silent = path_of(world, "hidden"), path_of(world, "silent")
    forgetful = path_of(world, "forgetful")

    assert await http.refused("GET", hidden) == (403, 50001)
    assert await http.refused("POST", f"{silent}/messages", {"content": "x"}) == (403, 50013)
    assert await http.refused("POST", f"{silent}/typing") == (403, 50013)
    said = await http.post(f"{forgetful}/messages", {"content": "x"})
    assert await http.get(f"{forgetful}/messages") == []
    for lenient in (True, False):
        reference = {"message_id": said["id"], "fail_if_not_exists": lenient}
        reply = {"content": "x", "message_reference": reference}
        assert await http.refused("POST", f"{forgetful}/messages", reply) == (403, 160002)


async def test_member_overwrite_wins_over_everyone(http: Http, world: World) -> None:
    guild = next(iter(world.guilds))
    sage = world.find_user("sage")
    assert sage is not None
    rules = [Overwrite(guild, deny=VIEW_CHANNEL), Overwrite(sage.id, type=1, allow=VIEW_CHANNEL)]
    world.add_channel("private", overwrites=rules)

    channel = await http.get(path_of(world, "private"))

    assert channel["permission_overwrites"] == [
        {"id": guild, "type": 0, "allow": "0", "deny": "1024"},
        {"id": sage.id, "type": 1, "allow": "1024", "deny": "0"},
    ]


async def test_reaction_with_an_unknown_emoji_is_refused(http: Http, general: str) -> None:
    message = await http.post(f"{general}/messages", {"content": "x"})

    path = f"{general}/messages/{message['id']}/reactions/smile/@me"

    assert await http.refused("PUT", path) == (404, 10014)


async def test_message_to_another_bot_is_refused(http: Http, world: World) -> None:
    spark = world.find_user("spark")
    assert spark is not None
    channel = await http.post("/users/@me/channels", {"recipient_id": spark.id})

    path = f"/channels/{channel['id']}/messages"

    assert await http.refused("POST", path, {"content": "hi"}) == (403, 50007)
