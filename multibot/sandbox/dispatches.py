"""Which gateway session gets which event, and what the event looks like for it."""

from collections.abc import Callable
from functools import partial

from multibot.sandbox import channel_objects, objects
from multibot.sandbox.entities import Application, Channel, Guild, Json, Message, User
from multibot.sandbox.world import MEMBERS, MESSAGE_CONTENT, PRESENCES, Event, World, there

GUILDS = 1 << 0
GUILD_MESSAGES = 1 << 9
GUILD_REACTIONS = 1 << 10
GUILD_TYPING = 1 << 11
DIRECT_MESSAGES = 1 << 12
DIRECT_REACTIONS = 1 << 13
DIRECT_TYPING = 1 << 14

# Event name -> the intent it needs in a guild and in a DM; 0 needs none, None never comes.
_INTENTS: dict[str, tuple[int | None, int | None]] = {
    "CHANNEL_CREATE": (GUILDS, None),
    "CHANNEL_UPDATE": (GUILDS, None),
    "CHANNEL_DELETE": (GUILDS, None),
    "GUILD_CREATE": (GUILDS, None),
    "GUILD_MEMBER_ADD": (MEMBERS, None),
    "INTERACTION_CREATE": (0, 0),
    "MESSAGE_CREATE": (GUILD_MESSAGES, DIRECT_MESSAGES),
    "MESSAGE_DELETE": (GUILD_MESSAGES, DIRECT_MESSAGES),
    "MESSAGE_DELETE_BULK": (GUILD_MESSAGES, None),
    "MESSAGE_REACTION_ADD": (GUILD_REACTIONS, DIRECT_REACTIONS),
    "MESSAGE_REACTION_REMOVE": (GUILD_REACTIONS, DIRECT_REACTIONS),
    "MESSAGE_UPDATE": (GUILD_MESSAGES, DIRECT_MESSAGES),
    "PRESENCE_UPDATE": (PRESENCES, None),
    "THREAD_CREATE": (GUILDS, None),
    "THREAD_DELETE": (GUILDS, None),
    "THREAD_MEMBERS_UPDATE": (GUILDS, None),
    "THREAD_UPDATE": (GUILDS, None),
    "TYPING_START": (GUILD_TYPING, DIRECT_TYPING),
}

ALL_INTENTS = (1 << 26) - 1


def wants(event: Event, viewer: Application, intents: int) -> bool:
    """Tell whether a session of this application with these intents gets an event."""
    in_guild, in_direct = _INTENTS.get(event.name, (None, None))
    needed = in_guild if event.guild is not None else in_direct
    if needed is None or needed & ~intents:
        return False
    if event.only is not None:
        return event.only is viewer
    return _is_present(event.guild, event.channel, viewer.user)


def _is_present(guild: Guild | None, channel: Channel | None, viewer: User) -> bool:
    if channel is not None:
        return channel_objects.can_see(channel, viewer)
    return guild is not None and viewer.id in guild.members


def payload(world: World, event: Event, viewer: Application, intents: int) -> Json:
    """Return the event's data as this session gets it."""
    shape = _SHAPES.get(event.name)
    return shape(world, event, viewer, intents) if shape else event.data


def _message(_: World, event: Event, viewer: Application, intents: int) -> Json:
    message = there(event.message)
    shown = channel_objects.message(message, viewer.user)
    if message.nonce is not None and event.name == "MESSAGE_CREATE":
        shown["nonce"] = message.nonce
    if event.guild is not None:
        shown |= _guild_fields(message, event.guild)
    hidden = partial(_is_hidden, viewer=viewer, intents=intents)
    if hidden(message):
        _empty(shown)
    if shown.get("referenced_message") and hidden(there(message.reply_to)):
        _empty(shown["referenced_message"])
    return shown


def _guild_fields(message: Message, guild: Guild) -> Json:
    fields: Json = {"guild_id": guild.id}
    author = guild.members.get(message.author.id)
    if author is not None and message.interaction is None:
        fields["member"] = objects.partial_member(author)
    fields["mentions"] = [
        {**objects.user(who), "member": objects.partial_member(guild.members[who.id])}
        if who.id in guild.members
        else objects.user(who)
        for who in message.mentions
    ]
    return fields


def _is_hidden(message: Message, *, viewer: Application, intents: int) -> bool:
    """Tell whether the text is kept from an application without the message content intent."""
    if intents & MESSAGE_CONTENT or message.channel.guild is None:
        return False
    return message.author is not viewer.user and viewer.user not in message.mentions


def _empty(shown: Json) -> None:
    shown |= {"content": "", "embeds": [], "attachments": [], "components": []}


def _message_delete(_: World, event: Event, *__: object) -> Json:
    return {"id": there(event.message).id, **_place(event)}


def _messages_delete(_: World, event: Event, *__: object) -> Json:
    return {**event.data, **_place(event)}


def _reaction(_: World, event: Event, *__: object) -> Json:
    message, user = there(event.message), there(event.user)
    shown: Json = {
        "user_id": user.id,
        "message_id": message.id,
        "emoji": {"id": None, "name": event.data["emoji"]},
        "burst": False,
        "type": 0,
        **_place(event),
    }
    if event.name == "MESSAGE_REACTION_ADD":
        shown["message_author_id"] = message.author.id
        if event.guild is not None and user.id in event.guild.members:
            shown["member"] = objects.member(event.guild.members[user.id])
    return shown


def _typing(world: World, event: Event, *_: object) -> Json:
    user = there(event.user)
    shown = {
        "user_id": user.id,
        "timestamp": int(world.clock.now().timestamp()),
        **_place(event),
    }
    if event.guild is not None and user.id in event.guild.members:
        shown["member"] = objects.member(event.guild.members[user.id])
    return shown


def _place(event: Event) -> Json:
    place: Json = {"channel_id": there(event.channel).id}
    return {**place, "guild_id": event.guild.id} if event.guild else place


def _channel(_: World, event: Event, viewer: Application, *__: object) -> Json:
    return {**channel_objects.channel(there(event.channel), viewer.user), **event.data}


def _guild(world: World, event: Event, viewer: Application, intents: int) -> Json:
    return channel_objects.guild_snapshot(world, there(event.guild), viewer, intents)


def _member(_: World, event: Event, *__: object) -> Json:
    guild, user = there(event.guild), there(event.user)
    return {**objects.member(guild.members[user.id]), "guild_id": guild.id}


def _presence(world: World, event: Event, *_: object) -> Json:
    user, guild = there(event.user), there(event.guild)
    return objects.presence(world.applications[user.id], guild.id)


_SHAPES: dict[str, Callable[[World, Event, Application, int], Json]] = {
    "CHANNEL_CREATE": _channel,
    "CHANNEL_DELETE": _channel,
    "CHANNEL_UPDATE": _channel,
    "GUILD_CREATE": _guild,
    "GUILD_MEMBER_ADD": _member,
    "MESSAGE_CREATE": _message,
    "MESSAGE_DELETE": _message_delete,
    "MESSAGE_DELETE_BULK": _messages_delete,
    "MESSAGE_REACTION_ADD": _reaction,
    "MESSAGE_REACTION_REMOVE": _reaction,
    "MESSAGE_UPDATE": _message,
    "PRESENCE_UPDATE": _presence,
    "THREAD_CREATE": _channel,
    "THREAD_DELETE": _channel,
    "THREAD_UPDATE": _channel,
    "TYPING_START": _typing,
}
