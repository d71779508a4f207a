"""The small shapes that the chat page, the commands and the tests read."""

from collections.abc import Callable

from multibot.sandbox.entities import DM, Channel, Json, Message, User
from multibot.sandbox.objects import moment
from multibot.sandbox.world import Event, World, there


def author(who: User) -> Json:
    """Return who wrote or types something."""
    return {"id": who.id, "name": who.name, "bot": who.bot}


def message(one: Message) -> Json:
    """Return a message."""
    return {
        "id": one.id,
        "channel_id": one.channel.id,
        "author": author(one.author),
        "content": one.content,
        "timestamp": moment(one.created_at),
        "edited_timestamp": moment(one.edited_at),
        "reply_to": one.reply_to.id if one.reply_to else None,
        "nonce": None if one.nonce is None else str(one.nonce),
        "type": one.type,
    }


def channel(one: Channel) -> Json:
    """Return a guild channel, a thread or a DM."""
    if one.type == DM:
        return {**direct(one), "type": DM}
    return {
        "id": one.id,
        "name": one.name,
        "type": one.type,
        "parent_id": one.parent.id if one.parent else None,
        "topic": one.topic,
        "guild_id": one.guild.id if one.guild else None,
    }


def direct(one: Channel) -> Json:
    """Return a DM by its two sides."""
    bots = [user for user in one.recipients if user.bot]
    people = [user for user in one.recipients if not user.bot]
    return {
        "id": one.id,
        "user_id": (people or bots)[0].id,
        "bot_id": (bots or people)[-1].id,
    }


def bot(world: World, user: User) -> Json:
    """Return a bot with what is seen of its connection."""
    application = world.applications[user.id]
    return {
        "id": user.id,
        "name": user.name,
        "application_id": application.id,
        "online": application.online,
        "status": application.shown_status,
    }


def state(world: World) -> Json:
    """Return everything that is there, without the messages."""
    return {
        "guilds": [
            {
                "id": guild.id,
                "name": guild.name,
                "channels": [channel(one) for one in guild.channels.values()],
            }
            for guild in world.guilds.values()
        ],
        "users": [{"id": user.id, "name": user.name} for user in world.people()],
        "bots": [bot(world, app.user) for app in world.applications.values()],
        "dms": [direct(one) for one in world.directs()],
        "talk": talk(world),
    }


def talk(world: World) -> list[Json]:
    """Return the channels in which bots talk with each other, or rest from it."""
    now = world.clock.now()
    return [
        {
            "channel_id": one.channel_id,
            "state": one.state,
            "bots": list(one.bots),
            "count": one.count,
            "limit": one.limit,
            "left_seconds": max(0.0, (one.ends_at - now).total_seconds()),
        }
        for one in world.talk
        if one.ends_at > now
    ]


def happening(world: World, event: Event) -> list[Json]:
    """Return what the chat page is told about an event; often nothing."""
    if event.name == "MESSAGE_DELETE_BULK":
        return [_gone(event, message_id) for message_id in event.data["ids"]]
    told = _TOLD.get(event.name)
    if told is None:
        return []
    kind, shape = told
    return [{"type": kind, "data": shape(world, event)}]


def _gone(event: Event, message_id: str) -> Json:
    data = {"id": message_id, "channel_id": event.channel.id if event.channel else None}
    return {"type": "message_delete", "data": data}


def _message(_: World, event: Event) -> Json:
    return message(there(event.message))


def _deleted(_: World, event: Event) -> Json:
    return {"id": there(event.message).id, "channel_id": there(event.channel).id}


def _typing(_: World, event: Event) -> Json:
    return {"channel_id": there(event.channel).id, "user": author(there(event.user))}


def _presence(world: World, event: Event) -> Json:
    seen = bot(world, there(event.user))
    return {"bot_id": seen["id"], "online": seen["online"], "status": seen["status"]}


def _channel(_: World, event: Event) -> Json:
    return channel(there(event.channel))


def _user(_: World, event: Event) -> Json:
    user = there(event.user)
    return {"id": user.id, "name": user.name}


def _talk(world: World, _: Event) -> Json:
    return {"channels": talk(world)}


def _answer(_: World, event: Event) -> Json:
    one = there(event.message)
    return {
        "id": event.data["interaction_id"],
        "channel_id": one.channel.id,
        "user": author(there(event.user)),
        "message": message(one),
        "response": {"content": one.content, "ephemeral": event.data["ephemeral"]},
    }


_TOLD: dict[str, tuple[str, Callable[[World, Event], Json]]] = {
    "BOT_PRESENCE": ("presence", _presence),
    "CHANNEL_CREATE": ("channel_create", _channel),
    "INTERACTION_RESPONSE": ("interaction_response", _answer),
    "MESSAGE_CREATE": ("message_create", _message),
    "MESSAGE_DELETE": ("message_delete", _deleted),
    "MESSAGE_UPDATE": ("message_update", _message),
    "TALK": ("talk", _talk),
    "THREAD_CREATE": ("channel_create", _channel),
    "TYPING_START": ("typing", _typing),
    "USER_CREATE": ("user_create", _user),
}
