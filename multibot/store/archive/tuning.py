"""What SQLite knows of how its tables have grown: brought up to date index by index.

`PRAGMA optimize` would do it at once, and keep every writer waiting for as long as that takes.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# It says what it would do (1), also of tables that this connection never asked (0x10000).
_WANTED = "PRAGMA optimize(0x10003)"
_INDEXES = """
SELECT name FROM sqlite_master
WHERE type = 'index' AND :wanted LIKE '%"' || tbl_name || '"' AND tbl_name NOT LIKE '\\_%' ESCAPE '\\'
ORDER BY name
"""
# So many entries of an index tell enough of it, however long it is.
_SHORT_LOOK = "PRAGMA analysis_limit = 100"


def outdated(writing: "sqlite.Connection") -> list[str]:
    """Name the indexes that have grown or shrunk a lot since they were last looked at."""
    wanted = [row[0] for row in writing.execute(_WANTED).fetchall()]
    found = (writing.execute(_INDEXES, {"wanted": each}).fetchall() for each in wanted)
    return [name for rows in found for (name,) in rows]


def look_at(writing: "sqlite.Connection", index: str) -> None:
    """Bring up to date what is known of one index; a few milliseconds where it was just read."""
    quoted = index.replace('"', '""')
    writing.execute(_SHORT_LOOK).fetchall()
    writing.execute(f'ANALYZE main."{quoted}"')
