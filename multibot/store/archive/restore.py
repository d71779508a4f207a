"""Putting a backup in the place of the shared file, whole; no bot may run meanwhile.

A kill at any moment leaves the old file or the new one: the copy is made ready beside it, what it
replaces is kept, the old file takes its WAL in, and only then one rename follows.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from multibot.clock import Clock
from multibot.errors import MultibotError, PermanentError, StoreUnavailableError
from multibot.home import Home
from multibot.store import connection, driver, filesystem
from multibot.store.archive import backup, batches, candidate, carrying, copies, manifest
from multibot.store.archive.manifest import Kind
from multibot.store.connection import Turnstile

SUFFIX = "before_restore"
_UNREADABLE = frozenset({driver.CORRUPT, driver.NOTADB, driver.IOERR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What a restore did; `lost` are tables whose newer rows could not be carried over."""

    source: Path
    kept: Path | None
    rows: dict[str, int]
    migrated: tuple[str, ...]
    forgotten: int
    seconds: float
    lost: tuple[str, ...] = ()


class _Kept(NamedTuple):
    path: Path
    is_sound: bool


def restore(
    home: Home, clock: Clock, file: Path, *, probe: filesystem.Probe = filesystem.kind_of
) -> Restored:
    """Put a copy in the place of the shared file. The caller sees to it that no bot runs."""
    began = clock.monotonic()
    require_place(home, probe)
    with alone(home), candidate.made(home, file) as made:
        carrying.settle(made.path)
        # What a command wrote after this would be neither in the new file nor in the kept one.
        with _turn(home.database_lock):
            lost = carrying.carry_over(home.database, made.path)
            # Forgetting them may have been cut off: the living file has rows of them then.
            candidate.rid_of_forgotten(made.path, made.stones, None)
            kept = _keep(home, clock)
            rows = _count(made.path)
            _put_in_place(home, made.path, kept)
    return Restored(
        source=made.source,
        kept=kept.path if kept else None,
        rows=rows,
        migrated=made.migrated,
        forgotten=made.forgotten,
        seconds=clock.monotonic() - began,
        lost=tuple(lost),
    )


def require_place(home: Home, probe: filesystem.Probe = filesystem.kind_of) -> None:
    """Refuse a home in which no copy can be put back."""
    driver.require()
    with copies.errors_of_disk(home.data):
        home.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    filesystem.require_local(home.data, probe)
    filesystem.require_access(home.data, os.W_OK | os.X_OK)
    connection.require_no_folder(home.database)


@contextlib.contextmanager
def alone(home: Home) -> Iterator[None]:
    """Keep imports, migrations and backups away; an import that runs is not waited for."""
    with (
        batches.alone(home),
        _turn(home.migrate_lock),
        backup.locked(home),
    ):
        yield


@contextlib.contextmanager
def _turn(lock: Path) -> Iterator[None]:
    with contextlib.closing(Turnstile(lock)) as turn, turn:
        yield


def _keep(home: Home, clock: Clock) -> _Kept | None:
    """Keep what is replaced: as a backup, or file by file where no backup of it can be made."""
    if not home.database.exists():
        return None
    if home.database.stat().st_size > 0:
        try:
            taken = backup.take(
                home, clock, Kind.BEFORE_RESTORE, suffix=SUFFIX, opened=candidate.open_living
            )
            return _Kept(taken.path, is_sound=True)
        except (PermanentError, StoreUnavailableError) as error:
            if not _is_damage(error):
                raise
    return _Kept(_set_aside(home, clock), is_sound=False)


def _is_damage(error: MultibotError) -> bool:
    cause = error.__cause__
    return isinstance(error, backup.DamagedError) or (
        cause is not None and driver.primary_code(cause) in _UNREADABLE
    )


def _set_aside(home: Home, clock: Clock) -> Path:
    with copies.errors_of_disk(home.backups):
        backup.make_place(home)
        stem = backup.free_stem(home.backups, clock.now(), f"{SUFFIX}_damaged")
        target = home.backups / f"{stem}.db"
        # The living file takes its WAL in; what is kept is to stay as it was found.
        put = _copy if _has_wal(home.database) else _link
        # The name of the file itself comes last: with it the WAL is there.
        for end in ("-wal", ""):
            file = home.database.with_name(home.database.name + end)
            if file.exists():
                put(file, target.with_name(target.name + end))
        copies.sync(home.backups)
    return target


def _link(file: Path, target: Path) -> None:
    try:
        target.hardlink_to(file)
    except OSError:
        # Another disk, or one without links.
        _copy(file, target)


def _copy(file: Path, target: Path) -> None:
    partial = target.with_name(f".{target.name}.partial")
    with copies.removed_on_failure(partial):
        shutil.copyfile(file, partial)
        partial.chmod(0o600)
        copies.sync(partial)
        partial.replace(target)


def _count(path: Path) -> dict[str, int]:
    with contextlib.closing(connection.open_reader(path)) as reader, connection.errors_of(path):
        return manifest.count_rows(reader)


def _put_in_place(home: Home, path: Path, kept: _Kept | None) -> None:
    copies.sync(path)
    with copies.errors_of_disk(home.data):
        if kept is not None:
            _take_in_wal(home.database, is_sound=kept.is_sound)
        # A WAL of the old file would be taken for one of the new file.
        for file in filesystem.files_of(home.database)[1:]:
            file.unlink(missing_ok=True)
        copies.sync(home.data)
        path.replace(home.database)
        copies.sync(home.data)
        # Not by the first of several bots that start at once, when the others read already.
        connection.open_writer(home.database).close()


def _take_in_wal(database: Path, *, is_sound: bool) -> None:
    """Make one file of the database; refused while any other program has it open.

    A damaged one has only to keep what is in its WAL, as far as it still can.
    """
    if not is_sound and not _has_wal(database):
        return
    try:
        with (
            contextlib.closing(connection.open_writer(database)) as writer,
            connection.errors_of(database),
        ):
            writer.execute("PRAGMA journal_mode = DELETE").fetchall()
    except (PermanentError, StoreUnavailableError) as error:
        if is_sound or not _is_damage(error):
            raise


def _has_wal(database: Path) -> bool:
    """Say whether there are changes beside a file; an empty one cannot take them in."""
    wal = database.with_name(f"{database.name}-wal")
    return database.stat().st_size > 0 and wal.exists() and wal.stat().st_size > 0
