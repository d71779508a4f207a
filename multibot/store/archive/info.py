"""What there is to say of the shared file: how large it is, what is in it, what copies there are."""

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from multibot.home import Home
from multibot.store import connection, filesystem, layout
from multibot.store.archive import backup, manifest, queries, upkeep
from multibot.store.archive.manifest import Manifest
from multibot.store.archive.upkeep import Run
from multibot.store.driver import sqlite

if TYPE_CHECKING:
    from collections.abc import Iterable

_OF_BOTS = {
    "conversations": "SELECT bot_name, count(*) FROM conversations GROUP BY bot_name",
    "sessions": "SELECT bot_name, count(*) FROM sessions GROUP BY bot_name",
    "inbox": "SELECT bot_name, count(*) FROM inbox GROUP BY bot_name",
}
_PAGES = ("page_size", "page_count", "freelist_count")
_RESTORES = "SELECT bot_name FROM restores ORDER BY bot_name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """The file at one moment; `copies` are those in its folder, the newest first."""

    path: Path
    size: int
    wal_size: int
    page_size: int
    pages: int
    free_pages: int
    schema: int
    newest_schema: int
    sqlite_version: str
    rows: dict[str, int]
    bots: dict[str, dict[str, int]]
    restoring: tuple[str, ...]
    upkeep: tuple[Run, ...]
    copies: tuple[tuple[Path, Manifest | None], ...]


def read(home: Home) -> Info:
    """Look at the file, also at one of another schema; counts every row."""
    path = home.database
    with contextlib.closing(queries.open_to_ask(path)) as reader, connection.errors_of(path):
        tables = set(layout.tables_of(reader))
        page_size, pages, free_pages = (_pragma(reader, name) for name in _PAGES)
        size, wal_size, _ = (_size(file) for file in filesystem.files_of(path))
        return Info(
            path=path,
            size=size,
            wal_size=wal_size,
            page_size=page_size,
            pages=pages,
            free_pages=free_pages,
            schema=connection.schema_version(reader),
            newest_schema=connection.SCHEMA_VERSION,
            sqlite_version=sqlite.sqlite_version,
            rows=manifest.count_rows(reader),
            bots=_of_bots(reader, tables & _OF_BOTS.keys()),
            restoring=_names(reader, _RESTORES) if "restores" in tables else (),
            upkeep=upkeep.runs(reader) if "upkeep" in tables else (),
            copies=tuple(backup.listed(home)),
        )


def _of_bots(reader: "sqlite.Connection", tables: "Iterable[str]") -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for table in sorted(tables):
        for bot_name, count in reader.execute(_OF_BOTS[table]).fetchall():
            found.setdefault(bot_name, {})[table] = count
    return dict(sorted(found.items()))


def _names(reader: "sqlite.Connection", sql: str) -> tuple[str, ...]:
    return tuple(name for (name,) in reader.execute(sql).fetchall())


def _pragma(reader: "sqlite.Connection", name: str) -> int:
    return int(reader.execute(f"PRAGMA {name}").fetchone()[0])


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
