"""What can be done with threads: start one on a message, on its own, or as a forum post."""

from multibot.sandbox import messages
from multibot.sandbox.entities import (
    ANNOUNCEMENT,
    ANNOUNCEMENT_THREAD,
    FORUM,
    HAS_THREAD,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    THREAD_CREATED,
    THREAD_STARTER_MESSAGE,
    Channel,
    Json,
    Message,
    ThreadState,
    User,
)
from multibot.sandbox.messages import Draft
from multibot.sandbox.world import Event, World


def start_on_message(world: World, message: Message, owner: User, name: str) -> Channel:
    """Start a thread on a message; the two share an id."""
    parent = message.channel
    kind = ANNOUNCEMENT_THREAD if parent.type == ANNOUNCEMENT else PUBLIC_THREAD
    thread = _open(world, parent, owner, name, kind=kind, thread_id=message.id)
    message.started = thread
    message.flags |= HAS_THREAD
    world.announce(Event("MESSAGE_UPDATE", parent.guild, parent, message, message.author))
    starter = Draft(
        type=THREAD_STARTER_MESSAGE, reply_to=message, reference=_link(parent, message.id)
    )
    messages.post(world, thread, message.author, starter)
    return thread


def start_alone(world: World, parent: Channel, owner: User, name: str, *, kind: int) -> Channel:
    """Start a thread without a message; a public one leaves a note in its channel."""
    thread = _open(world, parent, owner, name, kind=kind)
    if kind != PRIVATE_THREAD:
        note = Draft(type=THREAD_CREATED, content=name, reference=_link(thread))
        messages.post(world, parent, owner, note)
    return thread


def start_post(world: World, forum: Channel, owner: User, name: str, draft: Draft) -> Channel:
    """Start a forum post: a thread whose first message has the thread's id."""
    thread = _open(world, forum, owner, name, kind=PUBLIC_THREAD)
    forum.last_message_id = thread.id
    messages.post(world, thread, owner, draft, message_id=thread.id)
    return thread


def start(world: World, parent: Channel, owner: User, name: str, *, content: str = "") -> Channel:
    """Start a thread the way its channel's type wants it."""
    if parent.type == FORUM:
        return start_post(world, parent, owner, name, Draft(content=content or name))
    thread = start_alone(world, parent, owner, name, kind=PUBLIC_THREAD)
    if content:
        messages.post(world, thread, owner, Draft(content=content))
    return thread


def _open(
    world: World, parent: Channel, owner: User, name: str, *, kind: int, thread_id: str = ""
) -> Channel:
    state = ThreadState(owner.id, world.clock.now(), members={owner.id: world.clock.now()})
    thread = Channel(
        thread_id or world.ids.next(),
        kind,
        name,
        guild=parent.guild,
        parent=parent,
        thread=state,
    )
    world.keep(thread)
    data = {"newly_created": True}
    world.announce(Event("THREAD_CREATE", guild=parent.guild, channel=thread, data=data))
    return thread


def _link(channel: Channel, message_id: str | None = None) -> Json:
    link: Json = {"type": 0, "channel_id": channel.id}
    if channel.guild is not None:
        link["guild_id"] = channel.guild.id
    return {**link, "message_id": message_id} if message_id else link


def join(world: World, thread: Channel, user: User) -> None:
    """Add somebody to a thread; a second time changes nothing."""
    assert thread.thread is not None  # noqa: S101 - callers pass threads only
    if user.id not in thread.thread.members:
        thread.thread.members[user.id] = world.clock.now()
        _announce_members(world, thread, thread.thread, added=user)


def leave(world: World, thread: Channel, user: User) -> None:
    """Take somebody out of a thread."""
    assert thread.thread is not None  # noqa: S101 - callers pass threads only
    if thread.thread.members.pop(user.id, None) is not None:
        _announce_members(world, thread, thread.thread, removed=user)


def _announce_members(
    world: World,
    thread: Channel,
    state: ThreadState,
    *,
    added: User | None = None,
    removed: User | None = None,
) -> None:
    data: Json = {
        "id": thread.id,
        "guild_id": thread.guild.id if thread.guild else None,
        "member_count": len(state.members),
        "added_members": [],
        "removed_member_ids": [removed.id] if removed else [],
    }
    if added is not None:
        joined_at = state.members[added.id].isoformat()
        entry = {"id": thread.id, "user_id": added.id, "join_timestamp": joined_at, "flags": 1}
        data["added_members"] = [entry]
    world.announce(Event("THREAD_MEMBERS_UPDATE", guild=thread.guild, channel=thread, data=data))
