"""Turns put straight into the file, for what reads it as a whole."""

import itertools
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from multibot.clock import to_text
from multibot.home import Home
from multibot.store import connection
from tests.store.material import START

_ids = itertools.count(5000)

TURN = {
    "bot_name": "sage",
    "channel_id": "10",
    "channel_name": "general",
    "channel_type": "channel",
    "guild_id": "1",
    "user_id": "7",
    "username": "Al",
    "session_id": "s1",
    "role": "user",
    "content": "hello",
    "part": 0,
}
SESSION = {
    "bot_name": "sage",
    "channel_id": "10",
    "session_id": "s1",
    "user_id": "7",
    "display_id": "2026-01-01_12-00-00_3600s",
    "message_count": 2,
}


def turn(content: str, *, after: float = 0, **changes: Any) -> dict[str, Any]:
    """Make the row of a turn of so many seconds after the start."""
    moment = to_text(START + timedelta(seconds=after))
    return {
        **TURN,
        "message_id": str(next(_ids)),
        "timestamp": moment,
        "content": content,
    } | changes


def session(session_id: str = "s1", *, at: datetime = START, **changes: Any) -> dict[str, Any]:
    """Make the row of a session that began at this moment."""
    moment = to_text(at)
    times = {"started_at": moment, "last_activity": moment, "session_id": session_id}
    return {**SESSION, **times} | changes


def store(home: Home, turns: Iterable[dict[str, Any]], table: str = "conversations") -> None:
    """Write rows in one transaction."""
    writer = connection.open_writer(home.database)
    try:
        writer.execute("BEGIN IMMEDIATE")
        for statement, values in _inserts(turns, table):
            writer.execute(statement, values)
        writer.execute("COMMIT")
    finally:
        writer.close()


def change(home: Home, statement: str, *values: object) -> None:
    """Write anything."""
    writer = connection.open_writer(home.database)
    try:
        writer.execute(statement, values)
    finally:
        writer.close()


def _inserts(rows: Iterable[dict[str, Any]], table: str) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for row in rows:
        columns, marks = ", ".join(row), ", ".join("?" * len(row))
        yield f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(row.values())  # noqa: S608 - tests' own names
