"""REST: channels, DMs and threads."""

from multibot.sandbox import channel_objects, drafts, fields, permissions, threads
from multibot.sandbox.entities import (
    ANNOUNCEMENT,
    DM,
    FORUM,
    PRIVATE_THREAD,
    TEXT,
    THREADS,
    Channel,
    Guild,
    Json,
    Message,
    ThreadState,
)
from multibot.sandbox.refusal import RefusalError, invalid_field, unknown
from multibot.sandbox.rest import Call, Result, Route
from multibot.sandbox.world import Event

_LONGEST_NAME = 100
_NAMED = frozenset({TEXT, ANNOUNCEMENT, FORUM})


async def get_channel(call: Call) -> Result:
    """Get Channel."""
    return channel_objects.channel(call.channel(), call.caller.user)


async def edit_channel(call: Call) -> Result:
    """Modify Channel: the name and topic, or a thread's archived and locked state."""
    channel = call.channel()
    if channel.type == DM:
        raise RefusalError(403, 50003, "Cannot execute action on a DM channel")
    body = await call.body()
    if channel.thread is not None:
        _edit_thread(call, channel, channel.thread, body)
    else:
        call.require(channel, permissions.MANAGE_CHANNELS)
        channel.topic = body.get("topic", channel.topic)
    if "name" in body:
        channel.name = _checked_name(body)
    name = "CHANNEL_UPDATE" if channel.thread is None else "THREAD_UPDATE"
    call.world.announce(Event(name, guild=channel.guild, channel=channel))
    return channel_objects.channel(channel, call.caller.user)


def _edit_thread(call: Call, channel: Channel, state: ThreadState, body: Json) -> None:
    owns = state.owner_id == call.caller.id and "locked" not in body
    if not owns:
        call.require(channel, permissions.MANAGE_THREADS)
    if "archived" in body:
        state.archived = bool(body["archived"])
        state.archived_at = call.world.clock.now()
    state.locked = bool(body.get("locked", state.locked))
    usual = state.auto_archive_duration
    state.auto_archive_duration = fields.whole(body, "auto_archive_duration", usual)


def _checked_name(body: Json) -> str:
    name = str(body.get("name") or "").strip()
    if not 1 <= len(name) <= _LONGEST_NAME:
        message = f"Must be between 1 and {_LONGEST_NAME} in length."
        raise invalid_field("name", "BASE_TYPE_BAD_LENGTH", message)
    return name


async def delete_channel(call: Call) -> Result:
    """Delete/Close Channel: a DM only disappears from view."""
    channel = call.channel()
    if channel.type == DM or channel.guild is None:
        return channel_objects.channel(channel, call.caller.user)
    is_thread = channel.thread is not None
    call.require(channel, permissions.MANAGE_THREADS if is_thread else permissions.MANAGE_CHANNELS)
    shown = channel_objects.channel(channel, call.caller.user)
    name = "THREAD_DELETE" if is_thread else "CHANNEL_DELETE"
    call.world.announce(Event(name, guild=channel.guild, channel=channel))
    del call.world.channels[channel.id], channel.guild.channels[channel.id]
    return shown


async def create_dm(call: Call) -> Result:
    """Create DM: returns the existing channel when there is one."""
    user = call.world.users.get(str((await call.body()).get("recipient_id")))
    if user is None:
        raise unknown("User")
    if user is call.caller.user:
        raise RefusalError(400, 50007, "Cannot send messages to this user")
    channel = call.world.direct(call.caller.user, user)
    return channel_objects.channel(channel, call.caller.user)


async def start_thread_on_message(call: Call) -> Result:
    """Start Thread from Message."""
    channel = call.channel(permissions.CREATE_PUBLIC_THREADS)
    if channel.type not in {TEXT, ANNOUNCEMENT}:
        raise RefusalError(400, 50024, "Cannot execute action on this channel type")
    message = call.message(channel)
    if message.started is not None:
        raise RefusalError(400, 160004, "A thread has already been created for this message")
    name = _checked_name(await call.body())
    thread = threads.start_on_message(call.world, message, call.caller.user, name)
    return channel_objects.channel(thread, call.caller.user)


async def start_thread(call: Call) -> Result:
    """Start Thread without Message, or Start Thread in Forum."""
    channel = call.channel()
    if channel.type not in _NAMED:
        raise RefusalError(400, 50024, "Cannot execute action on this channel type")
    body = await call.body()
    if channel.type == FORUM:
        return _start_post(call, channel, body)
    kind = fields.whole(body, "type", PRIVATE_THREAD)
    private = kind == PRIVATE_THREAD
    needed = permissions.CREATE_PRIVATE_THREADS if private else permissions.CREATE_PUBLIC_THREADS
    call.require(channel, needed)
    if kind not in THREADS:
        raise invalid_field("type", "BASE_TYPE_CHOICES", f"Must be one of {sorted(THREADS)}.")
    thread = threads.start_alone(
        call.world, channel, call.caller.user, _checked_name(body), kind=kind
    )
    return channel_objects.channel(thread, call.caller.user)


def _start_post(call: Call, forum: Channel, body: Json) -> Json:
    call.require(forum, permissions.SEND_MESSAGES)
    first = body.get("message")
    if not isinstance(first, dict):
        raise invalid_field("message", "BASE_TYPE_REQUIRED", "This field is required")
    draft = drafts.read(forum, first, call.attachments)
    thread = threads.start_post(call.world, forum, call.caller.user, _checked_name(body), draft)
    message: Message = thread.messages[thread.id]
    return {
        **channel_objects.channel(thread, call.caller.user),
        "message": channel_objects.message(message, call.caller.user),
    }


def _thread(call: Call) -> tuple[Channel, ThreadState]:
    channel = call.channel()
    if channel.thread is None:
        raise RefusalError(400, 50024, "Cannot execute action on this channel type")
    return channel, channel.thread


async def join_thread(call: Call) -> Result:
    """Join Thread."""
    thread, _ = _thread(call)
    threads.join(call.world, thread, call.caller.user)
    return None


async def leave_thread(call: Call) -> Result:
    """Leave Thread."""
    thread, _ = _thread(call)
    threads.leave(call.world, thread, call.caller.user)
    return None


async def add_thread_member(call: Call) -> Result:
    """Add Thread Member."""
    thread, _ = _thread(call)
    user = call.world.users.get(call.path("user_id"))
    if user is None or thread.guild is None or user.id not in thread.guild.members:
        raise unknown("Member")
    threads.join(call.world, thread, user)
    return None


async def get_thread_members(call: Call) -> Result:
    """List Thread Members."""
    thread, state = _thread(call)
    users = [call.world.users[one] for one in state.members]
    return [channel_objects.thread_member(thread, state, user) for user in users]


async def get_active_threads(call: Call) -> Result:
    """List Active Guild Threads."""
    threads_here = _listed(call, call.guild())
    return _with_members(call, [pair for pair in threads_here if not pair[1].archived])


async def get_archived_threads(call: Call) -> Result:
    """List Public Archived Threads, the latest archived first."""
    channel = call.channel(permissions.READ_MESSAGE_HISTORY)
    if channel.guild is None:
        raise RefusalError(403, 50003, "Cannot execute action on a DM channel")
    found = [
        (one, state)
        for one, state in _listed(call, channel.guild)
        if state.archived and one.parent is channel
    ]
    found.sort(key=lambda pair: pair[1].archived_at or pair[1].created_at, reverse=True)
    return {**_with_members(call, found), "has_more": False}


def _listed(call: Call, guild: Guild) -> list[tuple[Channel, ThreadState]]:
    return [
        (one, one.thread)
        for one in guild.channels.values()
        if one.thread is not None and channel_objects.can_see(one, call.caller.user)
    ]


def _with_members(call: Call, found: list[tuple[Channel, ThreadState]]) -> Json:
    user = call.caller.user
    joined = [(one, state) for one, state in found if user.id in state.members]
    return {
        "threads": [channel_objects.thread(one, state, user) for one, state in found],
        "members": [channel_objects.thread_member(one, state, user) for one, state in joined],
    }


_CHANNEL = "/channels/{channel_id}"

ROUTES = (
    Route("GET", _CHANNEL, get_channel),
    Route("PATCH", _CHANNEL, edit_channel),
    Route("DELETE", _CHANNEL, delete_channel),
    Route("POST", "/users/@me/channels", create_dm),
    Route("POST", _CHANNEL + "/messages/{message_id}/threads", start_thread_on_message, status=201),
    Route("POST", _CHANNEL + "/threads", start_thread, status=201),
    Route("PUT", _CHANNEL + "/thread-members/@me", join_thread),
    Route("DELETE", _CHANNEL + "/thread-members/@me", leave_thread),
    Route("PUT", _CHANNEL + "/thread-members/{user_id}", add_thread_member),
    Route("GET", _CHANNEL + "/thread-members", get_thread_members),
    Route("GET", _CHANNEL + "/threads/archived/public", get_archived_threads),
    Route("GET", "/guilds/{guild_id}/threads/active", get_active_threads),
)
