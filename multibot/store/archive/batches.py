"""The runs of imports: what each has brought, and which one was interrupted."""

import contextlib
import fcntl
import functools
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from multibot.clock import to_text
from multibot.errors import LockHeldError
from multibot.home import Home
from multibot.store import connection, migrate
from multibot.store.archive.shared import SharedFile

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
    sum(added), sum(present), sum(skipped), min(source), count(*) = count(finished_at),
    min(options), count(undone_at) > 0 AND (count(undone_at) < count(*) OR EXISTS (
        SELECT 1 FROM conversations
        WHERE import_id IN (SELECT id FROM imports AS own WHERE own.batch_id = imports.batch_id)
    ))
FROM imports
GROUP BY batch_id, kind
ORDER BY max(id) DESC
"""
_BEGIN_UNDOING = """
UPDATE imports SET undone_at = :at
WHERE id IN (
    SELECT id FROM imports WHERE batch_id = :batch_id AND undone_at IS NULL LIMIT 200)
"""
_MISCOUNTED = """
SELECT id, left FROM (
    SELECT id, added, (SELECT count(*) FROM conversations WHERE import_id = imports.id) AS left
    FROM imports
    WHERE batch_id = :batch_id)
WHERE added <> left
"""
_RECOUNT = "UPDATE imports SET added = :left WHERE id = :id"
# A file of which nothing came has no row: what was skipped of it stands in the first one.
_SKIPPED = """
UPDATE imports
SET skipped = max(skipped + :skipped - (
    SELECT sum(skipped) FROM imports WHERE batch_id = :batch_id), 0)
WHERE id = (SELECT min(id) FROM imports WHERE batch_id = :batch_id)
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
    options: str
    is_half_undone: bool

    @property
    def state(self) -> str:
        """How it stands, in a word or two."""
        if self.undone_at is not None:
            return "half undone" if self.is_half_undone else "undone"
        return "done" if self.finished_at is not None else "interrupted"

    @property
    def paths(self) -> list[str]:
        """What the command line named: a folder, or files."""
        options = json.loads(self.options)
        return [options["path"]] if "path" in options else options.get("files") or [self.source]


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


def recount(shared: SharedFile, batch_id: str) -> None:
    """Let a batch that goes on count what is there: a restore may have taken some of it out."""
    found = shared.reader.execute(_MISCOUNTED, {"batch_id": batch_id}).fetchall()
    while found:
        values = [{"id": import_id, "left": left} for import_id, left in found[:1000]]
        shared.write(functools.partial(_recount, values=values))
        found = found[1000:]


def begin_undoing(shared: SharedFile, batch_id: str, at: datetime) -> None:
    """Mark a batch before anything of it goes: whoever looks must see one that is cut off."""
    values = {"batch_id": batch_id, "at": to_text(at)}
    while shared.write(lambda writing: writing.execute(_BEGIN_UNDOING, values).rowcount):
        continue


def note_skipped(shared: SharedFile, batch_id: str, count: int) -> None:
    """Let a batch tell how many items its run has skipped, whichever files they were in."""
    values = {"batch_id": batch_id, "skipped": count}
    shared.write(lambda writing: writing.execute(_SKIPPED, values))


def _recount(writing: "sqlite.Connection", values: list[dict[str, int]]) -> None:
    writing.executemany(_RECOUNT, values)


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
            options=row[11],
            is_half_undone=bool(row[12]),
        )
        for row in reader.execute(_ALL).fetchall()
    ]
