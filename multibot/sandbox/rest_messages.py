"""REST: messages, reactions and typing."""

from datetime import timedelta
from urllib.parse import unquote

from multibot.clock import to_text
from multibot.sandbox import channel_objects, drafts, fields, messages, permissions
from multibot.sandbox.entities import DM, FORUM, Channel, Message, User
from multibot.sandbox.ratelimit import Limit
from multibot.sandbox.refusal import RefusalError, invalid_field, missing_permissions, unknown
from multibot.sandbox.rest import Call, Result, Route
from multibot.sandbox.snowflake import time_of
from multibot.sandbox.world import Event, World

_MOST_HISTORY = 100
_USUAL_HISTORY = 50
_BULK = range(2, 101)
_BULK_AGE = timedelta(days=14)


async def create_message(call: Call) -> Result:
    """Create Message; a repeated nonce gets the first message back and posts nothing."""
    channel = call.channel()
    _check_writable(call, channel)
    author, body = call.caller.user, await call.body()
    if fields.part(body, "message_reference"):
        _check_may_reply(channel, author)
    draft = drafts.read(channel, body, call.attachments)
    first = messages.first_with_nonce(call.world, author, draft)
    message = first or messages.post(call.world, channel, author, draft)
    _record(call.world, message, deduplicated=first is not None)
    shown = channel_objects.message(message, author)
    return shown if message.nonce is None else {**shown, "nonce": message.nonce}


def _check_writable(call: Call, channel: Channel) -> None:
    if channel.type == FORUM:
        raise RefusalError(400, 50008, "Cannot send messages in a non-text channel")
    if channel.type == DM and all(user.bot for user in channel.recipients):
        raise RefusalError(403, 50007, "Cannot send messages to this user")
    in_thread = channel.thread is not None
    needed = permissions.SEND_MESSAGES_IN_THREADS if in_thread else permissions.SEND_MESSAGES
    call.require(channel, needed)
    if channel.thread is not None and channel.thread.archived and channel.thread.locked:
        raise RefusalError(400, 50083, "Thread is archived")


def _check_may_reply(channel: Channel, author: User) -> None:
    if not permissions.in_channel(channel, author) & permissions.READ_MESSAGE_HISTORY:
        raise RefusalError(403, 160002, "Cannot reply without permission to read message history")


def _record(world: World, message: Message, *, deduplicated: bool) -> None:
    world.received_count += 1
    world.received.append(
        {
            "n": world.received_count,
            "at": to_text(world.clock.now()),
            "bot": message.author.name,
            "channel_id": message.channel.id,
            "message_id": message.id,
            "content": message.content,
            "nonce": None if message.nonce is None else str(message.nonce),
            "reply_to": message.reply_to.id if message.reply_to else None,
            "deduplicated": deduplicated,
        }
    )


async def get_messages(call: Call) -> Result:
    """Get Channel Messages, newest first."""
    channel = call.channel()
    if channel.type == FORUM:
        raise RefusalError(400, 50024, "Cannot execute action on this channel type")
    readable = permissions.in_channel(channel, call.caller.user)
    if not readable & permissions.READ_MESSAGE_HISTORY:
        return []
    query = call.request.query
    limit = _limit(query.get("limit"))
    if "around" in query:
        found = messages.surrounding(channel, limit, _snowflake(query["around"]))
    elif "after" in query:
        found = messages.following(channel, limit, _snowflake(query["after"]))
    else:
        before = _snowflake(query["before"]) if "before" in query else None
        found = messages.newest(channel, limit, before=before)
    return [channel_objects.message(one, call.caller.user) for one in found]


def _limit(text: str | None) -> int:
    if text is None:
        return _USUAL_HISTORY
    if not text.isdigit() or not 1 <= int(text) <= _MOST_HISTORY:
        message = f"int value should be between 1 and {_MOST_HISTORY}."
        raise invalid_field("limit", "NUMBER_TYPE_MAX", message)
    return int(text)


def _snowflake(text: str) -> str:
    if not text.isdigit():
        raise invalid_field("id", "NUMBER_TYPE_COERCE", f'Value "{text}" is not snowflake.')
    return text


async def get_message(call: Call) -> Result:
    """Get Channel Message."""
    channel = call.channel(permissions.READ_MESSAGE_HISTORY)
    return channel_objects.message(call.message(channel), call.caller.user)


async def edit_message(call: Call) -> Result:
    """Edit Message; only the author may."""
    message = call.message(call.channel())
    if message.author is not call.caller.user:
        raise RefusalError(403, 50005, "Cannot edit a message authored by another user")
    body = await call.body()
    messages.edit(
        call.world, message, drafts.read_changes(message, body), drafts.read_allowed(body)
    )
    return channel_objects.message(message, call.caller.user)


async def delete_message(call: Call) -> Result:
    """Delete Message: one's own, or any with the permission to manage messages."""
    channel = call.channel()
    message = call.message(channel)
    if message.author is not call.caller.user:
        if channel.type == DM:
            raise RefusalError(403, 50003, "Cannot execute action on a DM channel")
        call.require(channel, permissions.MANAGE_MESSAGES)
    messages.delete(call.world, message)
    return None


async def bulk_delete(call: Call) -> Result:
    """Bulk Delete Messages."""
    channel = call.channel(permissions.MANAGE_MESSAGES)
    if channel.type == DM:
        raise RefusalError(403, 50003, "Cannot execute action on a DM channel")
    ids = fields.texts(await call.body(), "messages")
    if len(ids) not in _BULK:
        raise RefusalError(
            400, 50016, "Provided too few or too many messages to delete. Must provide 2 to 100."
        )
    oldest = call.world.clock.now() - _BULK_AGE
    if any(each.isdigit() and time_of(each) < oldest for each in ids):
        raise RefusalError(
            400, 50034, "You can only bulk delete messages that are under 14 days old."
        )
    messages.delete_many(call.world, channel, ids)
    return None


async def start_typing(call: Call) -> Result:
    """Trigger Typing Indicator."""
    channel = call.channel()
    _check_writable(call, channel)
    announce_typing(call.world, channel, call.caller.user)
    return None


def announce_typing(world: World, channel: Channel, user: User) -> None:
    """Tell everybody that somebody types."""
    world.announce(Event("TYPING_START", guild=channel.guild, channel=channel, user=user))


async def add_reaction(call: Call) -> Result:
    """Create Reaction."""
    channel = call.channel(permissions.READ_MESSAGE_HISTORY | permissions.ADD_REACTIONS)
    message = call.message(channel)
    messages.react(call.world, message, call.caller.user, _emoji(call))
    return None


async def remove_own_reaction(call: Call) -> Result:
    """Delete Own Reaction."""
    message = call.message(call.channel())
    messages.unreact(call.world, message, call.caller.user, _emoji(call))
    return None


async def remove_reaction(call: Call) -> Result:
    """Delete User Reaction."""
    channel = call.channel()
    message = call.message(channel)
    user = call.world.users.get(call.path("user_id"))
    if user is None:
        raise unknown("User")
    if user is not call.caller.user and channel.guild is None:
        raise missing_permissions()
    if user is not call.caller.user:
        call.require(channel, permissions.MANAGE_MESSAGES)
    messages.unreact(call.world, message, user, _emoji(call))
    return None


def _emoji(call: Call) -> str:
    emoji = unquote(call.path("emoji"))
    if not emoji or emoji.isascii():
        raise unknown("Emoji")
    return emoji


def _message_limit(world: World) -> Limit:
    return world.message_limit


_MESSAGES = "/channels/{channel_id}/messages"
_REACTION = _MESSAGES + "/{message_id}/reactions/{emoji}"

ROUTES = (
    Route("GET", _MESSAGES, get_messages),
    Route("POST", _MESSAGES, create_message, _message_limit),
    Route("POST", _MESSAGES + "/bulk-delete", bulk_delete),
    Route("GET", _MESSAGES + "/{message_id}", get_message),
    Route("PATCH", _MESSAGES + "/{message_id}", edit_message, _message_limit),
    Route("DELETE", _MESSAGES + "/{message_id}", delete_message),
    Route("POST", "/channels/{channel_id}/typing", start_typing),
    Route("PUT", _REACTION + "/@me", add_reaction),
    Route("DELETE", _REACTION + "/@me", remove_own_reaction),
    Route("DELETE", _REACTION + "/{user_id}", remove_reaction),
)
