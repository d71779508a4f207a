"""Discord's permission bits, and what a member may do in a channel."""

from collections.abc import Iterable

from multibot.sandbox.entities import PRIVATE_THREAD, Channel, Guild, Overwrite, User

ADD_REACTIONS = 1 << 6
ADMINISTRATOR = 1 << 3
MANAGE_CHANNELS = 1 << 4
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
MANAGE_MESSAGES = 1 << 13
EMBED_LINKS = 1 << 14
ATTACH_FILES = 1 << 15
READ_MESSAGE_HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
USE_EXTERNAL_EMOJIS = 1 << 18
CHANGE_NICKNAME = 1 << 26
USE_APPLICATION_COMMANDS = 1 << 31
MANAGE_THREADS = 1 << 34
CREATE_PUBLIC_THREADS = 1 << 35
CREATE_PRIVATE_THREADS = 1 << 36
SEND_MESSAGES_IN_THREADS = 1 << 38

ALL = (1 << 53) - 1

# What @everyone may do in a guild made today, as far as text goes.
EVERYONE = (
    ADD_REACTIONS
    | VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | USE_EXTERNAL_EMOJIS
    | CHANGE_NICKNAME
    | USE_APPLICATION_COMMANDS
    | CREATE_PUBLIC_THREADS
    | CREATE_PRIVATE_THREADS
    | SEND_MESSAGES_IN_THREADS
)

# What the role that comes with an application grants.
APPLICATION_ROLE = EVERYONE | MANAGE_THREADS

# Both sides of a DM may do this.
DIRECT = (
    VIEW_CHANNEL
    | SEND_MESSAGES
    | READ_MESSAGE_HISTORY
    | EMBED_LINKS
    | ATTACH_FILES
    | (ADD_REACTIONS)
)


def in_guild(guild: Guild, user: User) -> int:
    """Return what a member may do before any channel says otherwise; 0 for somebody else."""
    member = guild.members.get(user.id)
    if member is None:
        return 0
    granted = guild.roles[guild.id].permissions
    for role_id in member.roles:
        granted |= guild.roles[role_id].permissions
    if user.id == guild.owner_id or granted & ADMINISTRATOR:
        return ALL
    return granted


def in_channel(channel: Channel, user: User) -> int:
    """Return what somebody may do in a channel, a thread (by its parent) or a DM."""
    guild = channel.guild
    if guild is None:
        return DIRECT if user in channel.recipients else 0
    granted = in_guild(guild, user)
    if granted == ALL or not granted:
        return granted
    if channel.thread is None or channel.parent is None:
        return _overwritten(granted, channel, guild, user)
    granted = _overwritten(granted, channel.parent, guild, user)
    invited = user.id in channel.thread.members or granted & MANAGE_THREADS
    return granted if channel.type != PRIVATE_THREAD or invited else 0


def _overwritten(granted: int, channel: Channel, guild: Guild, user: User) -> int:
    """Apply a channel's overwrites: @everyone first, then all roles together, then the member."""
    roles = set(guild.members[user.id].roles)
    everyone = [rule for rule in channel.overwrites if rule.id == guild.id]
    by_role = [rule for rule in channel.overwrites if rule.id in roles]
    own = [rule for rule in channel.overwrites if rule.id == user.id]
    for rules in (everyone, by_role, own):
        granted = _apply(granted, rules)
    return granted if granted & VIEW_CHANNEL else 0


def _apply(granted: int, rules: Iterable[Overwrite]) -> int:
    denied = allowed = 0
    for rule in rules:
        denied |= rule.deny
        allowed |= rule.allow
    return granted & ~denied | allowed
