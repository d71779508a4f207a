"""Messages over REST: what Discord accepts, refuses, and answers with."""

from typing import Any

import pytest

from multibot.sandbox.world import World
from tests.sandbox.clients import Http

# https://docs.discord.com/developers/resources/message: the fields that are always there.
MESSAGE_FIELDS = {
    "id",
    "channel_id",
    "author",
    "content",
    "timestamp",
    "edited_timestamp",
    "tts",
    "mention_everyone",
    "mentions",
    "mention_roles",
    "attachments",
    "embeds",
    "pinned",
    "type",
    "flags",
    "components",
}


@pytest.fixture
def general(world: World) -> str:
    """Return the path of #general."""
    channel = world.find_channel("general")
    assert channel is not None
    return f"/channels/{channel.id}"


async def test_answer_is_json_and_nothing_else(http: Http, general: str) -> None:
    response, message = await http.raw("POST", f"{general}/messages", {"content": "hello"})

    assert response.status == 200
    assert response.headers["Content-Type"] == "application/json"
    assert message.keys() >= MESSAGE_FIELDS
    assert message["timestamp"].endswith("+00:00")
    assert message["author"]["bot"] is True


async def test_white_space_around_a_message_goes(http: Http, general: str) -> None:
    message = await http.post(f"{general}/messages", {"content": "\n  a\n b \n"})

    assert message["content"] == "a\n b"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"content": ""}, 50006, None),
        ({"content": "  \n"}, 50006, None),
        ({}, 50006, None),
        ({"content": "x" * 2001}, 50035, "content"),
        ({"content": 5}, 50035, "content"),
        ({"content": "x", "nonce": "n" * 26}, 50035, "nonce"),
        ({"content": "x", "nonce": {}}, 50035, "nonce"),
        ({"content": "x", "message_reference": {"message_id": "1"}}, 50035, "message_reference"),
        ({"content": "x", "embeds": [{}] * 11}, 50035, "embeds"),
        ({"content": "x", "embeds": 5}, 50035, "embeds"),
        ({"content": "x", "flags": "many"}, 50035, "flags"),
        ({"content": "x", "message_reference": 5}, 50035, "message_reference"),
        ({"content": "x", "allowed_mentions": {"parse": 5}}, 50035, "parse"),
        (
            {"content": "x", "allowed_mentions": {"users": ["1"] * 101}},
            50035,
            "allowed_mentions",
        ),
        (
            {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
            50035,
            "allowed_mentions",
        ),
    ],
)
async def test_body_that_discord_refuses(
    http: Http, general: str, body: dict[str, Any], code: int, field: str | None
) -> None:
    response, refusal = await http.raw("POST", f"{general}/messages", body)

    assert (response.status, refusal["code"]) == (400, code)
    assert field is None or field in refusal["errors"]
    assert (await http.get(f"{general}/messages")) == []


async def test_body_that_is_no_json_is_refused(http: Http, general: str) -> None:
    response, refusal = await http.raw("POST", f"{general}/messages", data=b"{")

    assert (response.status, refusal["code"]) == (400, 50109)


async def test_reply_to_a_message_that_is_gone_can_be_lenient(http: Http, general: str) -> None:
    reference = {"message_id": "1", "fail_if_not_exists": False}

    sent = await http.post(f"{general}/messages", {"content": "x", "message_reference": reference})

    assert sent["type"] == 0
    assert "message_reference" not in sent


async def test_reply_shows_what_it_answers_until_that_is_deleted(http: Http, general: str) -> None:
    first = await http.post(f"{general}/messages", {"content": "one"})
    reference = {"message_id": first["id"]}
    reply = await http.post(
        f"{general}/messages", {"content": "two", "message_reference": reference}
    )
    await http.delete(f"{general}/messages/{first['id']}")

    later = await http.get(f"{general}/messages/{reply['id']}")

    assert reply["type"] == 19
    assert reply["referenced_message"]["content"] == "one"
    assert reply["message_reference"]["message_id"] == first["id"]
    assert later["referenced_message"] is None


async def test_nonce_repeats_the_first_message_only_when_enforced(http: Http, general: str) -> None:
    first = await http.post(
        f"{general}/messages", {"content": "a", "nonce": "n", "enforce_nonce": True}
    )
    again = await http.post(
        f"{general}/messages", {"content": "b", "nonce": "n", "enforce_nonce": True}
    )
    loose = await http.post(f"{general}/messages", {"content": "c", "nonce": "n"})

    assert (again["id"], again["content"], again["nonce"]) == (first["id"], "a", "n")
    assert loose["id"] != first["id"]


async def test_deleted_message_is_not_made_again_by_its_nonce(http: Http, general: str) -> None:
    body = {"content": "a", "nonce": "n", "enforce_nonce": True}
    first = await http.post(f"{general}/messages", body)
    await http.delete(f"{general}/messages/{first['id']}")

    again = await http.post(f"{general}/messages", body)

    assert again["id"] == first["id"]
    assert await http.get(f"{general}/messages") == []


async def test_nonce_of_another_bot_is_another_nonce(
    http: Http, other_http: Http, general: str
) -> None:
    body = {"content": "a", "nonce": "n", "enforce_nonce": True}

    one = await http.post(f"{general}/messages", body)
    two = await other_http.post(f"{general}/messages", body)

    assert one["id"] != two["id"]


async def test_edit_changes_text_and_mentions_of_own_messages_only(
    http: Http, other_http: Http, general: str, world: World
) -> None:
    ada = world.find_user("ada")
    assert ada is not None
    message = await http.post(f"{general}/messages", {"content": "a"})
    path = f"{general}/messages/{message['id']}"

    edited = await http.patch(path, {"content": f" <@{ada.id}> "})

    assert edited["content"] == f"<@{ada.id}>"
    assert [user["username"] for user in edited["mentions"]] == ["ada"]
    assert edited["edited_timestamp"] is not None
    assert await http.refused("PATCH", path, {"content": ""}) == (400, 50006)
    assert await other_http.refused("PATCH", path, {"content": "x"}) == (403, 50005)
    assert await other_http.refused("DELETE", path) == (403, 50013)


async def test_edit_of_embeds_and_attachments(http: Http, general: str) -> None:
    sent = await http.post(f"{general}/messages", {"embeds": [{"title": "a"}]})
    path = f"{general}/messages/{sent['id']}"

    edited = await http.patch(path, {"embeds": [{"title": "b"}], "attachments": [], "flags": 4})

    assert sent["embeds"] == [{"type": "rich", "title": "a"}]
    assert (edited["embeds"][0]["title"], edited["flags"]) == ("b", 4)
    assert await http.refused("PATCH", path, {"embeds": []}) == (400, 50006)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [5, 4, 3, 2, 1, 0]),
        ("?limit=2", [5, 4]),
        ("?limit=2&before={3}", [2, 1]),
        ("?limit=2&after={1}", [3, 2]),
        ("?limit=3&around={2}", [3, 2, 1]),
        ("?limit=1&around={2}", [2]),
        ("?after={5}", []),
    ],
)
async def test_history(http: Http, general: str, query: str, expected: list[int]) -> None:
    """Whatever the direction, the newest comes first."""
    ids = [(await http.post(f"{general}/messages", {"content": str(n)}))["id"] for n in range(6)]

    found = await http.get(f"{general}/messages{query.format(*ids)}")

    assert [int(message["content"]) for message in found] == expected


@pytest.mark.parametrize("query", ["?limit=0", "?limit=101", "?limit=x", "?before=x"])
async def test_history_refuses_what_is_no_number(http: Http, general: str, query: str) -> None:
    assert await http.refused("GET", f"{general}/messages{query}") == (400, 50035)
