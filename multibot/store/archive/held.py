"""Copies of the file that still hold a user who is forgotten, and how they are rid of them."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from multibot.errors import MultibotError
from multibot.home import Home
from multibot.store import connection, integrity
from multibot.store.archive import backup, candidate, copies, manifest
from multibot.store.archive.clearing import Clearing
from multibot.store.archive.forget import Belongings, Scope
from multibot.store.archive.manifest import Manifest

PARTIAL = "forget.partial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy that holds the user, or of which `trouble` says why that is not known."""

    path: Path
    taken_at: datetime | None
    trouble: str = ""


def held(home: Home, scope: Scope) -> Iterator[Copy]:
    """Look into every copy in the folder for backups; those with nothing of the user are left out."""
    for path, said in backup.listed(home):
        taken_at = said.taken_at if said else None
        try:
            if _holds(path, scope):
                yield Copy(path=path, taken_at=taken_at)
        except MultibotError as error:
            yield Copy(path=path, taken_at=taken_at, trouble=error.what)


def _holds(path: Path, scope: Scope) -> bool:
    with (
        connection.errors_of(path),
        contextlib.closing(candidate.open_copy(path)) as reader,
    ):
        return any(Belongings(reader, scope).found(reader))


def clear(home: Home, held_copy: Copy, scope: Scope) -> bool:
    """Write a copy anew without a user, under its name; false where it cannot be read.

    A kill leaves the copy as it was, or a manifest that is ahead of it: clearing it again helps.
    """
    if held_copy.trouble:
        return False
    path = held_copy.path
    with backup.locked(home):
        partial = home.backups / PARTIAL
        copies.copy(path, partial, opened=candidate.open_copy)
        with copies.removed_on_failure(partial), copies.errors_of_disk(home.backups):
            said = _rid(partial, scope, manifest.read(path))
            if said is not None:
                copies.write_synced(manifest.path_of(path), said.to_json())
            copies.sync(partial)
            partial.replace(path)
            copies.sync(home.backups)
    return True


def _rid(partial: Path, scope: Scope, said: Manifest | None) -> Manifest | None:
    with (
        connection.errors_of(partial),
        contextlib.closing(connection.open_writer(partial)) as writer,
    ):
        clearing = Clearing(writer)
        clearing.remove([scope])
        clearing.finish()
        # Copies are not read by bots: nothing of what was removed has to stay in unused space.
        writer.execute("VACUUM")
        writer.execute("PRAGMA journal_mode = DELETE").fetchall()
        if told := integrity.damage(writer):
            raise MultibotError(f"This copy is damaged: {told}.")
        rows = manifest.count_rows(writer)
    if said is None:
        return None
    digest, size = manifest.digest(partial), partial.stat().st_size
    return replace(said, rows=rows, sha256=digest, size=size)
