"""What a bot may have missed, as values: places, messages on their way in, and who has them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from multibot.config.fleet import Limits
from multibot.conversation.message import InboundMessage
from multibot.errors import MultibotError

# https://discord.com/developers/docs/reference#snowflakes
EPOCH_MS = 1_420_070_400_000
TIME_SHIFT = 22


class HistoryHiddenError(MultibotError):
    """This bot may not read the channel, or it is gone."""


class HistoryUnreachableError(MultibotError):
    """Discord did not give the channel's history this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Somewhere messages are posted; where `last_message_id` is None there is nothing newer known."""

    channel_id: str
    name: str = ""
    guild_id: str | None = None
    parent_id: str | None = None
    last_message_id: str | None = None

    @property
    def is_dm(self) -> bool:
        """Whether this is a private conversation."""
        return self.guild_id is None

    def is_allowed(self, limits: Limits) -> bool:
        """Say whether the bot may listen here at all; to whom is asked message by message."""
        if self.is_dm:
            return limits.allow_dms
        if limits.allowed_guild_ids and self.guild_id not in limits.allowed_guild_ids:
            return False
        here = {self.channel_id, self.parent_id}
        return not limits.allowed_channel_ids or bool(here & limits.allowed_channel_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One message as it comes in, before anything about it has been awaited."""

    message_id: str
    place: Place
    author_id: str
    created_at: datetime
    read: Callable[[], Awaitable[InboundMessage]]
    is_own: bool = False
    mentions_me: bool = False
    # What it says, where a person has edited it.
    edited: InboundMessage | None = None

    @property
    def channel_id(self) -> str:
        """Where it was posted."""
        return self.place.channel_id


class Source(Protocol):
    """Where missed messages are read."""

    def history(self, place: Place, after: str) -> AsyncIterator[Arrival]:
        """Give the messages of a place, newest first, back to the one after `after`.

        What came before that and costs nothing more may follow. Raise HistoryHiddenError or HistoryUnreachableError.
        """
        ...


@dataclass(slots=True)
class Backlog:
    """What one place may hold that the bot has not seen, as far as it is read."""

    place: Place
    since: str
    history: AsyncIterator[Arrival]
    asked_at: datetime
    count: int = 0
    young: list[Arrival] = field(default_factory=list)
    old: list[Arrival] = field(default_factory=list)
    # All that Discord showed, the bot's own too: what lies between and is not there is deleted.
    shown: list[str] = field(default_factory=list)
    edited: list[InboundMessage] = field(default_factory=list)
    newest: str = ""
    is_read: bool = False
    is_cut: bool = False
    has_failed: bool = False

    @property
    def mentions_me(self) -> bool:
        """Whether somebody waits for this very bot here."""
        return any(arrival.mentions_me for arrival in self.young)


def lowest_id(moment: datetime) -> str:
    """Return the id below which everything is older than this moment."""
    return str(max(0, int(moment.timestamp() * 1000) - EPOCH_MS) << TIME_SHIFT)


def id_before(message_id: str, span: timedelta) -> str:
    """Return the id of a message posted this much earlier."""
    return str(max(0, int(message_id) - (int(span.total_seconds() * 1000) << TIME_SHIFT)))
