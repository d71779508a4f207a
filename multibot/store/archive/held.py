"""Copies of the file that still hold a user who is forgotten, and how they are rid of them."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from multibot.errors import MultibotError, PermanentError
from multibot.home import Home
from multibot.store import connection, integrity
from multibot.store.archive import (
    backup,
    candidate,
    copies,
    elsewhere,
    manifest,
    remnants,
    replacing,
    traces,
    underway,
)
from multibot.store.archive.clearing import Clearing
from multibot.store.archive.forget import Belongings, Scope
from multibot.store.archive.manifest import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A copy that holds the user, or of which `trouble` says why it is not known, or still does."""

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
            yield Copy(path=path, taken_at=taken_at, trouble=f"cannot be read: {error.what}")


def _holds(path: Path, scope: Scope) -> bool:
    with (
        connection.errors_of(path),
        contextlib.closing(candidate.open_copy(path)) as reader,
    ):
        has_rows = any(Belongings(reader, scope).found(reader))
        notes = traces.count(reader, scope) + underway.count(reader, scope)
        return has_rows or bool(notes) or _is_in_wal(path, scope)


def _is_in_wal(path: Path, scope: Scope) -> bool:
    """Look into what was set aside with a file; another bot may keep the id for good reason."""
    wal = path.with_name(f"{path.name}-wal")
    return not scope.bot_name and elsewhere.has(wal, scope.user_id)


def clear(home: Home, held_copy: Copy, scope: Scope) -> Copy:
    """Write a copy anew without a user, under its name; `trouble` says why that was not done.

    A kill leaves the copy as it was, or one that the next run puts in its place.
    """
    if held_copy.trouble:
        return held_copy
    path = held_copy.path
    try:
        with backup.locked(home), copies.errors_of_disk(home.backups):
            _clear(home, path, scope)
    except MultibotError as error:
        return replace(held_copy, trouble=f"was not cleaned: {error.what}")
    return held_copy


def _clear(home: Home, path: Path, scope: Scope) -> None:
    said = manifest.read(path)
    if not manifest.describes(path, said):
        raise PermanentError(
            "This file is not the one that its manifest describes."
            f" If it was changed on purpose, remove {manifest.path_of(path).name} first."
        )
    partial, cleaned = home.backups / backup.FORGETTING, home.backups / backup.PARTIAL
    with copies.removed_on_failure(partial), copies.removed_on_failure(cleaned):
        copies.copy(path, partial, opened=candidate.open_copy)
        said = _rid(partial, cleaned, scope, said)
        copies.remove(partial)
        copies.sync(cleaned)
        replacing.replace(path, cleaned, said)


def _rid(partial: Path, cleaned: Path, scope: Scope, said: Manifest | None) -> Manifest | None:
    copies.remove(cleaned)
    cleaned.touch(mode=0o600)
    with (
        connection.errors_of(partial),
        contextlib.closing(connection.open_writer(partial)) as writer,
    ):
        writer.execute("PRAGMA journal_mode = DELETE").fetchall()
        clearing = Clearing(writer)
        clearing.remove([scope])
        clearing.finish()
        if told := integrity.damage(writer):
            raise PermanentError(f"This copy is damaged: {told}.")
        remnants.clear(writer)
        rows = manifest.count_rows(writer)
        # Copies are not read by bots: nothing of what was removed has to stay in unused space.
        # Into a file beside it, since otherwise all of it would be held in memory.
        writer.execute("VACUUM INTO ?", (str(cleaned),))
    if said is None:
        return None
    digest, size = manifest.digest(cleaned), cleaned.stat().st_size
    return replace(said, rows=rows, sha256=digest, size=size)
