"""A copy on its way back: examined, brought up to date and rid of the forgotten, under no name yet."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from multibot.errors import MultibotError, PermanentError, SchemaError, UsageError
from multibot.home import Home
from multibot.store import connection, integrity, migrate
from multibot.store.archive import copies, manifest, tombstones
from multibot.store.archive.backup import RESTORING
from multibot.store.archive.manifest import Manifest
from multibot.store.archive.tombstones import Tombstones
from multibot.store.connection import SCHEMA_VERSION
from multibot.store.driver import sqlite
from multibot.store.layout import columns_of

_BOTS = """
SELECT bot_name FROM sessions UNION SELECT bot_name FROM conversations ORDER BY bot_name
"""
_OTHER = "Restore another one; `multibot db info` lists them."


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A file that may be put in place, whose it is, and what had to be done to it."""

    path: Path
    source: Path
    sha256: str
    manifest: Manifest | None
    migrated: tuple[str, ...]
    bots: tuple[str, ...]
    forgotten: int
    stones: Tombstones


@contextlib.contextmanager
def made(home: Home, file: Path) -> Iterator[Candidate]:
    """Make the copy that is to be put in place; what is left of it goes when the context ends.

    Raises MultibotError where the file is not to be trusted; nothing is changed then.
    """
    source = find(home, file)
    said = manifest.read(source)
    sha256 = _require_as_written(source, said)
    path = home.data / RESTORING
    with _another_in_place_of(source):
        copies.copy(source, path, opened=open_copy)
    with copies.removed_on_failure(path), copies.errors_of_disk(path):
        _require_usable(source, path)
        with _blamed_on(source):
            migrated = migrate.bring_up_to_date(path)
        bots = _require_layout(source, path)
        stones = known_tombstones(home, path)
        forgotten = rid_of_forgotten(path, stones, said.taken_at if said else None)
        yield Candidate(
            path=path,
            source=source,
            sha256=sha256,
            manifest=said,
            migrated=migrated,
            bots=bots,
            forgotten=forgotten,
            stones=stones,
        )
    copies.remove(path)


def find(home: Home, file: Path) -> Path:
    """Find the file that is meant, also by its name among the backups; refuse what cannot be it."""
    found = next((path for path in (file, home.backups / file) if path.is_file()), None)
    if found is None:
        what = "this is a folder" if file.is_dir() else "there is no such file"
        raise UsageError(f"{what}.", where=str(file), remedy="`multibot db info` lists the copies.")
    if home.database.exists() and found.samefile(home.database):
        raise UsageError(
            "this is the fleet's database itself.", where=str(file), remedy="Name a copy of it."
        )
    return found.absolute()


def open_copy(path: Path) -> "sqlite.Connection":
    """Open a copy to read, without making any file beside it unless it came with a WAL."""
    wal = path.with_name(f"{path.name}-wal")
    return _open(path, "mode=ro" if wal.exists() and wal.stat().st_size else "immutable=1")


def open_living(path: Path) -> "sqlite.Connection":
    """Open the living file to read so that it stays as it is, also when this is closed.

    The last one to close a file that it can write would move the WAL into it.
    """
    connection.require_file(path)
    return _open(path, "mode=ro")


def _open(path: Path, how: str) -> "sqlite.Connection":
    with connection.errors_of(path):
        opened = sqlite.connect(f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None)
        opened.execute("PRAGMA query_only = ON")
        opened.execute("PRAGMA trusted_schema = OFF")
    return opened


def _require_as_written(source: Path, said: Manifest | None) -> str:
    with copies.errors_of_disk(source):
        sha256 = manifest.digest(source)
    beside = manifest.path_of(source)
    is_broken = said is None and beside.exists() and source.name.startswith("conversations_")
    if is_broken or (said is not None and said.sha256 != sha256):
        raise PermanentError(
            "This file is not the one that its manifest describes.",
            where=str(source),
            remedy=f"{_OTHER} If it was changed on purpose, remove {beside.name} first.",
        )
    return sha256


def _require_usable(source: Path, path: Path) -> None:
    """Refuse a file that is damaged, another program's, or a later version's."""
    with (
        _blamed_on(source),
        contextlib.closing(connection.open_reader(path)) as reader,
        connection.errors_of(path),
    ):
        found = connection.schema_version(reader)
        if found > SCHEMA_VERSION:
            raise SchemaError(
                f"This file has schema {found}, this multibot knows {SCHEMA_VERSION} at most.",
                remedy="Upgrade multibot, or restore an older one.",
            )
        if found == 0:
            raise PermanentError("This is no database of multibot.", remedy=_OTHER)
        if told := integrity.damage(reader, whole=True):
            raise PermanentError(f"This file is damaged: {told}.", remedy=_OTHER)


def _require_layout(source: Path, path: Path) -> tuple[str, ...]:
    """Refuse a file without the tables of this schema; return the bots that it has."""
    expected = migrate.layout()
    with (
        _blamed_on(source),
        contextlib.closing(connection.open_reader(path)) as reader,
        connection.errors_of(path),
    ):
        found = columns_of(reader)
        if wrong := sorted(name for name in expected if expected[name] - found.get(name, set())):
            raise PermanentError(
                f"This is no database of multibot: {wrong[0]} is not as it should be.",
                remedy=_OTHER,
            )
        return tuple(name for (name,) in reader.execute(_BOTS).fetchall())


@contextlib.contextmanager
def _blamed_on(source: Path) -> Iterator[None]:
    """Name the file that a person chose, where the copy of it is found wanting."""
    try:
        yield
    except PermanentError as error:
        error.where = str(source)
        if type(error) is PermanentError:
            error.remedy = _OTHER
        raise


@contextlib.contextmanager
def _another_in_place_of(source: Path) -> Iterator[None]:
    """Where it is this file that cannot be read, the remedy is another one."""
    try:
        yield
    except PermanentError as error:
        if error.where == str(source):
            error.remedy = _OTHER
        raise


def known_tombstones(home: Home, path: Path) -> Tombstones:
    """Collect the tombstones of the list, of a copy, and of the living file if it can be read."""
    with contextlib.closing(connection.open_reader(path)) as reader, connection.errors_of(path):
        stones = [*tombstones.listed(home.forgotten), *tombstones.read(reader)]
    with (
        contextlib.suppress(MultibotError),
        contextlib.closing(open_living(home.database)) as living,
        connection.errors_of(home.database),
    ):
        stones += tombstones.read(living)
    return Tombstones(stones)


def rid_of_forgotten(path: Path, stones: Tombstones, taken_at: datetime | None) -> int:
    """Remove from a copy everybody who was forgotten; return how many users that were."""
    with contextlib.closing(connection.open_writer(path)) as writer, connection.errors_of(path):
        users = tombstones.apply(writer, stones, taken_at=taken_at).users
        # The copy is one file: it must not need a WAL beside it.
        writer.execute("PRAGMA journal_mode = DELETE").fetchall()
    return users
