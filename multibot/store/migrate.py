"""Bringing the shared file to the newest schema: one process at a time, after a snapshot."""

import contextlib
import os
import runpy
from dataclasses import dataclass
from pathlib import Path

from multibot import shipping
from multibot.clock import Clock
from multibot.errors import PermanentError, SchemaError
from multibot.home import Home
from multibot.store import connection, driver, filesystem
from multibot.store.archive import backup
from multibot.store.archive.manifest import Kind
from multibot.store.connection import SCHEMA_VERSION, Turnstile
from multibot.store.driver import sqlite
from multibot.store.layout import LEDGER, columns_of, tables_of

_APPLIED = "SELECT 1 FROM _sqlite_migrations WHERE migration_set = 'multibot'"
_NOT_OURS = "If multibot did not make this file, move it away and run this again."


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
    is_new = _is_new(home)
    if is_new:
        _create(home.database)
    else:
        _require_ours(home.database)
        _make_private(home.database)
    writer = connection.open_writer(home.database)
    try:
        with connection.errors_of(home.database):
            migrations = _Migrations(writer, folder)
            if not migrations.pending:
                return MigrateResult((), None)
            snapshot = None if is_new else _snapshot(home, clock, before=migrations.pending[0])
            turn = Turnstile(home.database_lock)
            try:
                return MigrateResult(migrations.apply(turn), snapshot)
            finally:
                turn.close()
    finally:
        writer.close()


def bring_up_to_date(path: Path, *, folder: Path | None = None) -> tuple[str, ...]:
    """Apply what is pending to a copy that nobody else uses; nothing of it is kept elsewhere."""
    _require_ours(path)
    with contextlib.closing(connection.open_writer(path)) as writer, connection.errors_of(path):
        migrations = _Migrations(writer, folder or shipping.shipped("migrations"))
        return migrations.apply(contextlib.nullcontext())


def layout(folder: Path | None = None) -> dict[str, set[str]]:
    """Say which tables and columns a file of the newest schema has."""
    with contextlib.closing(sqlite.connect(":memory:", isolation_level=None)) as empty:
        migrations = _Migrations(empty, folder or shipping.shipped("migrations"))
        migrations.apply(contextlib.nullcontext())
        return columns_of(empty)


class _Migrations:
    """The migrations of a folder, and which of them a file still needs."""

    def __init__(self, writer: "sqlite.Connection", folder: Path) -> None:
        # Imported here: a bot checks the schema and never migrates, so it need not pay for this.
        from sqlite_utils import Database  # noqa: PLC0415

        self._database = Database(writer, execute_plugins=False)
        self._writer = writer
        self._all = runpy.run_path(str(folder / "migrations.py"))["migrations"]
        self.pending = [each.name for each in self._all.pending(self._database)]

    def apply(self, turn: contextlib.AbstractContextManager[None]) -> tuple[str, ...]:
        """Apply what is pending; the bots can write between two migrations."""
        for at, name in enumerate(self.pending):
            with turn:
                self._apply(name, stop_before=self.pending[at + 1 : at + 2])
        return tuple(self.pending)

    def _apply(self, name: str, stop_before: list[str]) -> None:
        """Apply one migration, its ledger row and its number in one transaction."""
        writer = self._writer
        writer.execute("BEGIN IMMEDIATE")
        try:
            self._all.apply(self._database, stop_before=stop_before)
            writer.execute("COMMIT")
        except sqlite.Error as error:
            raise SchemaError(
                f"Migration {name} failed: {error}; nothing of it was kept.", remedy=_NOT_OURS
            ) from error
        finally:
            if writer.in_transaction:
                writer.execute("ROLLBACK")


def _is_new(home: Home) -> bool:
    """Say whether there is nothing yet; an empty file beside backups is something else."""
    path = home.database
    connection.require_file(path)
    if not path.exists():
        return True
    if path.stat().st_size > 0:
        return False
    if (newest := backup.newest(home)) != backup.NONE:
        raise PermanentError(
            "The database is empty, though there are backups of it.",
            where=str(path),
            remedy=f"Run `multibot db restore {newest}`; or remove the file to begin anew.",
        )
    return True


def _require_ours(path: Path) -> None:
    """Refuse a file that multibot did not make, or a later one did, before anything of it changes."""
    with contextlib.closing(connection.open_reader(path)) as reader, connection.errors_of(path):
        if (found := connection.schema_version(reader)) > SCHEMA_VERSION:
            connection.require_schema(found, path)
        tables = set(tables_of(reader))
        ours = LEDGER in tables and reader.execute(_APPLIED).fetchone() is not None
    if not ours and tables - {LEDGER}:
        raise SchemaError(
            "This is a database of another program.", where=str(path), remedy=_NOT_OURS
        )


def _create(path: Path) -> None:
    """Make the file with a private mode before SQLite would make it with the umask's."""
    flags = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC
    os.close(os.open(path, flags, 0o600))
    _make_private(path)


def _make_private(path: Path) -> None:
    for file in filesystem.files_of(path):
        with contextlib.suppress(FileNotFoundError):
            file.chmod(0o600)


def _snapshot(home: Home, clock: Clock, before: str) -> Path:
    """Copy the file as it is before anything of it changes."""
    with backup.locked(home):
        return backup.take(home, clock, Kind.BEFORE_MIGRATION, suffix=f"before_{before}").path
