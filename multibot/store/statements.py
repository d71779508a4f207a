"""The named statements of `queries/*.sql`; their parameters are the names after the colons."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import aiosql
from aiosql.types import SQLOperationType

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

FOLDER = Path(__file__).parent / "queries"

Statement = Callable[..., Any]


@functools.cache
def load() -> Any:
    """Return an object with one function per statement: `load().name(connection, key=value)`.

    `^` gives a row or None, `$` one value, `!` the number of rows, nothing an iterator: read it to
    its end, since a half-read one holds up checkpoints.
    """
    # aiosql's own functions take as long as a statement; a turn runs twenty of them.
    return SimpleNamespace(
        **{name: _MAKE[each.operation](each.sql) for name, each in read().items()}
    )


def read() -> dict[str, Any]:
    """Return each statement as aiosql reads it: with `sql`, `operation` and what it is for."""
    queries = aiosql.from_path(FOLDER, "sqlite3")
    every = {name: getattr(queries, name) for name in queries.available_queries}
    # Each statement with many rows has a context manager beside it.
    return {
        name: each
        for name, each in every.items()
        if not (name.endswith("_cursor") and name.removesuffix("_cursor") in every)
    }


def _rows(sql: str) -> Statement:
    def run(connection: "sqlite.Connection", **values: Any) -> Iterator[Any]:
        return connection.execute(sql, values)

    return run


def _row(sql: str) -> Statement:
    def run(connection: "sqlite.Connection", **values: Any) -> Any:
        return connection.execute(sql, values).fetchone()

    return run


def _value(sql: str) -> Statement:
    def run(connection: "sqlite.Connection", **values: Any) -> Any:
        row = connection.execute(sql, values).fetchone()
        return None if row is None else row[0]

    return run


def _changed(sql: str) -> Statement:
    def run(connection: "sqlite.Connection", **values: Any) -> int:
        return connection.execute(sql, values).rowcount

    return run


_MAKE: dict[SQLOperationType, Callable[[str], Statement]] = {
    SQLOperationType.SELECT: _rows,
    SQLOperationType.SELECT_ONE: _row,
    SQLOperationType.SELECT_VALUE: _value,
    SQLOperationType.INSERT_UPDATE_DELETE: _changed,
}
