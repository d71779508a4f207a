"""What the sandbox's world is made of: plain mutable state, in memory only."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = dict[str, Any]

TEXT = 0
DM = 1
CATEGORY = 4
ANNOUNCEMENT = 5
ANNOUNCEMENT_THREAD = 10
PUBLIC_THREAD = 11
PRIVATE_THREAD = 12
FORUM = 15
THREADS = frozenset({ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD})

DEFAULT_MESSAGE = 0
THREAD_CREATED = 18
REPLY = 19
CHAT_INPUT_COMMAND = 20
THREAD_STARTER_MESSAGE = 21

EPHEMERAL = 1 << 6
HAS_THREAD = 1 << 5
LOADING = 1 << 7


@dataclass(slots=True, eq=False)
class User:
    """A person or a bot."""

    id: str
    name: str
    bot: bool = False


@dataclass(slots=True, eq=False)
class Application:
    """A bot's application: its token, its user and what it may ask for."""

    token: str
    user: User
    intents: int
    description: str = ""
    commands: dict[str | None, list[Json]] = field(default_factory=dict)
    starts: deque[datetime] = field(default_factory=deque)
    online: bool = False
    status: str = "online"
    activities: list[Json] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The application's id, which is its user's as well."""
        return self.user.id

    @property
    def name(self) -> str:
        """The application's name, which is its user's as well."""
        return self.user.name

    @property
    def shown_status(self) -> str:
        """What others see next to its name."""
        hidden = not self.online or self.status == "invisible"
        return "offline" if hidden else self.status


@dataclass(slots=True, eq=False)
class Role:
    """A guild's role; the one with the guild's own id is @everyone."""

    id: str
    name: str
    permissions: int
    position: int = 0
    bot_id: str | None = None


@dataclass(slots=True, eq=False)
class Member:
    """Somebody's membership of a guild."""

    user: User
    joined_at: datetime
    roles: list[str] = field(default_factory=list)
    nick: str | None = None


@dataclass(frozen=True, slots=True)
class Overwrite:
    """What a channel grants or takes from a role (type 0) or a member (type 1)."""

    id: str
    type: int = 0
    allow: int = 0
    deny: int = 0


@dataclass(slots=True, eq=False)
class Guild:
    """A guild with its roles, members and channels (threads are among the channels)."""

    id: str
    name: str
    owner_id: str
    roles: dict[str, Role] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    channels: dict[str, "Channel"] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class ThreadState:
    """What a thread has and a channel has not."""

    owner_id: str
    created_at: datetime
    auto_archive_duration: int = 1440
    archived: bool = False
    archived_at: datetime | None = None
    locked: bool = False
    total_sent: int = 0
    applied_tags: list[str] = field(default_factory=list)
    members: dict[str, datetime] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Channel:
    """A guild channel, a thread or a DM."""

    id: str
    type: int
    name: str = ""
    guild: Guild | None = None
    parent: "Channel | None" = None
    topic: str | None = None
    position: int = 0
    recipients: tuple[User, ...] = ()
    overwrites: tuple[Overwrite, ...] = ()
    thread: ThreadState | None = None
    last_message_id: str | None = None
    # Ids only grow, so insertion order is time order.
    messages: dict[str, "Message"] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Message:
    """A message as it stands now."""

    id: str
    channel: Channel
    author: User
    content: str
    created_at: datetime
    type: int = DEFAULT_MESSAGE
    edited_at: datetime | None = None
    nonce: str | int | None = None
    flags: int = 0
    tts: bool = False
    pinned: bool = False
    embeds: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    components: list[Json] = field(default_factory=list)
    mentions: tuple[User, ...] = ()
    mention_roles: tuple[str, ...] = ()
    mention_everyone: bool = False
    reference: Json | None = None
    reply_to: "Message | None" = None
    position: int | None = None
    started: Channel | None = None
    interaction: "Interaction | None" = None
    deleted: bool = False
    # Emoji -> who reacted with it, in the order of the first reaction.
    reactions: dict[str, list[User]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Interaction:
    """One use of an application command, and what the application made of it."""

    id: str
    token: str
    application: Application
    command: Json
    data: Json
    channel: Channel
    user: User
    created_at: datetime
    callback_type: int | None = None
    response: Message | None = None
    followups: dict[str, Message] = field(default_factory=dict)
