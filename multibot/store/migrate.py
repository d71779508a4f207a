"""Bringing the shared file to the newest schema: one process at a time, after a snapshot."""

import contextlib
import os
import runpy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from multibot import shipping
from multibot.clock import Clock
from multibot.errors import SchemaError
from multibot.home import Home
from multibot.store import connection, driver, filesystem
from multibot.store.connection import SCHEMA_VERSION, Turnstile
from multibot.store.driver import sqlite


@dataclass(frozen=True, slots=True)
class MigrateResult:
    """What a run did: the migrations it applied, and the copy it made before them."""

    applied: tuple[str, ...]
    snapshot: Path | None


def schema_version(path: Path) -> int:
    """Return the number of the newest migration in a file; 0 where there is no file."""
    if not path.exists():
        return 0
    reader = connection.open_reader(path)
    try:
        with connection.errors_of(path):
            return connection.schema_version(reader)
    finally:
        reader.close()


def migrate(
    home: Home,
    clock: Clock,
    *,
    folder: Path | None = None,
    probe: filesystem.Probe = filesystem.kind_of,
) -> MigrateResult:
    """Apply what is pending; processes that ask at once wait for the one that does it."""
    driver.require()
    home.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    filesystem.require_local(home.data, probe)
    filesystem.require_access(home.data, os.W_OK | os.X_OK)
    turn = Turnstile(home.migrate_lock)
    try:
        with turn:
            return _migrate(home, clock, folder or shipping.shipped("migrations"))
    finally:
        turn.close()


def _migrate(home: Home, clock: Clock, folder: Path) -> MigrateResult:
    is_new = _create(home.database)
    writer = connection.open_writer(home.database)
    try:
        with connection.errors_of(home.database):
            if (found := connection.schema_version(writer)) > SCHEMA_VERSION:
                connection.require_schema(found, home.database)
            return _bring_up_to_date(home, clock, writer, folder=folder, is_new=is_new)
    finally:
        writer.close()


def _bring_up_to_date(
    home: Home, clock: Clock, writer: "sqlite.Connection", *, folder: Path, is_new: bool
) -> MigrateResult:
    # Imported here: a bot checks the schema and never migrates, so it need not pay for this.
    from sqlite_utils import Database  # noqa: PLC0415

    database = Database(writer, execute_plugins=False)
    migrations = runpy.run_path(str(folder / "migrations.py"))["migrations"]
    pending = [each.name for each in migrations.pending(database)]
    if not pending:
        return MigrateResult((), None)
    snapshot = None if is_new else _snapshot(home, clock, writer, before=pending[0])
    turn = Turnstile(home.database_lock)
    try:
        for at, name in enumerate(pending):
            with turn:
                _apply(migrations, database, name, stop_before=pending[at + 1 : at + 2])
    finally:
        turn.close()
    return MigrateResult(tuple(pending), snapshot)


def _apply(migrations: Any, database: Any, name: str, stop_before: list[str]) -> None:
    """Apply one migration, its ledger row and its number in one transaction."""
    writer = database.conn
    writer.execute("BEGIN IMMEDIATE")
    try:
        migrations.apply(database, stop_before=stop_before)
        writer.execute("COMMIT")
    except sqlite.Error as error:
        raise SchemaError(
            f"Migration {name} failed: {error}; nothing of it was kept.",
            remedy="If multibot did not make this file, move it away and run this again.",
        ) from error
    finally:
        if writer.in_transaction:
            writer.execute("ROLLBACK")


def _create(path: Path) -> bool:
    """Make the file with a private mode before SQLite would make it with the umask's."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        for file in filesystem.files_of(path):
            with contextlib.suppress(FileNotFoundError):
                file.chmod(0o600)
        return path.stat().st_size == 0
    return True


def _snapshot(home: Home, clock: Clock, writer: "sqlite.Connection", before: str) -> Path:
    """Copy the file as it is; the name appears only once the copy is complete."""
    home.backups.mkdir(mode=0o700, parents=True, exist_ok=True)
    stem = f"conversations_{clock.now():%Y-%m-%d_%H-%M-%S}_before_{before}"
    taken = {path.name for path in home.backups.iterdir()}
    names = (f"{stem}{'' if n == 1 else f'_{n}'}.db" for n in range(1, len(taken) + 2))
    target = home.backups / next(name for name in names if name not in taken)
    partial = target.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    _create(partial)
    copy = sqlite.connect(partial, isolation_level=None)
    try:
        writer.backup(copy)
        # The copy is one file: it must not need a WAL beside it.
        copy.execute("PRAGMA journal_mode = DELETE").fetchall()
    finally:
        copy.close()
    _sync(partial)
    partial.replace(target)
    _sync(home.backups)
    return target


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
