"""An unmodified discord.py client finds in the sandbox what it finds on Discord."""

import discord

from multibot.sandbox.world import World
from tests.sandbox.clients import Bot, Http


async def test_client_sees_guild_channels_and_itself(sage: Bot, world: World) -> None:
    """READY and GUILD_CREATE carry what a client builds its cache from."""
    guild = sage.guilds[0]
    assert guild.name == "multibot"
    assert [channel.name for channel in guild.text_channels] == ["general", "tech-python"]
    assert sage.user is not None
    assert sage.user.name == "sage"
    assert guild.me.guild_permissions.send_messages
    assert sage.application_id == sage.user.id


async def test_person_speaks_and_bot_replies(sage: Bot, http: Http) -> None:
    said = await http.say("#general", "  hello there\n")
    heard = await sage.hears("message", lambda m: m.author.name == "ada")
    assert heard.content == "hello there"
    assert isinstance(heard.author, discord.Member)

    answer = await heard.reply("good day", mention_author=False)

    shown = (await http.get("/sandbox/messages?channel=%23general"))["messages"]
    assert [(m["author"]["name"], m["content"], m["reply_to"]) for m in shown] == [
        ("ada", "hello there", None),
        ("sage", "good day", said["id"]),
    ]
    assert str(answer.id) == shown[1]["id"]
    received = (await http.get("/sandbox/received"))["received"]
    assert [(r["bot"], r["content"], r["reply_to"]) for r in received] == [
        ("sage", "good day", said["id"])
    ]
