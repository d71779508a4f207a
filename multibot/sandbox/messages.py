"""What can be done with messages: post, edit, delete, look back, react."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice

from multibot.sandbox import mentions
from multibot.sandbox.entities import (
    DEFAULT_MESSAGE,
    EPHEMERAL,
    REPLY,
    Channel,
    Interaction,
    Json,
    Message,
    ThreadState,
    User,
)
from multibot.sandbox.snowflake import time_of
from multibot.sandbox.world import Event, World


@dataclass(slots=True)
class Draft:
    """A message that is not posted yet; `content` is already trimmed and checked."""

    content: str = ""
    type: int = DEFAULT_MESSAGE
    nonce: str | int | None = None
    enforce_nonce: bool = False
    reply_to: Message | None = None
    reference: Json | None = None
    allowed: mentions.Allowed = mentions.EVERYTHING
    flags: int = 0
    tts: bool = False
    embeds: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    interaction: Interaction | None = None


def first_with_nonce(world: World, author: User, draft: Draft) -> Message | None:
    """Return the message this draft would repeat, if its sender asked for that check."""
    forgets = world.faults.standing("forget-nonces", author.name)
    if not draft.enforce_nonce or draft.nonce is None or forgets:
        return None
    oldest = world.clock.now() - timedelta(seconds=world.nonce_window)
    for key, (_, at) in list(world.nonces.items()):
        if at >= oldest:
            break
        del world.nonces[key]
    known = world.nonces.get((author.id, draft.nonce))
    return known[0] if known else None


def post(
    world: World, channel: Channel, author: User, draft: Draft, *, message_id: str | None = None
) -> Message:
    """Put a message into a channel and tell everybody; an ephemeral one stays out of both."""
    message = _made(world, channel, author, draft, message_id or world.ids.next())
    if message.flags & EPHEMERAL:
        return message
    channel.messages[message.id] = message
    channel.last_message_id = message.id
    if channel.thread is not None:
        _count_in_thread(world, message, channel.thread)
    if draft.nonce is not None:
        world.nonces.setdefault((author.id, draft.nonce), (message, world.clock.now()))
    world.announce(_event("MESSAGE_CREATE", message))
    return message


def _count_in_thread(world: World, message: Message, thread: ThreadState) -> None:
    """Number a message in its thread; it wakes an archived one, and its author joins."""
    message.position = thread.total_sent
    thread.total_sent += 1
    thread.members.setdefault(message.author.id, world.clock.now())
    if thread.archived:
        thread.archived = False
        channel = message.channel
        world.announce(Event("THREAD_UPDATE", guild=channel.guild, channel=channel))


def _made(world: World, channel: Channel, author: User, draft: Draft, message_id: str) -> Message:
    found = mentions.resolve(world, channel, author, draft.content, draft.allowed, draft.reply_to)
    return Message(
        id=message_id,
        channel=channel,
        author=author,
        content=draft.content,
        created_at=time_of(message_id),
        type=REPLY if draft.reply_to and draft.type == DEFAULT_MESSAGE else draft.type,
        nonce=draft.nonce,
        flags=draft.flags,
        tts=draft.tts,
        embeds=draft.embeds,
        attachments=draft.attachments,
        components=draft.components,
        mentions=found.users,
        mention_roles=found.roles,
        mention_everyone=found.everyone,
        reference=draft.reference or _reference(draft.reply_to),
        reply_to=draft.reply_to,
        interaction=draft.interaction,
    )


def _reference(target: Message | None) -> Json | None:
    if target is None:
        return None
    reference: Json = {"type": 0, "channel_id": target.channel.id, "message_id": target.id}
    if target.channel.guild is not None:
        reference["guild_id"] = target.channel.guild.id
    return reference


def edit(world: World, message: Message, changes: Json, allowed: mentions.Allowed) -> Message:
    """Change the named fields of a message; the mentions follow the new text."""
    for name in ("content", "embeds", "components", "attachments", "flags"):
        if name in changes:
            setattr(message, name, changes[name])
    if "content" in changes:
        found = mentions.resolve(
            world, message.channel, message.author, message.content, allowed, message.reply_to
        )
        message.mentions, message.mention_roles = found.users, found.roles
        message.mention_everyone = found.everyone
    message.edited_at = world.clock.now()
    if not message.flags & EPHEMERAL:
        world.announce(_event("MESSAGE_UPDATE", message))
    return message


def delete(world: World, message: Message) -> None:
    """Remove one message."""
    _forget(message)
    world.announce(_event("MESSAGE_DELETE", message))


def delete_many(world: World, channel: Channel, ids: Iterable[str]) -> None:
    """Remove several messages of one channel at once; ids that are not there do no harm."""
    gone = [channel.messages[known] for known in ids if known in channel.messages]
    for message in gone:
        _forget(message)
    if gone:
        data = {"ids": [message.id for message in gone]}
        world.announce(
            Event("MESSAGE_DELETE_BULK", guild=channel.guild, channel=channel, data=data)
        )


def _forget(message: Message) -> None:
    message.deleted = True
    message.channel.messages.pop(message.id, None)


def react(world: World, message: Message, user: User, emoji: str) -> None:
    """Add one reaction; a second time changes nothing."""
    users = message.reactions.setdefault(emoji, [])
    if user not in users:
        users.append(user)
        world.announce(_event("MESSAGE_REACTION_ADD", message, user, emoji))


def unreact(world: World, message: Message, user: User, emoji: str) -> None:
    """Take one reaction back."""
    users = message.reactions.get(emoji, [])
    if user in users:
        users.remove(user)
        world.announce(_event("MESSAGE_REACTION_REMOVE", message, user, emoji))
    if not users:
        message.reactions.pop(emoji, None)


def _event(
    name: str, message: Message, user: User | None = None, emoji: str | None = None
) -> Event:
    data = {} if emoji is None else {"emoji": emoji}
    channel = message.channel
    return Event(name, channel.guild, channel, message, user or message.author, data=data)


def newest(channel: Channel, limit: int, *, before: str | None = None) -> list[Message]:
    """Return the newest messages, or those just before an id; newest first."""
    older = (m for m in _backwards(channel) if before is None or int(m.id) < int(before))
    return list(islice(older, limit))


def following(channel: Channel, limit: int, after: str) -> list[Message]:
    """Return the messages that come next after an id; newest first, as Discord sorts them."""
    newer: list[Message] = []
    for message in _backwards(channel):
        if int(message.id) <= int(after):
            break
        newer.append(message)
    return newer[max(0, len(newer) - limit) :]


def surrounding(channel: Channel, limit: int, around: str) -> list[Message]:
    """Return a message with its neighbours; newest first."""
    older = newest(channel, limit // 2, before=around)
    here = [channel.messages[around]] if around in channel.messages else []
    return following(channel, limit - len(here) - limit // 2, around) + here + older


def _backwards(channel: Channel) -> Iterator[Message]:
    return reversed(channel.messages.values())
