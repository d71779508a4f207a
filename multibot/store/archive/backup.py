"""Backups: copies of the shared file with a manifest, taken while the bots write."""

import contextlib
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from multibot.clock import Clock
from multibot.errors import PermanentError, SchemaError
from multibot.home import Home
from multibot.store import connection, driver, filesystem, integrity
from multibot.store.archive import copies, manifest, replacing
from multibot.store.archive.manifest import Kind, Manifest
from multibot.store.connection import Turnstile

PARTIAL = "backup.partial"
# What a copy is cleaned in, on its way to replace the old one.
FORGETTING = "forget.partial"
# What a restore works on, in the folder of the file itself.
RESTORING = "restore.partial"
# What the file itself is written anew in, there too.
REWRITING = "rewrite.partial"
NONE = "FILE"
_OURS = re.compile(r"conversations_\d{4}-\d\d-\d\d(_\d\d-\d\d-\d\d(_\d+)?)?\.db")


class DamagedError(PermanentError):
    """The database is damaged; no backup of it was kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A copy that was taken, and the older ones that made place for it."""

    path: Path
    manifest: Manifest
    seconds: float
    removed: tuple[Path, ...] = ()

    @property
    def manifest_path(self) -> Path:
        """What is said of it."""
        return manifest.path_of(self.path)

    @property
    def size(self) -> int:
        """Its bytes."""
        return self.manifest.size


def backup(
    home: Home,
    clock: Clock,
    *,
    keep: int | None = None,
    probe: filesystem.Probe = filesystem.kind_of,
) -> Backup:
    """Take a backup of the day; with `keep`, remove all but so many of those taken before.

    Blocks for as long as the copy takes; bots go on writing. A second one at once waits.
    """
    driver.require()
    filesystem.require_local(home.data, probe)
    with locked(home):
        # What was killed has left it; one that runs is waited for.
        remove_leftovers(home)
        taken = take(home, clock, Kind.BACKUP)
        removed = () if keep is None else _remove_older(home, taken.path, keep)
    return Backup(path=taken.path, manifest=taken.manifest, seconds=taken.seconds, removed=removed)


@contextlib.contextmanager
def locked(home: Home) -> Iterator[None]:
    """Be the only one who makes or replaces copies; others wait."""
    with copies.errors_of_disk(home.backup_lock):
        turn = Turnstile(home.backup_lock)
    try:
        with turn:
            yield
    finally:
        turn.close()


def take(
    home: Home,
    clock: Clock,
    kind: Kind,
    *,
    suffix: str = "",
    opened: copies.Open = connection.open_reader,
) -> Backup:
    """Copy the file as it is, under `locked`; the names appear only once all is complete.

    With a suffix, the name has the time and says why the copy was made.
    """
    began, taken_at = clock.monotonic(), clock.now()
    _require_database(home.database)
    make_place(home)
    partial = home.backups / PARTIAL
    copies.copy(home.database, partial, opened=opened)
    with copies.removed_on_failure(partial), copies.errors_of_disk(home.backups):
        said = _examine(partial, kind, taken_at)
        path = home.backups / f"{free_stem(home.backups, said.taken_at, suffix)}.db"
        copies.write_synced(manifest.path_of(path), said.to_json())
        partial.replace(path)
        copies.sync(home.backups)
    return Backup(path=path, manifest=said, seconds=clock.monotonic() - began)


def _require_database(path: Path) -> None:
    if not path.exists():
        raise SchemaError(
            "There is no database yet.",
            where=str(path),
            remedy="Run `multibot db migrate` (or `multibot up`, which does).",
        )


def make_place(home: Home) -> None:
    """Make the folder, and remove what runs that were killed have left in it."""
    with copies.errors_of_disk(home.backups):
        home.backups.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in (PARTIAL, FORGETTING):
            copies.remove(home.backups / name)
        replacing.settle(home.backups)
        for path in home.backups.glob(".conversations_*.json.partial"):
            path.unlink(missing_ok=True)
        for path in home.backups.glob("conversations_*.json"):
            # Killed between the two names: a manifest of nothing.
            if not path.with_suffix(".db").exists() and manifest.read(path) is not None:
                path.unlink(missing_ok=True)


def remove_leftovers(home: Home) -> None:
    """Remove what killed backups, restores and cleanings have left; call it under `locked`."""
    with copies.errors_of_disk(home.data):
        for name in (RESTORING, REWRITING):
            copies.remove(home.data / name)
    if home.backups.is_dir():
        make_place(home)


def _examine(copy: Path, kind: Kind, taken_at: datetime) -> Manifest:
    with (
        ThreadPoolExecutor(max_workers=1) as beside,
        contextlib.closing(connection.open_reader(copy)) as reader,
        connection.errors_of(copy),
    ):
        hashing = beside.submit(manifest.digest, copy)
        if told := integrity.damage(reader):
            raise DamagedError(
                f"The database is damaged, no backup of it was kept: {told}.",
                remedy="Run `multibot db check`; restore an older backup with `multibot db restore`.",
            )
        schema, rows = connection.schema_version(reader), manifest.count_rows(reader)
    return Manifest(
        kind=kind,
        taken_at=taken_at,
        schema=schema,
        size=copy.stat().st_size,
        sha256=hashing.result(),
        rows=rows,
    )


def free_stem(folder: Path, at: datetime, suffix: str) -> str:
    """Name the copy by its day, a second one by its time as well, a third by a number too."""
    taken = {path.stem for path in folder.iterdir()}
    return next(stem for stem in _stems(at, suffix, len(taken)) if stem not in taken)


def _stems(at: datetime, suffix: str, taken: int) -> Iterable[str]:
    if not suffix:
        yield f"conversations_{at:%Y-%m-%d}"
    timed = f"conversations_{at:%Y-%m-%d_%H-%M-%S}{suffix and f'_{suffix}'}"
    yield timed
    yield from (f"{timed}_{number}" for number in range(2, taken + 3))


def listed(home: Home) -> list[tuple[Path, Manifest | None]]:
    """List the copies in the folder, the newest first; those without a manifest come last."""
    if not home.backups.is_dir():
        return []
    found = [(path, manifest.read(path)) for path in sorted(home.backups.glob("*.db"))]
    return sorted(found, key=_age)


def newest(home: Home) -> str:
    """Name the newest backup as a command line would, else another copy; NONE where there is none."""
    found = [(path, said) for path, said in listed(home) if said is not None]
    backups = [path for path, said in found if said.kind is Kind.BACKUP]
    names = [*backups, *(path for path, _ in found)]
    return str(names[0].relative_to(home.root)) if names else NONE


def _age(copy: tuple[Path, Manifest | None]) -> tuple[bool, float]:
    said = copy[1]
    return (said is None, 0.0 if said is None else -said.taken_at.timestamp())


def _remove_older(home: Home, newest: Path, keep: int) -> tuple[Path, ...]:
    """Remove older backups; copies made before a change, and files of others, are no backups.

    The one just taken stays, also when the clock went back.
    """
    ours = [
        path
        for path, said in listed(home)
        if said is not None
        and said.kind is Kind.BACKUP
        and _OURS.fullmatch(path.name)
        and path != newest
    ]
    older = tuple(ours[max(keep - 1, 0) :])
    with copies.errors_of_disk(home.backups):
        for path in older:
            path.unlink(missing_ok=True)
            manifest.path_of(path).unlink(missing_ok=True)
        copies.sync(home.backups)
    return older
