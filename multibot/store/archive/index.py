"""An index of words over turns: the one of the file, or one of a moment over turns in memory."""

# ruff: noqa: S608 - statements are put together from constants; values are bound
import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from multibot.store.archive import pieces, strides
from multibot.store.archive.criteria import MATCHES
from multibot.store.archive.marks import CLOSE, EXCERPT_WORDS, MORE, OPEN, Marked
from multibot.store.archive.turn import COLUMNS, Key, StoredTurn
from multibot.store.driver import sqlite

# So many bytes of texts are searched in memory at once.
HELD_BYTES = 1 << 22
# So many turns that have the words are looked at in one read.
PAGE = 5_000
LAST_ID = 2**63 - 1

_WORDS = "conversations_fts MATCH :expression AND f.rowid BETWEEN :low AND :high"
_LAST = "ORDER BY f.rowid DESC LIMIT :limit"
_IDS = f"SELECT f.rowid FROM conversations_fts AS f WHERE {_WORDS} {_LAST}"
_KEYS = f"""
SELECT c.timestamp, c.id
FROM conversations_fts AS f CROSS JOIN conversations AS c ON c.id = f.rowid
WHERE {_WORDS} AND {MATCHES}
"""
_RANKED = f"""
SELECT f.rowid, bm25(conversations_fts) FROM conversations_fts AS f WHERE {_WORDS} {_LAST}
"""
# The plus keeps it from looking each id up: every look-up would begin with the words of the whole file.
_THESE = f"{_WORDS} AND +f.rowid IN (SELECT value FROM json_each(:ids))"
_AMONG = f"SELECT f.rowid FROM conversations_fts AS f WHERE {_THESE}"
_RANKS = f"SELECT f.rowid, bm25(conversations_fts) FROM conversations_fts AS f WHERE {_THESE}"
_FITTING = f"SELECT c.id FROM conversations AS c WHERE {MATCHES} AND c.id IN (SELECT value FROM json_each(:ids))"
_FOUND = f"""
SELECT {COLUMNS},
    CASE WHEN octet_length(c.content) <= :long
        THEN highlight(conversations_fts, 0, :open, :close) END,
    CASE WHEN octet_length(c.content) <= :long
        THEN snippet(conversations_fts, 0, :open, :close, :more, :words) END
FROM conversations_fts AS f CROSS JOIN conversations AS c ON c.id = f.rowid
WHERE {_THESE} AND c.deleted_at IS NULL
"""
_MARKING = {"open": OPEN, "close": CLOSE, "more": MORE, "words": EXCERPT_WORDS}

_SCHEMA = """
SELECT sql FROM sqlite_schema
WHERE name IN ('conversations', 'conversations_fts')
ORDER BY name
"""
_SIZES = """
SELECT id, octet_length(content) FROM conversations WHERE id > ? AND id <= ? ORDER BY id
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
        """Take the connection, the values of MATCHES, and `expression`."""
        self._reader = reader
        self._values = values

    def ids(self, limit: int, high: int = LAST_ID) -> list[int]:
        """Find those stored last, whether they fit or not, the last one first."""
        return [id_ for (id_,) in self._rows(_IDS, low=0, high=high, limit=limit)]

    def ranked(self, limit: int) -> dict[int, float]:
        """Say of those stored last how well the words fit, whether the rest fits or not."""
        return dict(self._rows(_RANKED, low=0, high=LAST_ID, limit=limit))

    def keys(self) -> Iterator[Key]:
        """Find all that fit, those stored last first."""
        high = LAST_ID
        while ids := self.ids(PAGE, high):
            rows = self._rows(f"{_KEYS} ORDER BY f.rowid DESC", low=ids[-1], high=high)
            yield from map(Key._make, rows)
            high = ids[-1] - 1

    def among(self, keys: Sequence[Key]) -> list[Key]:
        """Pick those that have the words."""
        having = {id_ for (id_,) in self._these(_AMONG, [key.id for key in keys])}
        return [key for key in keys if key.id in having]

    def ranks(self, ids: Sequence[int]) -> dict[int, float]:
        """Say how well the words fit each; the smallest fits best."""
        return dict(self._these(_RANKS, ids))

    def fitting(self, ids: Sequence[int]) -> list[int]:
        """Pick those that fit, in any order, whether they have the words or not."""
        return [id_ for (id_,) in self._rows(_FITTING, ids=json.dumps(ids))]

    def found(self, ids: Sequence[int]) -> Iterator[Found]:
        """Read the turns, in any order."""
        for *columns, whole, excerpt in self._these(_FOUND, ids, long=pieces.LONG, **_MARKING):
            turn = StoredTurn(*columns)
            yield Found(turn, self._in_pieces(turn) if whole is None else Marked(whole, excerpt))

    def _in_pieces(self, turn: StoredTurn) -> Marked:
        (_, (schema,)) = self._reader.execute(_SCHEMA).fetchall()
        return pieces.mark(turn.content, str(self._values["expression"]), schema)

    def _these(self, sql: str, ids: Sequence[int], **more: object) -> list[tuple[Any, ...]]:
        if not ids:
            return []
        return self._rows(sql, low=min(ids), high=max(ids), ids=json.dumps(ids), **more)

    def _rows(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        return self._reader.execute(sql, {**self._values, **values}).fetchall()


def of_a_moment(
    reader: "sqlite.Connection", low: int, high: int
) -> "tuple[sqlite.Connection, int]":
    """Make a file in memory with the turns above one id, and their index; say up to which id.

    That is the other id, or one below it where their texts are long.
    """
    sizes = reader.execute(_SIZES, (low, high)).fetchall()
    count = strides.cut((size for _, size in sizes), HELD_BYTES)
    through = high if count == len(sizes) else sizes[count - 1][0]
    memory = sqlite.connect(":memory:", isolation_level=None)
    for (sql,) in reader.execute(_SCHEMA).fetchall():
        memory.execute(sql)
    # One by one: no more than one of them is held twice.
    for row in reader.execute(_COPIED, (low, through)):
        memory.execute(_COPY.format(", ".join("?" * len(row))), row)
    memory.execute(_INDEX)
    return memory, through
