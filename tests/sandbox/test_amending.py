"""Edits and deletions by people, and what an unmodified discord.py hears of them."""

from typing import Any

import pytest

from multibot.errors import UsageError
from multibot.sandbox.app import RunningSandbox
from tests.sandbox.clients import Http
from tests.sandbox.conftest import TOKEN_ONE, Connect
from tests.sandbox.shell import shell


async def messages(http: Http, channel: str = "general") -> list[tuple[str, Any]]:
    found = (await http.get(f"/sandbox/messages?channel={channel}"))["messages"]
    return [(each["content"], each["edited_timestamp"] is not None) for each in found]


async def test_an_edit_is_told_with_the_whole_message(
    sandbox: RunningSandbox, connect: Connect, http: Http
) -> None:
    bot = await connect(TOKEN_ONE)
    said = await http.say("#general", "helo", author="ada")
    _, printed, _ = await shell(sandbox.url, "edit", said["id"], "hello @sage", "--as", "ada")

    heard = await bot.hears("raw_message_edit")
    assert printed.strip() == said["id"]
    assert (str(heard.message_id), str(heard.channel_id)) == (said["id"], said["channel_id"])
    assert heard.message.edited_at is not None
    assert bot.user is not None
    assert heard.message.mentions == [bot.user]
    assert await messages(http) == [(f"hello <@{bot.user.id}>", True)]


async def test_one_deletion_is_told_by_its_id(
    sandbox: RunningSandbox, connect: Connect, http: Http
) -> None:
    bot = await connect(TOKEN_ONE)
    said = await http.say("#general", "oops", author="ada")
    _, printed, _ = await shell(sandbox.url, "delete", said["id"], "--as", "ada")

    heard = await bot.hears("raw_message_delete")
    assert printed.split() == [said["id"]]
    assert (str(heard.message_id), str(heard.channel_id)) == (said["id"], said["channel_id"])
    assert heard.guild_id is not None
    assert await messages(http) == []


async def test_a_moderator_deletes_several_at_once(
    sandbox: RunningSandbox, connect: Connect, http: Http
) -> None:
    bot = await connect(TOKEN_ONE)
    said = [await http.say("#general", f"spam {n}", author="eve") for n in range(3)]
    ids = [each["id"] for each in said]
    _, printed, _ = await shell(sandbox.url, "delete", *ids[:2])

    heard = await bot.hears("raw_bulk_message_delete")
    assert printed.split() == ids[:2]
    assert {str(each) for each in heard.message_ids} == set(ids[:2])
    assert bot.count("raw_message_delete") == 0
    assert await messages(http) == [("spam 2", False)]


async def test_nobody_touches_what_is_not_theirs(sandbox: RunningSandbox, http: Http) -> None:
    said = await http.say("#general", "mine", author="ada")
    await http.say("#general", "here", author="eve")
    direct = [await http.say("@sage", f"private {n}", author="ada") for n in range(2)]
    for arguments, refusal in (
        (("edit", said["id"], "x", "--as", "eve"), "authored by another user"),
        (("edit", said["id"], " ", "--as", "ada"), "empty message"),
        (("delete", said["id"], "--as", "eve"), "Missing Permissions"),
        (("delete", direct[0]["id"]), "Missing Permissions"),
        (("delete", *(each["id"] for each in direct), "--as", "ada"), "Missing Permissions"),
        (("delete", said["id"], direct[0]["id"]), "not all in one channel"),
        (("delete", "1"), "Unknown Message"),
        (("delete", said["id"], "--as", "nobody"), "There is no person nobody"),
        (("edit", said["id"], "x", "--as", "sage"), "There is no person sage"),
    ):
        with pytest.raises(UsageError, match=refusal):
            await shell(sandbox.url, *arguments)
    assert await messages(http) == [("mine", False), ("here", False)]
