"""The named statements of `queries/*.sql`; their parameters are the names after the colons."""

import functools
from pathlib import Path
from typing import Any

import aiosql

FOLDER = Path(__file__).parent / "queries"


@functools.cache
def load() -> Any:
    """Return an object with one function per statement: `load().name(connection, key=value)`.

    `^` gives a row or None, `$` one value, `!` the number of rows, nothing an iterator: read it to
    its end, since a half-read one holds up checkpoints.
    """
    return aiosql.from_path(FOLDER, "sqlite3")
