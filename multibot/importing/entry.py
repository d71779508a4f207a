"""One entry of an old file: what it says, or why it says nothing that can be kept."""

from typing import Any, NamedTuple

import orjson

from multibot.importing.encoding import is_garbled
from multibot.importing.identity import discord_id
from multibot.importing.times import LocalTimes, UnreadableTimeError

ROLES = frozenset({"user", "assistant", "system"})
LONGEST_TEXT = 1 << 20
LONGEST_NAME = 200
# What has a column of its own, or is about another entry.
_KNOWN = frozenset(
    {"username", "channel_name", "channel_type", "message_id", "guild_id", "parent_channel_id"}
)
_WHERE = frozenset({"channel_name", "channel_type", "is_dm", "guild_id"})
_LONGEST_METADATA = 1 << 14
_CHANNEL_TYPES = {each: each for each in ("channel", "dm", "thread", "forum_post")} | {
    "private": "dm",
    "direct": "dm",
    "text": "channel",
}


class BadEntryError(ValueError):
    """An entry that cannot be kept: `place` is the field, the text the reason."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(reason)
        self.place = place


class Entry(NamedTuple):
    """What one entry says. `made_from` is its time as it was written.

    `number` is the one in its conversation, `position` the one in its file.
    """

    number: int
    position: int
    role: str
    content: str
    at: str
    made_from: str
    bot: object
    metadata: dict[str, Any]
    message_id: str | None
    answers: str | None

    @property
    def says_where(self) -> bool:
        """Whether it names its channel, or the kind of it."""
        return bool(_WHERE & self.metadata.keys())

    @property
    def username(self) -> str:
        """Who wrote it, where it says so."""
        return name(self.metadata.get("username"))

    @property
    def channel_name(self) -> str:
        """Where, where it says so."""
        return name(self.metadata.get("channel_name"))

    @property
    def channel_type(self) -> str:
        """What kind of channel that is."""
        kind = self.metadata.get("channel_type")
        if isinstance(kind, str):
            return _CHANNEL_TYPES.get(kind.strip().lower(), "channel")
        return "dm" if self.metadata.get("is_dm") is True else "channel"

    @property
    def is_garbled(self) -> bool:
        """Whether its text was spoiled before it was written."""
        return is_garbled(self.content)

    def kept_metadata(self) -> str | None:
        """Write what has no column of its own as JSON."""
        if not self.metadata:
            return None
        kept = {key: value for key, value in self.metadata.items() if key not in _KNOWN}
        if self.answers is None:
            kept.pop("response_to_message_id", None)
        else:
            kept["response_to_message_id"] = self.answers
        return as_json(kept)


def parse(value: object, number: int, position: int, times: LocalTimes) -> Entry:
    """Read an entry; raise BadEntryError where it lacks what a turn must have."""
    if not isinstance(value, dict):
        raise BadEntryError("", "is no entry")
    role = value.get("role")
    role = role.strip().lower() if isinstance(role, str) else role
    if not isinstance(role, str) or role not in ROLES:
        raise BadEntryError("role", f"unknown role {_shown(value.get('role'))}")
    content = text(value.get("content"))
    try:
        at = times.read(value.get("timestamp"))
    except UnreadableTimeError as error:
        raise BadEntryError("timestamp", str(error)) from error
    metadata = value.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    return Entry(
        number=number,
        position=position,
        role=role,
        content=content,
        at=at,
        made_from=value["timestamp"],
        bot=value.get("bot_name"),
        metadata=metadata,
        message_id=discord_id(metadata.get("message_id")),
        answers=discord_id(metadata.get("response_to_message_id")),
    )


def text(value: object) -> str:
    """Return a content that the database can hold; raise BadEntryError where it is none."""
    if not isinstance(value, str):
        raise BadEntryError("content", "there is no text" if value is None else "is no text")
    if len(value) > LONGEST_TEXT:
        raise BadEntryError("content", f"longer than {LONGEST_TEXT:,} characters")
    return storable(value)


def name(value: object) -> str:
    """Return a name on one line; empty for what is none."""
    if not isinstance(value, str):
        return ""
    return storable(" ".join(value[:LONGEST_NAME].split()))


def storable(value: str) -> str:
    """Replace what the database cannot hold or find: halves of surrogate pairs, and zeros."""
    if "\x00" in value:
        value = value.replace("\x00", "\ufffd")
    if value.isascii():
        return value
    return value.encode("utf-8", "replace").decode("utf-8")


def as_json(values: dict[str, Any]) -> str | None:
    """Write metadata; where all of it cannot be kept, what it answers alone."""
    try:
        written = orjson.dumps(values) if values else b""
    except (TypeError, ValueError):
        # A number too large, half a surrogate pair, or nested deeper than anything that means something.
        written = b""
    if not written or len(written) > _LONGEST_METADATA:
        answers = values.get("response_to_message_id")
        written = orjson.dumps({"response_to_message_id": answers}) if answers else b""
    return written.decode() or None


def _shown(value: object) -> str:
    if value is None:
        return "(none)"
    return repr(value[:40]) if isinstance(value, str) else f"({type(value).__name__})"
