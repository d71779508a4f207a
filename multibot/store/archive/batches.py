"""The runs of imports: what each has brought, and which one was interrupted."""

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from multibot.errors import LockHeldError
from multibot.home import Home
from multibot.store import connection, migrate

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

_ANYTHING = "SELECT 1 FROM conversations LIMIT 1"
_BEGUN = "SELECT id, source, sha256 FROM imports WHERE batch_id = :batch_id"
_UNFINISHED = """
SELECT batch_id FROM imports
WHERE kind = :kind AND options = :options AND finished_at IS NULL AND undone_at IS NULL
ORDER BY id DESC
LIMIT 1
"""
_ALL = """
SELECT batch_id, kind, min(started_at), max(finished_at), max(undone_at), count(*),
    sum(added), sum(present), sum(skipped), min(source), count(*) = count(finished_at)
FROM imports
GROUP BY batch_id, kind
ORDER BY max(id) DESC
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One run of an import; `options` is all that its outcome depends on, as JSON."""

    batch_id: str
    kind: str
    options: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What became of one batch; times as they are stored."""

    batch_id: str
    kind: str
    started_at: str
    finished_at: str | None
    undone_at: str | None
    files: int
    added: int
    present: int
    skipped: int
    source: str

    @property
    def state(self) -> str:
        """How it stands, in one word."""
        if self.undone_at is not None:
            return "undone"
        return "done" if self.finished_at is not None else "interrupted"


def is_blank(database: Path) -> bool:
    """Say whether no turn is in a file that is there, was just made, or is not there at all."""
    version = migrate.schema_version(database)
    if version == 0:
        return True
    with contextlib.closing(connection.open_reader(database)) as reader:
        return not holds_turns(reader, database)


def holds_turns(reader: "sqlite.Connection", database: Path) -> bool:
    """Say whether there is any turn."""
    with connection.errors_of(database):
        return reader.execute(_ANYTHING).fetchone() is not None


@contextlib.contextmanager
def alone(home: Home) -> Iterator[None]:
    """Keep other imports and restores away; a second one is refused, it does not wait."""
    descriptor = os.open(home.import_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise LockHeldError(
            "another import is under way, or a restore.",
            where=str(home.import_lock),
            remedy="Wait until it is done, then run this again.",
        ) from error
    try:
        yield
    finally:
        os.close(descriptor)


def new_id(now: datetime) -> str:
    """Name a batch: its day, and something that no other of that day has."""
    return f"{now:%Y-%m-%d}-{secrets.token_hex(3)}"


def unfinished(reader: "sqlite.Connection", kind: str, options: str) -> str | None:
    """Find the batch of the same import that was interrupted."""
    row = reader.execute(_UNFINISHED, {"kind": kind, "options": options}).fetchone()
    return None if row is None else str(row[0])


def begun(reader: "sqlite.Connection", batch_id: str) -> dict[tuple[str, str], int]:
    """Return the ids of a batch's files by source and SHA-256."""
    rows = reader.execute(_BEGUN, {"batch_id": batch_id}).fetchall()
    return {(source, sha256): int(import_id) for import_id, source, sha256 in rows}


def summaries(reader: "sqlite.Connection") -> list[Summary]:
    """Return every batch, the newest first."""
    return [
        Summary(
            batch_id=row[0],
            kind=row[1],
            started_at=row[2],
            finished_at=row[3] if row[10] else None,
            undone_at=row[4],
            files=row[5],
            added=row[6],
            present=row[7],
            skipped=row[8],
            source=row[9],
        )
        for row in reader.execute(_ALL).fetchall()
    ]
