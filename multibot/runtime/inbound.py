"""From discord.py's objects to our values: ids become text here and nowhere else."""

import aiohttp
import discord

from multibot.conversation import addressing
from multibot.conversation.message import ChannelId, ChannelType, InboundMessage

# Every other type is Discord speaking (joins, pins, boosts, thread starters), not a person.
# https://discord.com/developers/docs/resources/message#message-object-message-types
PERSONAL_TYPES = frozenset({discord.MessageType.default, discord.MessageType.reply})


async def read(message: discord.Message) -> InboundMessage:
    """Turn a gateway message into a value; fetch what it replies to when Discord left it out."""
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
        reply_to_author_id=await _reply_author(message),
        attachments=tuple(attachment.filename for attachment in message.attachments),
    )


def lane_key(message: discord.Message) -> tuple[str, str]:
    """Name the queue a message waits in, before anything about it has been awaited."""
    return str(message.channel.id), str(message.author.id)


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
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError):
            return None
    return str(resolved.author.id) if isinstance(resolved, discord.Message) else None
