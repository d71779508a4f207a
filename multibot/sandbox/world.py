"""The sandbox's whole state: who is there, where, and who wants to know what happens."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from multibot.clock import Clock
from multibot.sandbox import permissions
from multibot.sandbox.entities import (
    DM,
    TEXT,
    Application,
    Channel,
    Guild,
    Interaction,
    Json,
    Member,
    Message,
    Overwrite,
    Role,
    User,
)
from multibot.sandbox.faults import Faults
from multibot.sandbox.snowflake import Snowflakes
from multibot.sandbox.traffic import Traffic

PRESENCES = 1 << 8
MEMBERS = 1 << 1
MESSAGE_CONTENT = 1 << 15
PRIVILEGED = PRESENCES | MEMBERS | MESSAGE_CONTENT
INTENTS = {"presences": PRESENCES, "members": MEMBERS, "message_content": MESSAGE_CONTENT}

STARTS_A_DAY = 1000

T = TypeVar("T")

_RECEIVED_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, under Discord's name for it."""

    name: str
    guild: Guild | None = None
    channel: Channel | None = None
    message: Message | None = None
    user: User | None = None
    only: Application | None = None
    data: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkNote:
    """What whoever runs the bots says of a channel: they talk with each other, or rest from it."""

    channel_id: str
    state: str
    bots: tuple[str, ...]
    count: int
    limit: int
    ends_at: datetime


Listener = Callable[[Event], None]


class World:
    """A whole Discord in memory; every member of it sees every guild unless told otherwise.

    The limits are (requests, seconds): `message_limit` per channel for sending and editing,
    `global_limit` per application. `nonce_window`, `resume_window` and `interaction_window` are
    seconds.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        message_limit: tuple[int, float] = (5, 5.0),
        global_limit: tuple[int, float] = (50, 1.0),
        nonce_window: float = 300.0,
        resume_window: float = 180.0,
        interaction_window: float = 3.0,
    ) -> None:
        self.clock = clock
        self.message_limit = message_limit
        self.global_limit = global_limit
        self.nonce_window = nonce_window
        self.resume_window = resume_window
        self.interaction_window = interaction_window
        # What HELLO asks for, in seconds; tests that wait for silence make it short.
        self.heartbeat_interval = 41.25
        # IDENTIFYs of one application in 24 hours; one more costs its token.
        self.starts_a_day = STARTS_A_DAY
        self.faults = Faults(clock)
        self.traffic = Traffic(clock)
        self.ids = Snowflakes(clock)
        self.users: dict[str, User] = {}
        self.applications: dict[str, Application] = {}
        self.guilds: dict[str, Guild] = {}
        self.channels: dict[str, Channel] = {}
        self.interactions: dict[str, Interaction] = {}
        # (author, nonce) -> the first message with it and when it came.
        self.nonces: dict[tuple[str, str | int], tuple[Message, datetime]] = {}
        # What bots asked to be posted, as it arrived: the evidence that tests look at.
        self.received: deque[Json] = deque(maxlen=_RECEIVED_KEPT)
        self.received_count = 0
        self.talk: list[TalkNote] = []
        self._direct: dict[frozenset[str], Channel] = {}
        self._listeners: list[Listener] = []
        self.owner = self._new_user("host", bot=False)

    # -- telling ---------------------------------------------------------------------------------

    def subscribe(self, listener: Listener) -> None:
        """Call this for everything that happens from now on, in order."""
        self._listeners.append(listener)

    def announce(self, event: Event) -> None:
        """Tell everybody who subscribed."""
        for listener in self._listeners:
            listener(event)

    # -- making ----------------------------------------------------------------------------------

    def add_user(self, name: str, *, guilds: Iterable[Guild] | None = None) -> User:
        """Make a person who is a member of these guilds (of all, by default)."""
        user = self._new_user(name, bot=False)
        self._join_all(user, guilds)
        self.announce(Event("USER_CREATE", user=user))
        return user

    def add_application(
        self,
        token: str,
        name: str,
        *,
        intents: int = PRIVILEGED,
        description: str = "",
        guilds: Iterable[Guild] | None = None,
    ) -> Application:
        """Make an application with its bot user; `intents` are the privileged ones switched on."""
        user = self._new_user(name, bot=True)
        application = Application(token, user, intents, description)
        self.applications[user.id] = application
        self._join_all(user, guilds)
        return application

    def add_guild(self, name: str, *, members: Iterable[User] | None = None) -> Guild:
        """Make a guild with these members (everybody, by default)."""
        guild = Guild(self.ids.next(), name, self.owner.id)
        guild.roles[guild.id] = Role(guild.id, "@everyone", permissions.EVERYONE)
        self.guilds[guild.id] = guild
        guild.members[self.owner.id] = Member(self.owner, self.clock.now())
        everybody = [user for user in self.users.values() if user is not self.owner]
        for user in everybody if members is None else members:
            self.join(guild, user)
        return guild

    def add_channel(
        self,
        name: str,
        *,
        guild: Guild | None = None,
        type: int = TEXT,  # noqa: A002 - Discord's name for it
        parent: Channel | None = None,
        topic: str | None = None,
        overwrites: Iterable[Overwrite] = (),
    ) -> Channel:
        """Make a guild channel (in the first guild, by default)."""
        home = guild or next(iter(self.guilds.values()))
        channel = Channel(
            self.ids.next(),
            type,
            name,
            guild=home,
            parent=parent,
            topic=topic,
            position=sum(1 for known in home.channels.values() if known.thread is None),
            overwrites=tuple(overwrites),
        )
        self.keep(channel)
        self.announce(Event("CHANNEL_CREATE", guild=home, channel=channel))
        return channel

    def keep(self, channel: Channel) -> None:
        """Put a new channel or thread where it can be found."""
        self.channels[channel.id] = channel
        if channel.guild is not None:
            channel.guild.channels[channel.id] = channel

    def join(self, guild: Guild, user: User) -> Member:
        """Make somebody a member; a bot brings the role of its application."""
        member = Member(user, self.clock.now())
        if user.bot:
            role = Role(
                self.ids.next(),
                user.name,
                permissions.APPLICATION_ROLE,
                position=len(guild.roles),
                bot_id=user.id,
            )
            guild.roles[role.id] = role
            member.roles.append(role.id)
        guild.members[user.id] = member
        application = self.applications.get(user.id)
        if application is not None:
            self.announce(Event("GUILD_CREATE", guild=guild, only=application))
        self.announce(Event("GUILD_MEMBER_ADD", guild=guild, user=user))
        return member

    def direct(self, one: User, other: User) -> Channel:
        """Return the DM channel of two users, making it on first use."""
        key = frozenset({one.id, other.id})
        if key not in self._direct:
            channel = Channel(self.ids.next(), DM, recipients=(one, other))
            self._direct[key] = channel
            self.keep(channel)
            self.announce(Event("CHANNEL_CREATE", channel=channel))
        return self._direct[key]

    def _new_user(self, name: str, *, bot: bool) -> User:
        user = User(self.ids.next(), name, bot)
        self.users[user.id] = user
        return user

    def _join_all(self, user: User, guilds: Iterable[Guild] | None) -> None:
        for guild in list(self.guilds.values() if guilds is None else guilds):
            self.join(guild, user)

    # -- finding ---------------------------------------------------------------------------------

    def application_by_token(self, token: str) -> Application | None:
        """Return the application a token belongs to, as long as it is valid."""
        owner = self.owner_of(token)
        revoked = owner is not None and self.faults.standing("revoke-token", owner.name)
        return None if revoked else owner

    def owner_of(self, token: str) -> Application | None:
        """Return the application a token was made for, even if it is not valid now."""
        return next((app for app in self.applications.values() if app.token == token), None)

    def allowed_intents(self, application: Application) -> int:
        """Return the privileged intents that are switched on for an application now."""
        allowed = application.intents
        for fault in self.faults.standing("disable-intents", application.name):
            for name in fault.spec.intents:
                allowed &= ~INTENTS[name]
        return allowed

    def is_away(self, guild: Guild, bot: str | None) -> bool:
        """Tell whether a fault keeps this guild from a bot."""
        away = self.faults.standing("guild-unavailable", bot)
        return any(fault.spec.guild in {"*", guild.id, guild.name} for fault in away)

    def people(self) -> list[User]:
        """Return the users that are neither bots nor the guilds' own owner."""
        return [user for user in self.users.values() if not user.bot and user is not self.owner]

    def directs(self) -> list[Channel]:
        """Return the DM channels."""
        return list(self._direct.values())

    def find_user(self, name_or_id: str) -> User | None:
        """Return a user by id, or by name."""
        by_id = self.users.get(name_or_id)
        return by_id or next((u for u in self.users.values() if u.name == name_or_id), None)

    def find_channel(self, name: str) -> Channel | None:
        """Return a guild channel or thread by id or name; a channel wins over a thread."""
        if name in self.channels:
            return self.channels[name]
        named = [c for c in self.channels.values() if c.name == name and c.guild is not None]
        return min(named, key=lambda channel: channel.thread is not None, default=None)


def there(value: T | None) -> T:
    """Return a part that events of this name always have."""
    assert value is not None  # noqa: S101 - announced without it is a bug
    return value


def digest(*parts: str) -> str:
    """Return a short stable fingerprint: for bucket names, session ids and the like."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
