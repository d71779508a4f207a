"""The named statements of `queries/*.sql`; their parameters are the names after the colons."""

import functools
from pathlib import Path
from typing import Any

import aiosql
from aiosql.adapters.sqlite3 import SQLite3Adapter

FOLDER = Path(__file__).parent / "queries"


class _Adapter(SQLite3Adapter):
    """Runs statements straight on the connection, where aiosql makes and closes a cursor for each."""

    def select_one(
        self, conn: Any, query_name: str, sql: str, parameters: Any, record_class: Any = None
    ) -> tuple[Any, ...] | None:
        """Give the row, or None."""
        del query_name, record_class
        row: tuple[Any, ...] | None = conn.execute(sql, parameters).fetchone()
        return row

    def select_value(self, conn: Any, query_name: str, sql: str, parameters: Any) -> Any:
        """Give the row's first value, or None."""
        del query_name
        row = conn.execute(sql, parameters).fetchone()
        return None if row is None else row[0]

    def insert_update_delete(self, conn: Any, query_name: str, sql: str, parameters: Any) -> int:
        """Give the number of rows changed."""
        del query_name
        changed: int = conn.execute(sql, parameters).rowcount
        return changed


@functools.cache
def load() -> Any:
    """Return an object with one function per statement: `load().name(connection, key=value)`.

    `^` gives a row or None, `$` one value, `!` the number of rows, nothing an iterator: read it to
    its end, since a half-read one holds up checkpoints.
    """
    return aiosql.from_path(FOLDER, _Adapter)
