"""Who and what is in the file: bots, channels, users and sessions, found by id or by name.

But for the names of users, nothing here reads every turn: each step is one look into an index.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from multibot.store.archive.criteria import Place, SessionKey

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# So many turns are looked at in one read.
PAGE = 10_000
# Ids are long; people paste their beginning.
SHORTEST_PREFIX = 6

NEXT_BOT = "SELECT min(bot_name) FROM conversations WHERE bot_name > ?"
_NEXT_CHANNEL = """
SELECT min(channel_id) FROM conversations
WHERE bot_name = ? AND channel_id > ? AND deleted_at IS NULL
"""
_HAS_USER = """
SELECT 1 FROM conversations
WHERE bot_name = ? AND channel_id = ? AND user_id = ? AND deleted_at IS NULL
LIMIT 1
"""
_NEWEST = "SELECT coalesce(max(id), 0) FROM conversations"
_USERS = """
SELECT DISTINCT user_id, username
FROM conversations
WHERE id > ? AND id <= ? AND role = 'user' AND deleted_at IS NULL
"""
_CHANNEL = """
SELECT channel_name, channel_type
FROM conversations
WHERE bot_name = ? AND channel_id = ? AND deleted_at IS NULL
ORDER BY id DESC
LIMIT 1
"""
_SESSION = """
SELECT bot_name, channel_id, session_id, user_id, display_id, started_at, last_activity,
    message_count, closed_at, close_reason
FROM sessions
"""
_BY_ID = f"{_SESSION} WHERE session_id = ?"
_BY_BEGINNING = f"""
{_SESSION} WHERE session_id >= ?1 AND session_id < ?1 || '~'
    OR display_id >= ?1 AND display_id < ?1 || '~'
ORDER BY id LIMIT ?2
"""
_BY_DISPLAY_ID = f"{_SESSION} WHERE display_id = ?1 ORDER BY id LIMIT ?2"


class Channel(NamedTuple):
    """A channel as one bot saw it last; a private one has no name."""

    place: Place
    name: str
    type: str


class User(NamedTuple):
    """Somebody who spoke with a bot, under the name of that time."""

    user_id: str
    name: str


class SessionRow(NamedTuple):
    """One session as it stands; `user_id` is empty where users share it."""

    bot_name: str
    channel_id: str
    session_id: str
    user_id: str
    display_id: str
    started_at: str
    last_activity: str
    message_count: int
    closed_at: str | None
    close_reason: str | None

    @property
    def key(self) -> SessionKey:
        """What its turns are found by."""
        return SessionKey(self.bot_name, self.channel_id, self.session_id)


def channel_name(reader: "sqlite.Connection", channel_id: str) -> str:
    """Name a channel as a bot saw it last; empty for a private one, and where nobody spoke."""
    for bot in bots(reader):
        if row := reader.execute(_CHANNEL, (bot, channel_id)).fetchone():
            return str(row[0])
    return ""


def bots(reader: "sqlite.Connection") -> Iterator[str]:
    """Name the bots that have turns, in alphabetical order."""
    return each(reader, NEXT_BOT)


def places(reader: "sqlite.Connection") -> Iterator[Place]:
    """Name every channel of every bot."""
    for bot in bots(reader):
        yield from (Place(bot, channel) for channel in each(reader, _NEXT_CHANNEL, bot))


def channels(reader: "sqlite.Connection") -> Iterator[Channel]:
    """Name every channel of every bot, as it was called last."""
    for place in places(reader):
        if (row := reader.execute(_CHANNEL, place).fetchone()) is not None:
            yield Channel(place, *row)


def users(reader: "sqlite.Connection") -> set[User]:
    """Name everybody who spoke with a bot, by every name they had: a look at every turn."""
    found: set[User] = set()
    (newest,) = reader.execute(_NEWEST).fetchone()
    for start in range(0, newest, PAGE):
        found.update(map(User._make, reader.execute(_USERS, (start, start + PAGE)).fetchall()))
    return found


def sessions(reader: "sqlite.Connection", text: str, most: int = 10) -> list[SessionRow]:
    """Find sessions by id or display id, or by the beginning of one; more than one may fit."""
    found = reader.execute(_BY_ID, (text,)).fetchall()
    found = found or reader.execute(_BY_DISPLAY_ID, (text, most)).fetchall()
    if not found and len(text) >= SHORTEST_PREFIX:
        found = reader.execute(_BY_BEGINNING, (text, most)).fetchall()
    return [SessionRow(*row) for row in found]


def has_user(reader: "sqlite.Connection", user_id: str) -> bool:
    """Tell whether somebody of this id spoke with a bot."""
    asked = (reader.execute(_HAS_USER, (*place, user_id)) for place in places(reader))
    return any(cursor.fetchone() is not None for cursor in asked)


def each(reader: "sqlite.Connection", sql: str, *within: str) -> Iterator[str]:
    """Step through the different values of an index, one look-up each."""
    value = ""
    while (value := reader.execute(sql, (*within, value)).fetchone()[0]) is not None:
        yield value
