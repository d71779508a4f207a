"""Every numbered SQL file of this folder as one migration; `sqlite-utils migrate` reads this too."""

from collections.abc import Callable, Iterator
from pathlib import Path

from sqlite_utils import Database, Migrations
from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined]  # the library it chose

migrations = Migrations("multibot")


def statements(script: str) -> Iterator[str]:
    """Split a script: `executescript` would commit on its own in the middle of a migration."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending.strip()
            pending = ""
    if any(line.strip() and not line.startswith("--") for line in pending.splitlines()):
        raise ValueError(f"unfinished statement: {pending.strip()}")


def migration(path: Path) -> Callable[[Database], None]:
    """Make the function that applies one file and notes its number in the file itself."""

    def apply(db: Database) -> None:
        for statement in statements(path.read_text(encoding="utf-8")):
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {int(path.name[:4])}")

    return apply


for _path in sorted(Path(__file__).parent.glob("[0-9][0-9][0-9][0-9]_*.sql")):
    migrations(name=_path.stem)(migration(_path))
