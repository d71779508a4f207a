"""Channels, threads, guilds and applications over REST, in complete shapes."""

from typing import Any

import pytest

from multibot.sandbox.entities import FORUM, PRIVATE_THREAD, PUBLIC_THREAD
from multibot.sandbox.world import World
from tests.sandbox.clients import Bot, Http
from tests.sandbox.conftest import TOKEN_TWO, Connect

# The fields that Discord's documentation names as always present.
GUILD_FIELDS = {
    *("id", "name", "icon", "splash", "discovery_splash", "owner_id", "afk_channel_id"),
    *("afk_timeout", "verification_level", "default_message_notifications", "roles", "emojis"),
    *("explicit_content_filter", "features", "mfa_level", "application_id", "system_channel_id"),
    *("system_channel_flags", "rules_channel_id", "vanity_url_code", "description", "banner"),
    *("premium_tier", "preferred_locale", "public_updates_channel_id", "nsfw_level"),
    *("premium_progress_bar_enabled", "safety_alerts_channel_id", "incidents_data"),
}
APPLICATION_FIELDS = {
    *("id", "name", "icon", "description", "bot_public", "bot_require_code_grant", "bot"),
    *("owner", "verify_key", "team", "flags", "event_webhooks_status", "integration_types_config"),
}
USER_FIELDS = {"id", "username", "discriminator", "global_name", "avatar"}
ROLE_FIELDS = {
    *("id", "name", "color", "colors", "hoist", "position", "permissions", "managed"),
    *("mentionable", "flags"),
}
MEMBER_FIELDS = {"user", "roles", "joined_at", "deaf", "mute", "flags", "nick", "avatar"}
THREAD_FIELDS = {
    *("id", "type", "guild_id", "parent_id", "owner_id", "name", "last_message_id", "flags"),
    *("rate_limit_per_user", "message_count", "member_count", "thread_metadata"),
    *("total_message_sent", "member"),
}


def path_of(world: World, name: str) -> str:
    channel = world.find_channel(name)
    assert channel is not None
    return f"/channels/{channel.id}"


async def test_objects_are_complete(http: Http, world: World) -> None:
    guild_id = next(iter(world.guilds))
    guild = await http.get(f"/guilds/{guild_id}?with_counts=true")
    application = await http.get("/applications/@me")
    members = await http.get(f"/guilds/{guild_id}/members?limit=10")

    assert guild.keys() >= GUILD_FIELDS
    assert guild["approximate_member_count"] == 4
    assert application.keys() >= APPLICATION_FIELDS
    assert application == await http.get("/oauth2/applications/@me")
    assert application["flags"] & 1 << 19
    assert (await http.get("/users/@me")).keys() >= USER_FIELDS | {"email", "verified"}
    assert all(member.keys() >= MEMBER_FIELDS for member in members)
    assert all(member["user"].keys() >= USER_FIELDS for member in members)
    roles = await http.get(f"/guilds/{guild_id}/roles")
    assert all(role.keys() >= ROLE_FIELDS for role in roles)
    assert [role.get("tags", {}).keys() for role in roles] == [set(), {"bot_id"}, {"bot_id"}]


async def test_members_are_paged_by_id(http: Http, world: World) -> None:
    guild = f"/guilds/{next(iter(world.guilds))}"
    first = await http.get(f"{guild}/members?limit=3")
    rest = await http.get(f"{guild}/members?limit=3&after={first[-1]['user']['id']}")

    assert [len(first), len(rest)] == [3, 1]
    assert await http.refused("GET", f"{guild}/members?limit=1001") == (400, 50035)
    assert await http.refused("GET", f"{guild}/members/1") == (404, 10007)
    one = await http.get(f"{guild}/members/{rest[0]['user']['id']}")
    assert one == rest[0]
    assert (await http.get("/users/@me/guilds"))[0]["owner"] is False


async def test_guild_channels_leave_threads_out(http: Http, world: World) -> None:
    await http.post("/sandbox/threads", {"channel": "#general", "name": "talk", "author": "ada"})
    guild = next(iter(world.guilds))

    channels = await http.get(f"/guilds/{guild}/channels")
    active = await http.get(f"/guilds/{guild}/threads/active")

    assert [channel["name"] for channel in channels] == ["general", "tech-python"]
    assert [channel["topic"] for channel in channels] == [None, "Python only"]
    assert [thread["name"] for thread in active["threads"]] == ["talk"]
    assert active["members"] == []


async def test_thread_started_alone_leaves_a_note(http: Http, world: World) -> None:
    general = path_of(world, "general")
    body = {"name": "talk", "type": PUBLIC_THREAD}
    response, thread = await http.raw("POST", f"{general}/threads", body)

    assert response.status == 201
    assert thread.keys() >= THREAD_FIELDS
    note = (await http.get(f"{general}/messages"))[0]
    assert (note["type"], note["content"]) == (18, "talk")
    assert note["message_reference"]["channel_id"] == thread["id"]


async def test_thread_on_a_message_is_started_once(http: Http, world: World) -> None:
    general = path_of(world, "general")
    message = await http.post(f"{general}/messages", {"content": "x"})
    path = f"{general}/messages/{message['id']}/threads"
    thread = await http.post(path, {"name": "talk"})
    inside = await http.post(f"/channels/{thread['id']}/messages", {"content": "y"})

    assert thread["id"] == message["id"]
    assert inside["position"] == 1
    assert await http.refused("POST", path, {"name": "again"}) == (400, 160004)


async def test_private_thread_is_seen_by_who_was_added(
    http: Http, other_http: Http, world: World
) -> None:
    for role in next(iter(world.guilds.values())).roles.values():
        role.permissions &= ~(1 << 34)
    spark = world.find_user("spark")
    assert spark is not None
    body = {"name": "secret", "type": PRIVATE_THREAD}
    thread = await http.post(f"{path_of(world, 'general')}/threads", body)
    path = f"/channels/{thread['id']}"
    assert await other_http.refused("GET", path) == (403, 50001)

    await http.put(f"{path}/thread-members/{spark.id}")

    assert (await other_http.get(path))["name"] == "secret"
    members = await http.get(f"{path}/thread-members")
    assert [member["user_id"] for member in members][1:] == [spark.id]
    await other_http.delete(f"{path}/thread-members/@me")
    assert await other_http.refused("GET", path) == (403, 50001)


async def test_archived_thread_wakes_with_a_message_unless_locked(http: Http, world: World) -> None:
    thread = await http.post(
        "/sandbox/threads", {"channel": "#general", "name": "talk", "author": "ada"}
    )
    path = f"/channels/{thread['id']}"
    archived = await http.patch(path, {"archived": True})
    listed = await http.get(f"{path_of(world, 'general')}/threads/archived/public")
    await http.post(f"{path}/messages", {"content": "awake"})
    awake = await http.get(path)
    await http.patch(path, {"archived": True, "locked": True})

    assert archived["thread_metadata"]["archived"] is True
    assert [one["id"] for one in listed["threads"]] == [thread["id"]]
    assert awake["thread_metadata"]["archived"] is False
    assert await http.refused("POST", f"{path}/messages", {"content": "x"}) == (400, 50083)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"name": "idea"}, (400, 50035)),
        ({"name": "", "message": {"content": "x"}}, (400, 50035)),
        ({"name": "idea", "message": {"content": " "}}, (400, 50006)),
        ({"name": "n" * 101, "message": {"content": "x"}}, (400, 50035)),
    ],
)
async def test_forum_post_needs_a_name_and_a_message(
    http: Http, world: World, body: dict[str, Any], expected: tuple[int, int]
) -> None:
    forum = world.add_channel("ideas", type=FORUM)

    assert await http.refused("POST", f"/channels/{forum.id}/threads", body) == expected
    refused = await http.refused("POST", f"/channels/{forum.id}/messages", {"content": "x"})
    assert refused == (400, 50008)


async def test_channel_is_changed_and_deleted_only_with_permission(
    connect: Connect, http: Http, world: World
) -> None:
    general = path_of(world, "general")
    assert await http.refused("PATCH", general, {"topic": "x"}) == (403, 50013)
    assert await http.refused("DELETE", general) == (403, 50013)
    for role in next(iter(world.guilds.values())).roles.values():
        role.permissions |= 1 << 4
    spark: Bot = await connect(TOKEN_TWO)

    changed = await http.patch(general, {"topic": "talk", "name": "lounge"})
    _, after = await spark.hears("guild_channel_update")
    await http.delete(general)
    gone = await spark.hears("guild_channel_delete")

    assert (changed["topic"], changed["name"]) == ("talk", "lounge")
    assert (after.topic, gone.name) == ("talk", "lounge")
    assert await http.refused("GET", general) == (404, 10003)


async def test_direct_channel_is_one_per_pair(http: Http, world: World) -> None:
    ada = world.find_user("ada")
    assert ada is not None
    first = await http.post("/users/@me/channels", {"recipient_id": ada.id})
    second = await http.post("/users/@me/channels", {"recipient_id": ada.id})

    assert first == second
    assert (first["type"], [user["id"] for user in first["recipients"]]) == (1, [ada.id])
    assert await http.refused("POST", "/users/@me/channels", {"recipient_id": "1"}) == (404, 10013)
    assert await http.refused("PATCH", f"/channels/{first['id']}", {"name": "x"}) == (403, 50003)


async def test_stranger_to_a_guild_does_not_see_it(http: Http, world: World) -> None:
    guild = world.add_guild("elsewhere", members=[])
    channel = world.add_channel("there", guild=guild)

    assert await http.refused("GET", f"/guilds/{guild.id}") == (404, 10004)
    assert await http.refused("GET", f"/channels/{channel.id}") == (403, 50001)
