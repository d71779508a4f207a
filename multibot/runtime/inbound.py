"""From discord.py's objects to our values: ids become text here and nowhere else."""

import functools
from collections.abc import AsyncIterator, Iterator

import aiohttp
import discord

from multibot.conversation import addressing
from multibot.conversation.activity import ChannelOption
from multibot.conversation.message import ChannelId, ChannelType, InboundMessage
from multibot.runtime.backlog import Arrival, HistoryHiddenError, HistoryUnreachableError, Place

# Every other type is Discord speaking (joins, pins, boosts, thread starters), not a person.
# https://discord.com/developers/docs/resources/message#message-object-message-types
PERSONAL_TYPES = frozenset({discord.MessageType.default, discord.MessageType.reply})
# How a request can fail without being refused.
AWAY = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError)
# A network that wants a login of its own answers 200 with a page; discord.py takes it for data.
JUNK = (ValueError, TypeError, LookupError, AttributeError)
# So many messages discord.py asks for at once.
PAGE = 100

Channel = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread


async def read(message: discord.Message) -> InboundMessage:
    """Turn a gateway message into a value; fetch what it replies to when Discord left it out."""
    return value(message, await _reply_author(message))


def value(message: discord.Message, reply_author: str | None = None) -> InboundMessage:
    """Turn a message into a value, as far as that needs no request."""
    parent = _parent(message.channel)
    reply_to = message.reference.message_id if message.reference else None
    return InboundMessage(
        message_id=str(message.id),
        channel_id=ChannelId(str(message.channel.id)),
        channel_type=_channel_type(message.channel),
        channel_name=getattr(message.channel, "name", "") or "",
        parent_channel_id=str(parent.id) if parent else None,
        parent_channel_name=parent.name if parent else None,
        guild_id=_guild_id(message),
        author_id=str(message.author.id),
        author_name=message.author.display_name,
        author_is_bot=message.author.bot,
        is_webhook=message.webhook_id is not None,
        is_system=message.type not in PERSONAL_TYPES,
        content=message.content,
        created_at=message.created_at,
        mentioned_ids=frozenset(str(user.id) for user in message.mentions)
        | addressing.raw_mentions(message.content),
        reply_to_message_id=str(reply_to) if reply_to else None,
        reply_to_author_id=reply_author,
        attachments=tuple(attachment.filename for attachment in message.attachments),
        edited_at=message.edited_at,
    )


def edited(message: discord.Message, me: discord.abc.Snowflake | None) -> InboundMessage | None:
    """Return what a message says after a person has edited it; none for every other change.

    Discord tells of embeds, pins and the like in the same way, without a time of editing. The
    bot's own messages grow by edits, and nobody else can edit them.
    """
    is_own = me is not None and message.author.id == me.id
    return None if is_own or message.edited_at is None else value(message)


def arrival(message: discord.Message, me: discord.abc.Snowflake | None) -> Arrival:
    """Say what is known of a message before anything about it has been awaited."""
    my_id = me.id if me else None
    parent = _parent(message.channel)
    return Arrival(
        message_id=str(message.id),
        place=Place(
            channel_id=str(message.channel.id),
            name=getattr(message.channel, "name", "") or "",
            guild_id=_guild_id(message),
            parent_id=str(parent.id) if parent else None,
        ),
        author_id=str(message.author.id),
        created_at=message.created_at,
        read=functools.partial(read, message),
        is_own=message.author.id == my_id,
        mentions_me=any(user.id == my_id for user in message.mentions),
        edited=edited(message, me),
    )


def places(guild: discord.Guild) -> Iterator[Place]:
    """Name where in a guild messages are posted that the bot may read back."""
    channels: list[Channel] = [*guild.text_channels, *guild.voice_channels]
    for channel in [*channels, *guild.stage_channels, *guild.threads]:
        if _is_readable(channel):
            last = channel.last_message_id
            yield Place(
                channel_id=str(channel.id),
                name=channel.name,
                guild_id=str(guild.id),
                parent_id=str(channel.parent_id) if isinstance(channel, discord.Thread) else None,
                last_message_id=str(last) if last else None,
            )


class GuildViews:
    """What Discord shows of a client's guilds."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    def guild_ids(self) -> tuple[str, ...]:
        """Name the guilds that Discord has described, in order."""
        return tuple(str(each.id) for each in sorted(self._client.guilds, key=lambda one: one.id))

    def channels(self, guild_id: str) -> tuple[ChannelOption, ...]:
        """Name a guild's text channels, topmost first, and whether this bot may write there."""
        guild = self._client.get_guild(int(guild_id))
        return () if guild is None else tuple(_option(each) for each in guild.text_channels)


def _option(channel: discord.TextChannel) -> ChannelOption:
    allowed = channel.permissions_for(channel.guild.me)
    system = channel.guild.system_channel
    return ChannelOption(
        channel_id=str(channel.id),
        name=channel.name,
        is_writable=allowed.read_messages and allowed.send_messages,
        is_system=system is not None and channel.id == system.id,
    )


async def history(client: discord.Client, place: Place, after: str) -> AsyncIterator[Arrival]:
    """Give the messages of a place, newest first, back to the one after `after`.

    The rest of the page that one is on follows: it is here already.
    """
    guild_id = int(place.guild_id) if place.guild_id else None
    known = client.get_channel(int(place.channel_id))
    if isinstance(known, discord.abc.Messageable):
        channel: discord.abc.Messageable = known
    else:
        channel = client.get_partial_messageable(int(place.channel_id), guild_id=guild_id)
    count = 0
    try:
        async for message in channel.history(limit=None, oldest_first=False):
            yield arrival(message, client.user)
            count += 1
            if message.id <= int(after) and count % PAGE == 0:
                return
    except (discord.Forbidden, discord.NotFound) as error:
        raise HistoryHiddenError(f"the history may not be read: {error}") from error
    except (*AWAY, *JUNK) as error:
        raise HistoryUnreachableError(f"the history cannot be had: {error}") from error


def _is_readable(channel: Channel) -> bool:
    """Say whether the history may be read: asked in vain, it counts against the whole host."""
    try:
        allowed = channel.permissions_for(channel.guild.me)
    except discord.ClientException:
        # A thread whose parent nobody can see.
        return False
    return allowed.read_messages and allowed.read_message_history


def _parent(
    channel: discord.abc.Messageable | discord.abc.GuildChannel,
) -> discord.abc.GuildChannel | None:
    if not isinstance(channel, discord.Thread):
        return None
    return channel.parent


def _guild_id(message: discord.Message) -> str | None:
    """Name the guild, also one that Discord has not described yet."""
    known = message.guild.id if message.guild else getattr(message.channel, "guild_id", None)
    return str(known) if known else None


def _channel_type(channel: discord.abc.Messageable) -> ChannelType:
    if isinstance(channel, discord.Thread):
        return "forum_post" if isinstance(channel.parent, discord.ForumChannel) else "thread"
    if isinstance(channel, discord.DMChannel | discord.GroupChannel):
        return "dm"
    if isinstance(channel, discord.PartialMessageable) and channel.guild_id is None:
        return "dm"
    return "channel"


async def _reply_author(message: discord.Message) -> str | None:
    """Say whose message this one replies to; none when that message is gone or hidden."""
    reference = message.reference
    if message.type is not discord.MessageType.reply or not reference or not reference.message_id:
        return None
    resolved = reference.resolved
    if resolved is None:
        try:
            resolved = await message.channel.fetch_message(reference.message_id)
        except (*AWAY, *JUNK):
            return None
    return str(resolved.author.id) if isinstance(resolved, discord.Message) else None
