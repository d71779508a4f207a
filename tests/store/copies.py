"""Homes with something said in them, and what a copy of one must still have."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from multibot.home import Home
from multibot.store import connection
from multibot.store.archive import search
from multibot.store.archive.shared import SharedFile
from multibot.store.stores import BotStore
from tests.store.material import ANSWER, RULES, message, rows

Row = tuple[Any, ...]
OpenBot = Callable[..., BotStore]

SAID = """
SELECT bot_name, channel_id, user_id, username, session_id, message_id, role, part, content,
    timestamp, metadata
FROM conversations WHERE bot_name = ? ORDER BY id
"""
SESSIONS = """
SELECT session_id, channel_id, user_id, started_at, last_activity, message_count, is_active,
    close_reason
FROM sessions WHERE bot_name = ? ORDER BY id
"""


async def talk(store: BotStore, first: int, count: int = 3, **changes: Any) -> None:
    """Let people say something, each answered, as an engine does."""
    await asyncio.gather(
        *(_answered(store, number, changes) for number in range(first, first + count))
    )


async def _answered(store: BotStore, number: int, changes: dict[str, Any]) -> None:
    said = message(f"words {number}", message_id=str(number), **changes)
    await store.ledger.receive(said, ANSWER, per_minute=1000)
    session = await store.ledger.begin(said, RULES)
    (part,) = await store.outbox.stage(said.message_id, [f"answer {number}"])
    await store.outbox.mark_sent(said, session.session_id, part, f"9{number}", "Sage")
    await store.ledger.finish(said.message_id, "answered", "answered")


def said(database: Path, bot_name: str = "sage") -> list[Row]:
    """Return what a bot has said and been told, in order, but for the numbers of the rows."""
    return rows(database, SAID, bot_name)


def sessions(database: Path, bot_name: str = "sage") -> list[Row]:
    """Return a bot's sessions, in order, but for the numbers of the rows."""
    return rows(database, SESSIONS, bot_name)


def count(database: Path, table: str, where: str = "1") -> int:
    """Count rows."""
    return int(rows(database, f"SELECT count(*) FROM {table} WHERE {where}")[0][0])  # noqa: S608


def change(database: Path, sql: str, *values: object) -> None:
    """Change a file as another program would."""
    writer = connection.open_writer(database)
    try:
        writer.execute(sql, values)
    finally:
        writer.close()


def index(home: Home) -> None:
    """Let the search know everything."""
    with SharedFile(home) as shared:
        while shared.write(search.fill):
            pass


def found(database: Path, word: str) -> list[str]:
    """Return the turns that the search finds, straight from its index."""
    sql = """SELECT c.content FROM conversations_fts AS f JOIN conversations AS c ON c.id = f.rowid
        WHERE conversations_fts MATCH ? ORDER BY c.id"""
    return [content for (content,) in rows(database, sql, word)]


def overwrite(database: Path, *pages: int, size: int = 4096) -> None:
    """Write nonsense over pages, as a failing disk would."""
    with database.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * size)
            file.write(b"\xa5" * size)
