"""Threads and forum posts as discord.py sees them."""

import discord

from multibot.sandbox.entities import FORUM
from multibot.sandbox.world import World
from tests.sandbox.clients import Bot, Http, text_channel
from tests.sandbox.conftest import Connect


async def test_message_in_a_thread_knows_its_parent(sage: Bot, http: Http) -> None:
    thread = await http.post(
        "/sandbox/threads", {"channel": "#tech-python", "name": "typing", "author": "ada"}
    )
    created = await sage.hears("thread_create")
    assert created.parent.name == "tech-python"

    await http.say(thread["id"], "is it worth it?")
    heard = await sage.hears("message", lambda m: m.content == "is it worth it?")

    assert isinstance(heard.channel, discord.Thread)
    assert heard.channel.parent == text_channel(sage, "tech-python")
    assert (await heard.channel.send("it is")).channel == heard.channel


async def test_bot_starts_a_thread_on_a_message(sage: Bot) -> None:
    """The thread has the message's id, and the message shows it."""
    message = await text_channel(sage).send("let us talk")

    thread = await message.create_thread(name="a talk")

    assert thread.id == message.id
    seen = await text_channel(sage).fetch_message(message.id)
    assert seen.thread is not None
    assert seen.thread.name == "a talk"
    assert seen.flags.has_thread
    starter = [m async for m in thread.history()]
    assert [m.type for m in starter] == [discord.MessageType.thread_starter_message]


async def test_forum_post_is_a_thread_with_its_first_message(
    connect: Connect, world: World
) -> None:
    world.add_channel("ideas", type=FORUM)
    sage = await connect()
    forum = sage.guilds[0].forums[0]

    post = await forum.create_thread(name="An idea", content="Let us do it.")

    assert post.thread.parent == forum
    assert post.message.id == post.thread.id
    assert post.message.content == "Let us do it."
    heard = await sage.hears("message", lambda m: m.id == post.message.id)
    assert heard.channel.id == post.thread.id
