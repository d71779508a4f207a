"""Questions of people to the shared file, in SQL: nothing that is asked can change anything."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from multibot.errors import SchemaError, TemporaryError, UsageError
from multibot.store import connection, driver
from multibot.store.driver import sqlite

LIMIT = 1000
SECONDS = 10.0
# What one question may take of the machine's memory.
_MEMORY_BYTES = 512 * 1024 * 1024
_BUSY_MS = 500
_STEPS = 5_000
_AT_ONCE = 200

_ALLOWED = frozenset(
    {sqlite.SQLITE_SELECT, sqlite.SQLITE_READ, sqlite.SQLITE_RECURSIVE, sqlite.SQLITE_FUNCTION}
)
_FUNCTIONS_ASIDE = frozenset({"load_extension"})
# They tell something and change nothing; with an argument some of them would.
_ASKING = frozenset(
    {
        "application_id", "auto_vacuum", "compile_options", "data_version", "database_list",
        "encoding", "foreign_keys", "freelist_count", "function_list", "journal_mode",
        "module_list", "page_count", "page_size", "pragma_list", "schema_version", "user_version",
    }
)  # fmt: skip
_ASKING_OF = frozenset(
    {
        "foreign_key_list", "index_info", "index_list", "index_xinfo", "table_info", "table_list",
        "table_xinfo",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of an answer, as many as were asked for; `is_cut` when there are more."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    is_cut: bool


def query(path: Path, sql: str, *, limit: int = LIMIT, seconds: float = SECONDS) -> Answer:
    """Ask one question; raises UsageError for what SQLite does not understand or may not do."""
    with contextlib.closing(open_to_ask(path)) as reader, _said(path, seconds):
        deadline = time.monotonic() + seconds
        reader.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
        cursor = reader.execute(sql)
        if cursor.description is None:
            raise UsageError("there is no statement to run.")
        columns = tuple(str(column[0]) for column in cursor.description)
        rows = list(_fetched(cursor, limit))
        return Answer(columns, rows, is_cut=cursor.fetchone() is not None)


def _fetched(cursor: Any, limit: int) -> Iterator[tuple[Any, ...]]:
    while limit > 0 and (rows := cursor.fetchmany(min(limit, _AT_ONCE))):
        yield from rows
        limit -= len(rows)


def open_to_ask(path: Path) -> "sqlite.Connection":
    """Open the file in a way in which no statement can write, to it or to any other."""
    connection.require_file(path)
    if not path.exists():
        raise SchemaError(
            "There is no database yet.",
            where=str(path),
            remedy="Run `multibot db migrate` (or `multibot up`, which does).",
        )
    with connection.errors_of(path):
        try:
            reader = _opened(path, "mode=ro")
        except sqlite.OperationalError as error:
            # Without a WAL nobody writes; on a disk that cannot be written SQLite wants to be told.
            wal = path.with_name(f"{path.name}-wal")
            if driver.primary_code(error) != driver.CANTOPEN or wal.exists():
                raise
            reader = _opened(path, "immutable=1")
    reader.set_authorizer(_may)
    return reader


def _opened(path: Path, how: str) -> "sqlite.Connection":
    reader = sqlite.connect(f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None)
    reader.text_factory = lambda text: text.decode(errors="replace")
    try:
        for pragma in (
            f"busy_timeout = {_BUSY_MS}",
            "query_only = ON",
            "trusted_schema = OFF",
            "temp_store = MEMORY",
            f"hard_heap_limit = {_MEMORY_BYTES}",
            "schema_version",
        ):
            reader.execute(f"PRAGMA {pragma}").fetchall()
    except sqlite.Error:
        reader.close()
        raise
    return reader


def _may(action: int, first: str | None, second: str | None, *_: object) -> int:
    """Say whether a statement may do something; `second` is a pragma's argument."""
    if action == sqlite.SQLITE_PRAGMA:
        name = (first or "").lower()
        is_fine = name in _ASKING_OF or (name in _ASKING and second is None)
    elif action == sqlite.SQLITE_FUNCTION:
        is_fine = (second or "").lower() not in _FUNCTIONS_ASIDE
    else:
        is_fine = action in _ALLOWED
    return int(sqlite.SQLITE_OK if is_fine else sqlite.SQLITE_DENY)


@contextlib.contextmanager
def _said(path: Path, seconds: float) -> Iterator[None]:
    """Say in words of a person what SQLite says."""
    try:
        yield
    except sqlite.Warning as error:
        raise UsageError("one statement at a time.") from error
    except ValueError as error:
        raise UsageError("this is not text that SQLite can read.") from error
    except MemoryError as error:
        raise UsageError(
            "this takes too much memory.", remedy="Ask for less at once, or use sqlite3 itself."
        ) from error
    except sqlite.Error as error:
        code = driver.primary_code(error)
        if code == driver.INTERRUPT:
            raise TemporaryError(
                f"No answer within {seconds:g} s.",
                remedy="Ask for less, or allow more with --timeout.",
            ) from error
        if code == sqlite.SQLITE_AUTH:
            raise UsageError(
                f"this is not allowed here, where nothing can be changed: {error}.",
                remedy="Use only SELECT, EXPLAIN and pragmas that tell something.",
            ) from error
        if code in driver.LASTING or code in driver.PASSING:
            raise driver.translate(error, str(path)) from error
        raise UsageError(f"SQLite does not understand this: {error}.") from error
