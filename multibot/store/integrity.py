"""Whether the shared file can be relied on, as far as a look at it can tell."""

from pathlib import Path

from multibot.store import connection

# SQLite reads every page for the whole answer; of a larger file only its tables are looked at.
_SMALL = 256 * 1024 * 1024
_TABLES = "SELECT count(*) FROM sqlite_master"
_PAGES = "PRAGMA quick_check(1)"


def examine(path: Path) -> tuple[int, int, str]:
    """Return the schema it has, the one this code knows, and the first damage found, if any.

    Raises MultibotError where the file is no database, or cannot be read at all.
    """
    reader = connection.open_reader(path)
    try:
        with connection.errors_of(path):
            found = connection.schema_version(reader)
            reader.execute(_TABLES).fetchone()
            told = "ok"
            if path.stat().st_size <= _SMALL:
                told = str(reader.execute(_PAGES).fetchone()[0])
    finally:
        reader.close()
    return found, connection.SCHEMA_VERSION, "" if told == "ok" else " ".join(told.split())
