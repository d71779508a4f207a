"""Sessions of all bots: which there are, and closing one by hand."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import orjson

from multibot.clock import to_text

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# The names are looked up for the few that are shown, not for each that fits. A session that users
# share has no user of its own: those who spoke in it count.
_LISTED = """
SELECT s.bot_name, s.session_id, s.display_id, s.channel_id, s.user_id,
    coalesce((SELECT c.channel_type FROM conversations AS c
     WHERE c.bot_name = s.bot_name AND c.channel_id = s.channel_id
        AND c.session_id = s.session_id
     ORDER BY c.id DESC LIMIT 1), ''),
    coalesce((SELECT c.channel_name FROM conversations AS c
     WHERE c.bot_name = s.bot_name AND c.channel_id = s.channel_id
        AND c.session_id = s.session_id
     ORDER BY c.id DESC LIMIT 1), ''),
    coalesce((SELECT c.username FROM conversations AS c
     WHERE c.bot_name = s.bot_name AND c.channel_id = s.channel_id
        AND c.session_id = s.session_id AND c.role = 'user'
     ORDER BY c.id DESC LIMIT 1), ''),
    s.started_at, s.last_activity, s.message_count, s.closed_at, s.close_reason
FROM sessions AS s
WHERE s.id IN (
    SELECT f.id FROM sessions AS f
    WHERE (:bots IS NULL OR f.bot_name IN (SELECT value FROM json_each(:bots)))
        AND (:channels IS NULL OR f.channel_id IN (SELECT value FROM json_each(:channels)))
        AND (:users IS NULL OR f.user_id IN (SELECT value FROM json_each(:users))
            OR f.user_id = '' AND EXISTS (
                SELECT 1 FROM conversations AS c
                WHERE c.bot_name = f.bot_name AND c.channel_id = f.channel_id
                    AND c.session_id = f.session_id
                    AND c.user_id IN (SELECT value FROM json_each(:users))))
        AND (:is_open IS NULL OR f.is_active = :is_open)
        AND (:since IS NULL OR f.last_activity >= :since)
        AND (:until IS NULL OR f.started_at < :until)
    ORDER BY f.last_activity DESC, f.id DESC
    LIMIT :limit)
ORDER BY s.last_activity DESC, s.id DESC
"""
_BEFORE = "SELECT max(session_id) FROM sessions WHERE session_id < ?"
_BEHIND = "SELECT min(session_id) FROM sessions WHERE session_id > ?"
_CLOSE = """
UPDATE sessions SET is_active = 0, closed_at = :at, close_reason = 'closed'
WHERE session_id = :session_id AND is_active = 1
"""
_CLOSED = "SELECT closed_at, close_reason FROM sessions WHERE session_id = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which sessions are asked for; None asks for nothing. Times are those of `clock.to_text`.

    A session is of a time when it began before its end and was active after its beginning.
    """

    bot_names: tuple[str, ...] | None = None
    channel_ids: tuple[str, ...] | None = None
    user_ids: tuple[str, ...] | None = None
    is_open: bool | None = None
    since: str | None = None
    until: str | None = None


class ListedSession(NamedTuple):
    """One session, with what its channel and its user were called last."""

    bot_name: str
    session_id: str
    display_id: str
    channel_id: str
    user_id: str
    channel_type: str
    channel_name: str
    username: str
    started_at: str
    last_activity: str
    message_count: int
    closed_at: str | None
    close_reason: str | None


class Closing(NamedTuple):
    """When and why a session was closed, and whether that was done just now."""

    is_new: bool
    closed_at: str
    close_reason: str


def listed(reader: "sqlite.Connection", wanted: Wanted, limit: int) -> list[ListedSession]:
    """Return the sessions that fit and were active last, newest first."""
    values = {
        "bots": _json(wanted.bot_names),
        "channels": _json(wanted.channel_ids),
        "users": _json(wanted.user_ids),
        "is_open": None if wanted.is_open is None else int(wanted.is_open),
        "since": wanted.since,
        "until": wanted.until,
        "limit": limit,
    }
    return [ListedSession._make(row) for row in reader.execute(_LISTED, values)]


def beginning(reader: "sqlite.Connection", session_id: str, least: int) -> str:
    """Return as much of an id as tells its session from all others, and so many characters at least.

    Imported sessions have the time that they began in their ids: many of one day begin alike.
    """
    found = [reader.execute(sql, (session_id,)).fetchone()[0] for sql in (_BEFORE, _BEHIND)]
    neighbours = [each for each in found if each is not None]
    lengths = range(least, len(session_id))
    shown = (session_id[:length] for length in lengths)
    unique = (each for each in shown if not any(one.startswith(each) for one in neighbours))
    return next(unique, session_id)


def close(connection: "sqlite.Connection", session_id: str, now: datetime) -> Closing:
    """Close a session, or say when it was closed: a job inside the caller's transaction."""
    closed = connection.execute(_CLOSE, {"session_id": session_id, "at": to_text(now)}).rowcount
    (at, reason) = connection.execute(_CLOSED, (session_id,)).fetchone()
    return Closing(closed > 0, at, reason)


def _json(values: tuple[str, ...] | None) -> str | None:
    return None if values is None else orjson.dumps(values).decode("utf-8")
