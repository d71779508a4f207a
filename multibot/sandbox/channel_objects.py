"""Channels, threads, messages and guild snapshots, in the shapes Discord documents."""

from multibot.sandbox import objects, permissions
from multibot.sandbox.entities import (
    ANNOUNCEMENT,
    DM,
    FORUM,
    LOADING,
    TEXT,
    Application,
    Channel,
    Guild,
    Interaction,
    Json,
    Message,
    ThreadState,
    User,
)
from multibot.sandbox.world import MEMBERS, PRESENCES, World

_MEMBER_COUNT_SHOWN = 50


def channel(one: Channel, viewer: User) -> Json:
    """Return a channel object of any type, as this user gets it."""
    if one.type == DM:
        return _direct(one, viewer)
    if one.thread is not None:
        return thread(one, one.thread, viewer)
    shown: Json = {
        "id": one.id,
        "type": one.type,
        "guild_id": one.guild.id if one.guild else None,
        "name": one.name,
        "position": one.position,
        "parent_id": one.parent.id if one.parent else None,
        "permission_overwrites": [
            {"id": rule.id, "type": rule.type, "allow": str(rule.allow), "deny": str(rule.deny)}
            for rule in one.overwrites
        ],
        "nsfw": False,
        "flags": 0,
    }
    return {**shown, **_writable(one)}


def _writable(one: Channel) -> Json:
    if one.type not in {TEXT, ANNOUNCEMENT, FORUM}:
        return {}
    shown: Json = {
        "topic": one.topic,
        "last_message_id": one.last_message_id,
        "rate_limit_per_user": 0,
    }
    if one.type == FORUM:
        return {
            **shown,
            "available_tags": [],
            "default_reaction_emoji": None,
            "default_sort_order": None,
            "default_forum_layout": 0,
            "default_thread_rate_limit_per_user": 0,
            "template": "",
        }
    return {**shown, "last_pin_timestamp": None}


def _direct(one: Channel, viewer: User) -> Json:
    others = [user for user in one.recipients if user is not viewer]
    return {
        "id": one.id,
        "type": DM,
        "last_message_id": one.last_message_id,
        "last_pin_timestamp": None,
        "flags": 0,
        "recipients": [objects.user(user) for user in others],
    }


def thread(one: Channel, state: ThreadState, viewer: User) -> Json:
    """Return a thread as a channel object, with the viewer's membership if there is one."""
    shown: Json = {
        "id": one.id,
        "type": one.type,
        "guild_id": one.guild.id if one.guild else None,
        "parent_id": one.parent.id if one.parent else None,
        "owner_id": state.owner_id,
        "name": one.name,
        "last_message_id": one.last_message_id,
        "last_pin_timestamp": None,
        "rate_limit_per_user": 0,
        "nsfw": False,
        "flags": 0,
        "message_count": len(one.messages),
        "total_message_sent": state.total_sent,
        "member_count": min(len(state.members), _MEMBER_COUNT_SHOWN),
        "applied_tags": list(state.applied_tags),
        "thread_metadata": {
            "archived": state.archived,
            "archive_timestamp": objects.moment(state.archived_at or state.created_at),
            "auto_archive_duration": state.auto_archive_duration,
            "locked": state.locked,
            "create_timestamp": objects.moment(state.created_at),
        },
    }
    if viewer.id in state.members:
        shown["member"] = thread_member(one, state, viewer)
    return shown


def thread_member(one: Channel, state: ThreadState, who: User) -> Json:
    """Return somebody's membership of a thread."""
    return {
        "id": one.id,
        "user_id": who.id,
        "join_timestamp": objects.moment(state.members[who.id]),
        "flags": 1,
        "muted": False,
        "mute_config": None,
    }


def message(one: Message, viewer: User, *, nested: bool = False) -> Json:
    """Return a message object; one that is shown inside another does not show a third."""
    shown: Json = {
        "id": one.id,
        "channel_id": one.channel.id,
        "author": objects.user(one.author),
        "content": one.content,
        "timestamp": objects.moment(one.created_at),
        "edited_timestamp": objects.moment(one.edited_at),
        "tts": one.tts,
        "mention_everyone": one.mention_everyone,
        "mentions": [objects.user(who) for who in one.mentions],
        "mention_roles": list(one.mention_roles),
        "attachments": one.attachments,
        "embeds": one.embeds,
        "components": one.components,
        "pinned": one.pinned,
        "type": one.type,
        "flags": one.flags,
    }
    if one.reactions:
        shown["reactions"] = [_reaction(*entry, viewer) for entry in one.reactions.items()]
    if one.position is not None:
        shown["position"] = one.position
    if one.started is not None and one.started.thread is not None:
        shown["thread"] = thread(one.started, one.started.thread, viewer)
    if one.interaction is not None:
        shown |= _origin(one.interaction)
    return shown | _reference(one, viewer, nested=nested)


def _reference(one: Message, viewer: User, *, nested: bool) -> Json:
    if one.reference is None:
        return {}
    if nested or one.reply_to is None:
        return {"message_reference": one.reference}
    target = None if one.reply_to.deleted else message(one.reply_to, viewer, nested=True)
    return {"message_reference": one.reference, "referenced_message": target}


def _reaction(emoji: str, users: list[User], viewer: User) -> Json:
    return {
        "emoji": {"id": None, "name": emoji},
        "count": len(users),
        "count_details": {"burst": 0, "normal": len(users)},
        "me": viewer in users,
        "me_burst": False,
        "burst_colors": [],
    }


def _origin(cause: Interaction) -> Json:
    owners = {"0": cause.channel.guild.id if cause.channel.guild else "0"}
    who = objects.user(cause.user)
    return {
        "application_id": cause.application.id,
        "webhook_id": cause.application.id,
        "interaction_metadata": {
            "id": cause.id,
            "type": 2,
            "user": who,
            "authorizing_integration_owners": owners,
            "name": cause.command["name"],
            "command_type": 1,
        },
        "interaction": {"id": cause.id, "type": 2, "name": cause.command["name"], "user": who},
    }


def is_loading(one: Message) -> bool:
    """Tell whether this is the place that a deferred answer will take."""
    return bool(one.flags & LOADING)


def guild_snapshot(world: World, one: Guild, viewer: Application, intents: int) -> Json:
    """Return what GUILD_CREATE carries: the guild with everything this bot may see in it."""
    seen = [c for c in one.channels.values() if can_see(c, viewer.user)]
    everyone = bool(intents & MEMBERS and intents & PRESENCES)
    members = one.members.values() if everyone else [one.members[viewer.id]]
    bots = [world.applications[m] for m in one.members if m in world.applications]
    return {
        **objects.guild(one),
        "joined_at": objects.moment(one.members[viewer.id].joined_at),
        "large": False,
        "unavailable": False,
        "member_count": len(one.members),
        "members": [objects.member(known) for known in members],
        "channels": [channel(c, viewer.user) for c in seen if c.thread is None],
        "threads": [channel(c, viewer.user) for c in seen if c.thread and not c.thread.archived],
        "presences": [
            objects.presence(bot, one.id)
            for bot in bots
            if intents & PRESENCES and bot.shown_status != "offline"
        ],
        "voice_states": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "soundboard_sounds": [],
    }


def can_see(one: Channel, viewer: User) -> bool:
    """Tell whether a channel exists for this user."""
    return bool(permissions.in_channel(one, viewer) & permissions.VIEW_CHANNEL)
