"""Rows of past turns and of their sessions, put into the file inside the caller's transaction."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from multibot.conversation.past import PastSession, PastTurn
from multibot.store.envelope import PLATFORM

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

_TURN = """
INSERT INTO conversations
    (bot_name, channel_id, user_id, message_id, role, timestamp, content, part, username,
     channel_name, channel_type, guild_id, parent_channel_id, metadata, edited_at, session_id,
     platform, import_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (bot_name, message_id, role, part) DO NOTHING
"""
_WHOSE = """
SELECT import_id FROM conversations
WHERE bot_name = :bot_name AND message_id = :message_id AND role = :role AND part = :part
"""
_CONTINUE_SESSION = """
UPDATE sessions
SET message_count = message_count + :turns, last_activity = max(last_activity, :last_activity),
    closed_at = max(closed_at, :last_activity), import_id = coalesce(import_id, :import_id)
WHERE session_id = :session_id
"""
_BEGIN_SESSION = """
INSERT INTO sessions
    (bot_name, platform, channel_id, user_id, session_id, started_at, last_activity, display_id,
     message_count, is_active, closed_at, close_reason, import_id)
VALUES
    (:bot_name, :platform, :channel_id, :user_id, :session_id, :started_at, :last_activity,
     :display_id, :turns, 0, :last_activity, 'import', :import_id)
"""


class Row(NamedTuple):
    """One turn to write: the number of its file, and its session."""

    file: int
    turn: PastTurn
    session: PastSession


def insert_turns(
    writing: "sqlite.Connection", rows: Sequence[Row], import_ids: Mapping[int, int]
) -> list[bool]:
    """Put turns in; say of each whether it was added, and not by a bot a moment before."""
    values = [_values(row, import_ids[row.file]) for row in rows]
    if writing.executemany(_TURN, values).rowcount == len(rows):
        return [True] * len(rows)
    return [_whose(writing, row.turn) == import_ids[row.file] for row in rows]


def enter_sessions(
    writing: "sqlite.Connection", rows: Sequence[Row], import_ids: Mapping[int, int]
) -> None:
    """Begin and continue the sessions of turns that were added.

    One may be there although nothing of it is left: a `/clear` keeps its row.
    """
    for session in _summed_up(rows, import_ids):
        if not writing.execute(_CONTINUE_SESSION, session).rowcount:
            writing.execute(_BEGIN_SESSION, session)


def _whose(writing: "sqlite.Connection", turn: PastTurn) -> int | None:
    row = writing.execute(_WHOSE, turn._asdict()).fetchone()
    return None if row is None else row[0]


def _values(row: Row, import_id: int) -> tuple[object, ...]:
    turn = row.turn
    return (
        turn.bot_name,
        turn.channel_id,
        turn.user_id,
        turn.message_id,
        turn.role,
        turn.at,
        turn.content,
        turn.part,
        turn.username,
        turn.channel_name,
        turn.channel_type,
        turn.guild_id,
        turn.parent_channel_id,
        turn.metadata,
        turn.edited_at,
        row.session.session_id,
        PLATFORM,
        import_id,
    )


def _summed_up(rows: Sequence[Row], import_ids: Mapping[int, int]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        turn, session_id = row.turn, row.session.session_id
        values = found.get(session_id)
        if values is None:
            values = found[session_id] = _begun(row, import_ids[row.file])
        values["turns"] += 1
        if turn.role == "user" and turn.at > values["last_activity"]:
            values["last_activity"] = turn.at
    return [*found.values()]


def _begun(row: Row, import_id: int) -> dict[str, Any]:
    return {
        "bot_name": row.turn.bot_name,
        "platform": PLATFORM,
        "channel_id": row.turn.channel_id,
        "last_activity": row.session.started_at,
        "turns": 0,
        "import_id": import_id,
        **row.session._asdict(),
    }
