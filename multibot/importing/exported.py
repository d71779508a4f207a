"""One message of a DiscordChatExporter file, as far as a bot's history needs it.

The form is that of the exporter's JsonMessageWriter; older versions leave some of it out.
"""

from typing import Any, NamedTuple

from multibot.conversation.message import ChannelType
from multibot.importing import entry
from multibot.importing.entry import BadEntryError
from multibot.importing.identity import discord_id
from multibot.importing.times import LocalTimes, UnreadableTimeError

# What people and bots write; every other type is Discord speaking. Types that the exporter has no
# name for are numbers: 20 is the answer to a slash command, 23 to one of a context menu.
_WRITTEN = frozenset({"Default", "Reply", "20", "23", "ChatInputCommand", "ContextMenuCommand"})
_THREADS = frozenset({"GuildNewsThread", "GuildPublicThread", "GuildPrivateThread"})
_PRIVATE = frozenset({"DirectTextChat", "DirectGroupTextChat"})
_FORWARD = "Forward"


class Channel(NamedTuple):
    """Where a file's messages were written."""

    channel_id: str
    name: str
    kind: ChannelType
    guild_id: str | None
    parent_channel_id: str | None


class Said(NamedTuple):
    """One message; `person` is who used the command that it answers."""

    number: int
    message_id: str
    at: str
    edited_at: str | None
    author_id: str
    author_name: str
    is_bot: bool
    content: str
    reply_to: str | None
    person: str | None
    attachments: tuple[str, ...]


def channel(guild: object, value: object) -> Channel | None:
    """Read what a file says of its channel; None where that is not even the channel's id."""
    if not isinstance(value, dict) or (channel_id := discord_id(value.get("id"))) is None:
        return None
    written = str(value.get("type"))
    kind: ChannelType = "channel"
    if written in _PRIVATE:
        kind = "dm"
    elif written in _THREADS:
        kind = "thread"
    return Channel(
        channel_id=channel_id,
        name="" if kind == "dm" else entry.name(value.get("name")),
        kind=kind,
        guild_id=discord_id(guild.get("id")) if isinstance(guild, dict) else None,
        # Of a thread, the exporter's category is the channel that it belongs to.
        parent_channel_id=discord_id(value.get("categoryId")) if kind == "thread" else None,
    )


def message(value: object, number: int, times: LocalTimes) -> Said | None:
    """Read a message; None for one that Discord wrote. Raises BadEntryError."""
    if not isinstance(value, dict):
        raise BadEntryError("", "is no message")
    if str(value.get("type", "Default")) not in _WRITTEN:
        return None
    message_id = discord_id(value.get("id"))
    if message_id is None:
        raise BadEntryError("id", "is no id of Discord's")
    author = value.get("author")
    author_id = discord_id(author.get("id")) if isinstance(author, dict) else None
    if not isinstance(author, dict) or author_id is None:
        raise BadEntryError("author", "has no id of Discord's")
    return Said(
        number=number,
        message_id=message_id,
        at=_time(value, "timestamp", times),
        edited_at=_time(value, "timestampEdited", times) if value.get("timestampEdited") else None,
        author_id=author_id,
        author_name=entry.name(author.get("nickname")) or entry.name(author.get("name")),
        is_bot=author.get("isBot") is True,
        content=entry.text(value.get("content")),
        reply_to=_reply_to(value.get("reference")),
        person=_person(value.get("interaction")),
        attachments=_attachments(value.get("attachments")),
    )


def _time(value: dict[str, Any], name: str, times: LocalTimes) -> str:
    try:
        return times.read(value.get(name))
    except UnreadableTimeError as error:
        raise BadEntryError(name, str(error)) from error


def _reply_to(reference: object) -> str | None:
    if not isinstance(reference, dict) or reference.get("type") == _FORWARD:
        return None
    return discord_id(reference.get("messageId"))


def _person(interaction: object) -> str | None:
    user = interaction.get("user") if isinstance(interaction, dict) else None
    return discord_id(user.get("id")) if isinstance(user, dict) else None


def _attachments(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else ()
    names = (entry.name(each.get("fileName")) for each in listed if isinstance(each, dict))
    return tuple(filter(None, names))
