"""What is said of a copy of the shared file in the `.json` beside it."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import multibot
from multibot.clock import from_text, to_text
from multibot.store import layout
from multibot.store.layout import LEDGER

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# Nobody writes so much of a copy; what is larger is some other program's file.
_LARGEST = 1024 * 1024


class Kind(StrEnum):
    """Why a copy was made."""

    BACKUP = "backup"
    BEFORE_MIGRATION = "before migration"
    BEFORE_RESTORE = "before restore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a copy holds, and how to tell that it still does."""

    kind: Kind
    taken_at: datetime
    schema: int
    size: int
    sha256: str
    rows: dict[str, int]
    multibot: str = multibot.__version__

    def to_json(self) -> str:
        """Write it as it stands in the file."""
        return json.dumps(asdict(self) | {"taken_at": to_text(self.taken_at)}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote; raises ValueError for anything else."""
        try:
            found: dict[str, Any] = json.loads(text)
            return cls(
                kind=Kind(found["kind"]),
                taken_at=from_text(found["taken_at"]),
                schema=int(found["schema"]),
                size=int(found["size"]),
                sha256=str(found["sha256"]),
                rows={str(name): int(count) for name, count in found["rows"].items()},
                multibot=str(found["multibot"]),
            )
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a manifest: {error!r}") from error


def path_of(copy: Path) -> Path:
    """Name the manifest of a copy."""
    return copy.with_suffix(".json")


def read(copy: Path) -> Manifest | None:
    """Read the manifest beside a copy; None where there is none that can be understood."""
    try:
        with path_of(copy).open(encoding="utf-8") as file:
            return Manifest.from_json(file.read(_LARGEST))
    except (OSError, ValueError):
        return None


def describes(copy: Path, said: Manifest | None) -> bool:
    """Tell whether a copy is as it was written; one of which nothing is said is taken as it is."""
    if said is None:
        return not (path_of(copy).exists() and copy.name.startswith("conversations_"))
    return digest(copy) == said.sha256


def digest(path: Path) -> str:
    """Compute a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def count_rows(connection: "sqlite.Connection") -> dict[str, int]:
    """Count the rows of every table but those that belong to SQLite or to the search."""
    names = layout.tables_of(connection)
    return {name: _count(connection, name) for name in names if name != LEDGER}


def _count(connection: "sqlite.Connection", table: str) -> int:
    # A name cannot be a parameter; this one comes out of the file's own schema.
    quoted = table.replace('"', '""')
    return int(connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0])  # noqa: S608
