"""The words found in a long text: marking all of it at once takes the square of its length."""

import re
from collections.abc import Iterator

from multibot.store.archive.marks import CLOSE, EXCERPT_WORDS, MORE, OPEN, Marked
from multibot.store.driver import sqlite

# Longer ones, in bytes, are marked in pieces of so many characters that end between two words.
LONG = 1 << 14
_PIECE = re.compile(r".{1,4096}(?:\s|\Z)|.{1,4096}", re.DOTALL)
_TERM = re.compile(r'"[^"]*"\*?')
# Of a long text that has a phrase only where two pieces meet, the beginning is shown.
_BEGINNING = 200

_TEXTS = "CREATE TABLE conversations (id INTEGER PRIMARY KEY, content TEXT)"
_ADD = "INSERT INTO conversations VALUES (?, ?)"
_INDEX = "INSERT INTO conversations_fts (rowid, content) SELECT id, content FROM conversations"
_WHOLE = """
SELECT rowid, highlight(conversations_fts, 0, :open, :close) FROM conversations_fts
WHERE conversations_fts MATCH :terms
"""
_EXCERPT = """
SELECT snippet(conversations_fts, 0, :open, :close, :more, :words) FROM conversations_fts
WHERE conversations_fts MATCH :terms
ORDER BY rank LIMIT 1
"""


def mark(content: str, expression: str, schema: str) -> Marked:
    """Mark the words of an expression of `terms`; `schema` makes the index.

    A phrase that lies across two pieces stays unmarked.
    """
    memory = sqlite.connect(":memory:", isolation_level=None)
    try:
        memory.execute(_TEXTS)
        memory.execute(schema)
        pieces = dict(enumerate(_cut(content)))
        memory.executemany(_ADD, list(pieces.items()))
        memory.execute(_INDEX)
        terms = {"terms": " OR ".join(_TERM.findall(expression)), "open": OPEN, "close": CLOSE}
        whole = pieces | dict(memory.execute(_WHOLE, terms).fetchall())
        shown = {**terms, "more": MORE, "words": EXCERPT_WORDS}
        best = memory.execute(_EXCERPT, shown).fetchone()
    finally:
        memory.close()
    excerpt = best[0] if best else content[:_BEGINNING] + MORE
    return Marked("".join(whole[number] for number in sorted(whole)), excerpt)


def _cut(content: str) -> Iterator[str]:
    return (match[0] for match in _PIECE.finditer(content))
