"""Which tables and columns a file has."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# Where sqlite-utils notes which migrations were applied.
LEDGER = "_sqlite_migrations"

_TABLES = """
SELECT name FROM pragma_table_list
WHERE schema = 'main' AND type = 'table' AND name NOT GLOB 'sqlite_*' ORDER BY name
"""
_COLUMNS = "SELECT name FROM pragma_table_info(?) ORDER BY cid"


def tables_of(reader: "sqlite.Connection") -> list[str]:
    """Name the tables, without those that belong to SQLite or to the search."""
    return [str(name) for (name,) in reader.execute(_TABLES).fetchall()]


def columns_of(reader: "sqlite.Connection") -> dict[str, set[str]]:
    """Name the columns of each table."""
    return {table: set(columns(reader, table)) for table in tables_of(reader)}


def columns(reader: "sqlite.Connection", table: str) -> list[str]:
    """Name the columns of one table, in their order."""
    return [str(name) for (name,) in reader.execute(_COLUMNS, (table,)).fetchall()]
