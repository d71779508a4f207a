"""Whom a message mentions: what its text names, less what its sender ruled out."""

import re
from dataclasses import dataclass

from multibot.sandbox import fields, permissions
from multibot.sandbox.entities import Channel, Json, Message, User
from multibot.sandbox.refusal import invalid_field
from multibot.sandbox.world import World

_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile(r"@(everyone|here)\b")
_MOST_NAMED = 100


@dataclass(frozen=True, slots=True)
class Mentions:
    """Users and roles in the order of their first mention."""

    users: tuple[User, ...] = ()
    roles: tuple[str, ...] = ()
    everyone: bool = False


@dataclass(frozen=True, slots=True)
class Allowed:
    """What `allowed_mentions` lets through; None means all of that kind."""

    users: frozenset[str] | None = None
    roles: frozenset[str] | None = None
    everyone: bool = True
    replied_user: bool = True


EVERYTHING = Allowed()


def read_allowed(body: Json | None) -> Allowed:
    """Read an allowed mentions object; none at all lets everything through."""
    if body is None:
        return EVERYTHING
    parse = set(fields.texts(body, "parse"))
    for kind in ("users", "roles"):
        _check_exclusive(kind, parse, fields.texts(body, kind))
    return Allowed(
        users=None if "users" in parse else frozenset(fields.texts(body, "users")),
        roles=None if "roles" in parse else frozenset(fields.texts(body, "roles")),
        everyone="everyone" in parse,
        replied_user=bool(body.get("replied_user")),
    )


def _check_exclusive(kind: str, parse: set[str], named: list[str]) -> None:
    path = f"allowed_mentions.{kind}"
    if named and kind in parse:
        raise invalid_field(
            "allowed_mentions",
            "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
            f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
        )
    if len(named) > _MOST_NAMED:
        message = f"Must be {_MOST_NAMED} or fewer in length."
        raise invalid_field(path, "BASE_TYPE_MAX_LENGTH", message)


def resolve(
    world: World,
    channel: Channel,
    author: User,
    content: str,
    allowed: Allowed,
    reply_to: Message | None = None,
) -> Mentions:
    """Return whom this text mentions in this channel."""
    text = _CODE.sub("", content)
    users = _users(world, text, allowed)
    if reply_to is not None and allowed.replied_user and reply_to.author not in users:
        users.append(reply_to.author)
    if channel.guild is None:
        return Mentions(tuple(users))
    may_ping_all = bool(permissions.in_channel(channel, author) & permissions.MENTION_EVERYONE)
    named = dict.fromkeys(_ROLE.findall(text))
    roles = tuple(
        role
        for role in named
        if role in channel.guild.roles and (allowed.roles is None or role in allowed.roles)
    )
    everyone = may_ping_all and allowed.everyone and bool(_EVERYONE.search(text))
    return Mentions(tuple(users), roles if may_ping_all else (), everyone)


def _users(world: World, text: str, allowed: Allowed) -> list[User]:
    named = dict.fromkeys(_USER.findall(text))
    return [
        world.users[user]
        for user in named
        if user in world.users and (allowed.users is None or user in allowed.users)
    ]
