"""One entry of an old file: what it says, or why it says nothing that can be kept."""

import functools
from typing import Any, NamedTuple

import orjson

from multibot.importing.identity import discord_id
from multibot.importing.times import LocalTimes, UnreadableTimeError

ROLES = frozenset({"user", "assistant", "system"})
# Discord's messages have 4,000 characters at most. The first store kept an answer as it came: no model
# wrote one this long. One turn is written at once, and every bot waits for it.
LONGEST_TEXT = 1 << 18
LONGEST_NAME = 200
# What has a column of its own, or is about another entry.
_KNOWN = frozenset(
    {"username", "channel_name", "channel_type", "message_id", "guild_id", "parent_channel_id"}
)
_ANSWERS = "response_to_message_id"
_WHERE = ("channel_name", "channel_type", "is_dm", "guild_id", "parent_channel_id")
_NOWHERE = (None,) * len(_WHERE)
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


class Place(NamedTuple):
    """Where a conversation takes place, as far as its entries say so."""

    name: str = ""
    kind: str = "channel"
    guild_id: str | None = None
    parent_channel_id: str | None = None


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
    message_id: str | None = None
    answers: str | None = None
    username: str = ""
    place: Place | None = None

    def kept_metadata(self) -> str | None:
        """Write what has no column of its own as JSON."""
        if self.metadata.keys() <= _KNOWN:
            return None
        kept = {key: value for key, value in self.metadata.items() if key not in _KNOWN}
        if self.answers is None:
            kept.pop(_ANSWERS, None)
        else:
            kept[_ANSWERS] = self.answers
        return as_json(kept)


def parse(value: object, number: int, position: int, times: LocalTimes) -> Entry:
    """Read an entry; raise BadEntryError where it lacks what a turn must have."""
    if not isinstance(value, dict):
        raise BadEntryError("", "is no entry")
    content = text(value.get("content"))
    role = _role(value.get("role"))
    written = value.get("timestamp")
    try:
        at = times.read(written)
    except UnreadableTimeError as error:
        raise BadEntryError("timestamp", str(error)) from error
    metadata, bot = value.get("metadata"), value.get("bot_name")
    said = (number, position, role, content, at, str(written), bot)
    if not isinstance(metadata, dict) or not metadata:
        return Entry(*said, metadata={})
    return Entry(
        *said,
        metadata,
        discord_id(metadata.get("message_id")),
        discord_id(metadata.get(_ANSWERS)),
        name(metadata.get("username")),
        _place(*map(metadata.get, _WHERE)),
    )


def _role(value: object) -> str:
    if isinstance(value, str):
        if value in ROLES:
            return value
        if (role := value.strip().lower()) in ROLES:
            return role
    raise BadEntryError("role", f"unknown role {_shown(value)}")


def _place(*written: object) -> Place | None:
    """Read where an entry was written; None where it does not say so."""
    if written == _NOWHERE:
        return None
    try:
        return _known_place(*written)
    except TypeError:
        # A list or an object, where a name or an id should be.
        return _known_place.__wrapped__(*written)


# Almost all entries of a file are from one place; `True` must not be taken for `1`.
@functools.lru_cache(maxsize=1024, typed=True)
def _known_place(
    channel: object, kind: object, is_dm: object, guild_id: object, parent_id: object
) -> Place:
    known = _CHANNEL_TYPES.get(kind.strip().lower()) if isinstance(kind, str) else None
    return Place(
        name(channel),
        known or ("dm" if is_dm is True else "channel"),
        discord_id(guild_id),
        discord_id(parent_id),
    )


def text(value: object) -> str:
    """Return a content that the database can hold; raise BadEntryError where it is none."""
    if not isinstance(value, str):
        raise BadEntryError("content", "there is no text" if value is None else "is no text")
    if len(value) > LONGEST_TEXT:
        raise BadEntryError("content", f"longer than {LONGEST_TEXT:,} characters")
    return storable(value)


def name(value: object) -> str:
    """Return a name as it is; empty for what is none."""
    return _name(value) if isinstance(value, str) else ""


@functools.lru_cache(maxsize=4096)
def _name(value: str) -> str:
    return storable(value[:LONGEST_NAME]) if value.strip() else ""


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
        answers = values.get(_ANSWERS)
        written = orjson.dumps({_ANSWERS: answers}) if answers else b""
    return written.decode() or None


def _shown(value: object) -> str:
    if value is None:
        return "(none)"
    return repr(value[:40]) if isinstance(value, str) else f"({type(value).__name__})"
