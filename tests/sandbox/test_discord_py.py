"""An unmodified discord.py client finds in the sandbox what it finds on Discord."""

import asyncio
import socket

import discord
import pytest

from multibot.sandbox.world import World
from tests.sandbox.clients import Bot, Http, text_channel
from tests.sandbox.conftest import TOKEN_TWO, Connect


def drop(bot: Bot) -> None:
    """Cut the gateway's connection as a network does: without a goodbye."""
    transport = bot.ws.socket.get_extra_info("socket")
    transport.shutdown(socket.SHUT_RDWR)


async def test_client_sees_guild_channels_and_itself(sage: Bot) -> None:
    """READY and GUILD_CREATE carry what a client builds its cache from."""
    guild = sage.guilds[0]
    assert guild.name == "multibot"
    assert [channel.name for channel in guild.text_channels] == ["general", "tech-python"]
    assert sage.user is not None
    assert sage.user.name == "sage"
    assert sage.user.bot
    assert guild.me.guild_permissions.send_messages
    assert not guild.me.guild_permissions.administrator
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


async def test_bot_knows_a_reply_to_itself(sage: Bot, http: Http) -> None:
    """The referenced message comes along, so a client need not ask for it."""
    posted = await text_channel(sage).send("ask me")
    await http.say("#general", "I do", reply_to=str(posted.id))

    heard = await sage.hears("message", lambda m: m.author.name == "ada")

    assert heard.type is discord.MessageType.reply
    assert heard.reference.resolved.author == sage.user
    assert sage.user in heard.mentions


async def test_mention_is_resolved_and_can_be_ruled_out(sage: Bot, http: Http) -> None:
    assert sage.user is not None
    await http.say("#general", f"<@{sage.user.id}> and `<@{sage.user.id}>`, hello")
    heard = await sage.hears("message", lambda m: m.author.name == "ada")
    assert heard.mentions == [sage.guilds[0].me]

    quiet = await heard.channel.send(
        heard.author.mention, allowed_mentions=discord.AllowedMentions.none()
    )
    loud = await heard.channel.send(heard.author.mention)

    assert quiet.mentions == []
    assert [user.name for user in loud.mentions] == ["ada"]


async def test_direct_message_both_ways(sage: Bot, http: Http) -> None:
    await http.say("@sage", "psst")
    heard = await sage.hears("message", lambda m: m.author.name == "ada")
    assert isinstance(heard.channel, discord.DMChannel)
    assert heard.guild is None

    await heard.channel.send("yes?")
    again = await heard.author.create_dm()

    assert again.id == heard.channel.id
    shown = (await http.get("/sandbox/messages?channel=@sage&user=ada"))["messages"]
    assert [m["content"] for m in shown] == ["psst", "yes?"]


async def test_nonce_posts_once(sage: Bot, http: Http) -> None:
    """The second send gets the first message back, and nobody hears it twice."""
    channel = text_channel(sage)
    first = await channel.send("only once", nonce="part-0")
    second = await channel.send("only once", nonce="part-0")
    other = await channel.send("and this", nonce="part-1")

    assert second.id == first.id
    await sage.hears("message", lambda m: m.id == other.id)
    assert sage.count("message") == 2
    received = (await http.get("/sandbox/received"))["received"]
    assert [r["deduplicated"] for r in received] == [False, True, False]


async def test_history_by_direction(sage: Bot) -> None:
    channel = text_channel(sage)
    sent = [await channel.send(f"number {n}") for n in range(7)]

    newest = [m.content async for m in channel.history(limit=2)]
    after = [m.content async for m in channel.history(limit=2, after=sent[1])]
    before = [m.content async for m in channel.history(limit=2, before=sent[3])]
    around = [m.content async for m in channel.history(limit=3, around=sent[3])]

    assert newest == ["number 6", "number 5"]
    assert after == ["number 2", "number 3"]
    assert before == ["number 2", "number 1"]
    assert sorted(around) == ["number 2", "number 3", "number 4"]


async def test_typing_is_heard_by_others(connect: Connect) -> None:
    sage, spark = await connect(), await connect(TOKEN_TWO)
    async with text_channel(sage).typing():
        channel, who, _ = await spark.hears("typing")

    assert (channel.name, who.name) == ("general", "sage")


async def test_edit_and_delete_are_heard(connect: Connect) -> None:
    sage, spark = await connect(), await connect(TOKEN_TWO)
    message = await text_channel(sage).send("frist")
    await spark.hears("message")

    edited = await message.edit(content="first")
    _, after = await spark.hears("message_edit")
    await message.delete()
    gone = await spark.hears("message_delete")

    assert edited.edited_at is not None
    assert after.content == "first"
    assert gone.id == message.id
    with pytest.raises(discord.NotFound):
        await text_channel(sage).fetch_message(message.id)


async def test_reactions_are_counted_and_taken_back(connect: Connect) -> None:
    sage, spark = await connect(), await connect(TOKEN_TWO)
    message = await text_channel(sage).send("who agrees?")
    seen = await spark.hears("message")
    await seen.add_reaction("👍")
    _, who = await sage.hears("reaction_add")
    assert who.name == "spark"

    shown = await text_channel(sage).fetch_message(message.id)
    assert [(str(r.emoji), r.count, r.me) for r in shown.reactions] == [("👍", 1, False)]

    assert spark.user is not None
    await seen.remove_reaction("👍", spark.user)
    await sage.hears("raw_reaction_remove")
    assert (await text_channel(sage).fetch_message(message.id)).reactions == []


async def test_members_can_be_fetched_and_chunked(connect: Connect) -> None:
    intents = discord.Intents.default()
    intents.members = intents.presences = True
    sage = await connect(intents=intents)
    guild = sage.guilds[0]

    fetched = [member.name async for member in guild.fetch_members()]
    assert sorted(fetched) == ["ada", "host", "sage", "spark"]
    assert {member.name for member in await guild.query_members("sp")} == {"spark"}
    assert len(await guild.chunk()) == 4
    roles = [role.name for role in guild.me.roles]
    assert roles == ["@everyone", "sage"]


async def test_presence_of_another_bot_is_seen(connect: Connect) -> None:
    intents = discord.Intents.all()
    sage = await connect(intents=intents)
    spark = await connect(TOKEN_TWO)
    _, after = await sage.hears("presence_update", lambda _, now: now.name == "spark")
    assert after.status is discord.Status.online

    await spark.change_presence(status=discord.Status.idle, activity=discord.Game("chess"))
    _, after = await sage.hears("presence_update", lambda _, now: now.status is discord.Status.idle)
    assert after.activity.name == "chess"

    await spark.close()
    await sage.hears("presence_update", lambda _, now: now.status is discord.Status.offline)


async def test_long_answer_and_empty_answer_are_refused(sage: Bot) -> None:
    with pytest.raises(discord.HTTPException) as too_long:
        await text_channel(sage).send("x" * 2001)
    with pytest.raises(discord.HTTPException) as empty:
        await text_channel(sage).send(" \n ")

    assert (too_long.value.status, too_long.value.code) == (400, 50035)
    assert (empty.value.status, empty.value.code) == (400, 50006)


async def test_wrong_token_is_a_login_failure(connect: Connect) -> None:
    with pytest.raises(discord.LoginFailure):
        await connect("sandbox-token-of-nobody")


async def test_intent_that_is_not_switched_on_is_told(connect: Connect, world: World) -> None:
    world.add_application("sandbox-token-plain", "plain", intents=0)

    with pytest.raises(discord.PrivilegedIntentsRequired):
        await connect("sandbox-token-plain")


async def test_dropped_socket_is_resumed_with_what_was_missed(sage: Bot, http: Http) -> None:
    """The session outlives its socket; nothing is lost and nothing comes twice."""
    await http.say("#general", "before")
    await sage.hears("message", lambda m: m.content == "before")
    drop(sage)
    await http.say("#general", "in between")

    await sage.hears("resumed")
    await http.say("#general", "after")
    await sage.hears("message", lambda m: m.content == "after")

    heard = [args[0].content for name, args in sage.heard if name == "message"]
    assert heard == ["before", "in between", "after"]
    assert sage.count("ready") == 1


async def test_two_bots_hear_each_other(connect: Connect) -> None:
    sage, spark = await asyncio.gather(connect(), connect(TOKEN_TWO))
    await text_channel(sage).send("hello, fleet")

    heard = await spark.hears("message")

    assert heard.author.bot
    assert heard.content == "hello, fleet"


async def test_file_is_kept_by_name_and_size(sage: Bot) -> None:
    file = discord.File(fp=__file__, filename="test.py")

    message = await text_channel(sage).send("see here", file=file)

    assert [a.filename for a in message.attachments] == ["test.py"]
    assert message.attachments[0].size > 1000
