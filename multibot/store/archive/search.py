"""The words of every turn: the index follows the turns by a watermark, off the write path."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# What one transaction takes in at most, so that no bot waits long for it.
ROWS = 500
BYTES = 256 * 1024

_WATERMARK = "SELECT value FROM watermarks WHERE name = 'search'"
# At least one row, however long it is.
_NEXT = """
SELECT max(id), count(*) FROM (
    SELECT id, sum(octet_length(content)) OVER (ORDER BY id) - octet_length(content) AS before
    FROM (
        SELECT id, content FROM conversations
        WHERE id > :after
        ORDER BY id
        LIMIT :limit
    )
)
WHERE before < :bytes
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
    through, count = connection.execute(
        _NEXT, {"after": after, "limit": limit, "bytes": BYTES}
    ).fetchone()
    if not count:
        return 0
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
