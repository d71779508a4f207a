"""The words of every turn: the index follows the turns by a watermark, off the write path."""

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# What one transaction takes in at most, so that no bot waits long for it.
ROWS = 500
BYTES = 256 * 1024

_WATERMARK = "SELECT value FROM watermarks WHERE name = 'search'"
# Adding these up is no work for a statement: it would read the texts for it, all of them.
_NEXT = """
SELECT id, octet_length(content) FROM conversations
WHERE id > :after
ORDER BY id
LIMIT :limit
"""
_INDEX = """
INSERT INTO conversations_fts (rowid, content)
SELECT id, content FROM conversations
WHERE id > :after AND id <= :through AND deleted_at IS NULL
"""
_ADVANCE = "UPDATE watermarks SET value = :through WHERE name = 'search'"
_NEWEST = "SELECT coalesce(max(id), 0) FROM conversations"


def fill(connection: "sqlite.Connection", limit: int = ROWS) -> int:
    """Index the next turns and move the watermark; return how many, 0 when none are left.

    Takes fewer than `limit` where they are long. Run it inside a transaction.
    """
    after = watermark(connection)
    rows = connection.execute(_NEXT, {"after": after, "limit": limit}).fetchall()
    if not rows:
        return 0
    # At least one row, however long it is.
    before = itertools.accumulate((size for _, size in rows), initial=0)
    count = sum(each < BYTES for each, _ in zip(before, rows, strict=False))
    through = rows[count - 1][0]
    connection.execute(_INDEX, {"after": after, "through": through})
    connection.execute(_ADVANCE, {"through": through})
    return int(count)


def behind(reader: "sqlite.Connection") -> int:
    """Return how many turns at most are not indexed yet; 0 means that all are."""
    return max(0, newest(reader) - watermark(reader))


def newest(reader: "sqlite.Connection") -> int:
    """Return the id of the turn stored last; 0 where there is none."""
    return int(reader.execute(_NEWEST).fetchone()[0])


def watermark(reader: "sqlite.Connection") -> int:
    """Return the id of the last turn that was indexed."""
    return int(reader.execute(_WATERMARK).fetchone()[0])
