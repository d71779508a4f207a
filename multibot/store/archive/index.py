"""An index of words over turns: the one of the file, or one of a moment over turns in memory."""

# ruff: noqa: S608 - statements are put together from constants; values are bound
import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from multibot.store.archive.criteria import MATCHES
from multibot.store.archive.marks import CLOSE, EXCERPT_WORDS, MORE, OPEN, Marked
from multibot.store.archive.turn import COLUMNS, Key, StoredTurn
from multibot.store.driver import sqlite

# So many turns that have the words are looked at in one read.
PAGE = 5_000

_WORDS = "conversations_fts MATCH :expression AND f.rowid BETWEEN :low AND :high"
_PAGE_LOW = f"""
SELECT f.rowid FROM conversations_fts AS f
WHERE {_WORDS}
ORDER BY f.rowid DESC
LIMIT 1 OFFSET :page - 1
"""
_KEYS = f"""
SELECT c.timestamp, c.id
FROM conversations_fts AS f CROSS JOIN conversations AS c ON c.id = f.rowid
WHERE {_WORDS}
    AND (:ids IS NULL OR f.rowid IN (SELECT value FROM json_each(:ids)))
    AND {MATCHES}
ORDER BY f.rowid DESC
LIMIT :limit
"""
# The plus keeps it from looking each id up: every look-up would begin with the words of the whole file.
_THESE = f"{_WORDS} AND +f.rowid IN (SELECT value FROM json_each(:ids))"
_RANKS = f"SELECT f.rowid, bm25(conversations_fts) FROM conversations_fts AS f WHERE {_THESE}"
_FOUND = f"""
SELECT {COLUMNS}, highlight(conversations_fts, 0, :open, :close),
    snippet(conversations_fts, 0, :open, :close, :more, :words)
FROM conversations_fts AS f CROSS JOIN conversations AS c ON c.id = f.rowid
WHERE {_THESE} AND c.deleted_at IS NULL
"""
_MARKING = {"open": OPEN, "close": CLOSE, "more": MORE, "words": EXCERPT_WORDS}

_SCHEMA = """
SELECT sql FROM sqlite_schema
WHERE name IN ('conversations', 'conversations_fts')
ORDER BY name
"""
_COPIED = "SELECT * FROM conversations WHERE id > ? AND id <= ?"
_COPY = "INSERT INTO conversations VALUES ({})"
_INDEX = """
INSERT INTO conversations_fts (rowid, content)
SELECT id, content FROM conversations WHERE deleted_at IS NULL
"""


class Found(NamedTuple):
    """A turn that has the words, and its text with the words marked."""

    turn: StoredTurn
    text: Marked


class Index:
    """Answers what has the words of one expression, among turns that fit."""

    def __init__(self, reader: "sqlite.Connection", values: dict[str, object]) -> None:
        """Take the connection, the values of MATCHES, `expression`, and `ids`: JSON or None."""
        self._reader = reader
        self._values = values

    def keys(self, low: int, high: int, limit: int) -> list[Key]:
        """Find those stored last, newest first, with ids of this range."""
        found: list[Key] = []
        is_more = True
        while is_more and len(found) < limit:
            page = self._rows(_PAGE_LOW, low=low, high=high, page=PAGE)
            bottom = page[0][0] if page else low
            rows = self._rows(_KEYS, low=bottom, high=high, limit=limit - len(found))
            found.extend(map(Key._make, rows))
            is_more = bool(page)
            high = bottom - 1
        return found

    def ranks(self, ids: Sequence[int]) -> dict[int, float]:
        """Say how well each fits; the smallest fits best."""
        return dict(self._these(_RANKS, ids))

    def found(self, ids: Sequence[int]) -> Iterator[Found]:
        """Read the turns, in any order."""
        for *columns, whole, excerpt in self._these(_FOUND, ids):
            yield Found(StoredTurn(*columns), Marked(whole, excerpt))

    def _these(self, sql: str, ids: Sequence[int]) -> list[tuple[Any, ...]]:
        if not ids:
            return []
        return self._rows(sql, low=min(ids), high=max(ids), ids=json.dumps(ids), **_MARKING)

    def _rows(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        return self._reader.execute(sql, {**self._values, **values}).fetchall()


def of_a_moment(reader: "sqlite.Connection", low: int, high: int) -> "sqlite.Connection":
    """Make a file in memory with the turns above one id up to another, and their index."""
    memory = sqlite.connect(":memory:", isolation_level=None)
    for (sql,) in reader.execute(_SCHEMA).fetchall():
        memory.execute(sql)
    rows = reader.execute(_COPIED, (low, high)).fetchall()
    if rows:
        memory.executemany(_COPY.format(", ".join("?" * len(rows[0]))), rows)
    memory.execute(_INDEX)
    return memory
