"""Who migrates, when, and what is left when it goes wrong."""

import fcntl
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from multibot.errors import ExitCode, PermanentError, SchemaError
from multibot.home import Home
from multibot.store import connection
from multibot.store.archive.backup import backup
from multibot.store.connection import SCHEMA_VERSION
from multibot.store.driver import sqlite
from multibot.store.migrate import MigrateResult, migrate, schema_version
from tests.fakes import FakeClock
from tests.migration.test_schema import only_first, schema
from tests.store.crowd import together
from tests.store.material import rows
from tests.unit.config import samples

BIN = Path(sys.executable).parent
NAMES = (
    "0001_history",
    "0002_ledger",
    "0003_coordination",
    "0004_fleet",
    "0005_incidents",
    "0006_archive",
    "0007_chains",
)


def test_a_new_file_gets_everything_and_no_snapshot(home: Home, clock: FakeClock) -> None:
    assert schema_version(home.database) == 0
    assert migrate(home, clock) == MigrateResult(NAMES, None)
    assert schema_version(home.database) == SCHEMA_VERSION
    assert stat.S_IMODE(home.database.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.data.stat().st_mode) == 0o700
    assert not home.backups.exists()


def test_an_up_to_date_file_is_left_alone(home: Home, clock: FakeClock) -> None:
    migrate(home, clock)
    before = home.database.read_bytes()
    assert migrate(home, clock) == MigrateResult((), None)
    assert home.database.read_bytes() == before
    assert not home.backups.exists()


@pytest.fixture
def older(home: Home, clock: FakeClock, migrations: Path, tmp_path: Path) -> Home:
    """A home whose database is two migrations behind, with a row in it."""
    migrate(home, clock, folder=only_first(migrations, 2, tmp_path / "older"))
    writer = connection.open_writer(home.database)
    writer.execute(
        "INSERT INTO sessions (bot_name, channel_id, session_id, started_at, last_activity,"
        " display_id) VALUES ('sage', '1', 'kept', 'a', 'b', 'c')"
    )
    writer.close()
    return home


def test_a_snapshot_is_made_before_an_older_file_changes(older: Home, clock: FakeClock) -> None:
    result = migrate(older, clock)
    assert result.applied == NAMES[2:]
    assert result.snapshot is not None
    name = "conversations_2026-01-01_12-00-00_before_0003_coordination.db"
    assert [path.name for path in older.backups.glob("*.db")] == [name]
    assert stat.S_IMODE(result.snapshot.stat().st_mode) == 0o600
    assert stat.S_IMODE(older.backups.stat().st_mode) == 0o700
    assert schema_version(result.snapshot) == 2
    assert rows(result.snapshot, "SELECT session_id FROM sessions") == [("kept",)]
    assert rows(result.snapshot, "PRAGMA integrity_check") == [("ok",)]
    assert rows(older.database, "SELECT session_id FROM sessions") == [("kept",)]


def test_a_second_snapshot_does_not_replace_the_first(older: Home, clock: FakeClock) -> None:
    older.backups.mkdir()
    first = older.backups / "conversations_2026-01-01_12-00-00_before_0003_coordination.db"
    first.write_text("the first")
    result = migrate(older, clock)
    assert result.snapshot is not None
    assert result.snapshot.name == f"{first.stem}_2.db"
    assert first.read_text() == "the first"


def test_a_migration_that_fails_leaves_nothing_of_itself(
    older: Home, clock: FakeClock, migrations: Path, tmp_path: Path
) -> None:
    folder = only_first(migrations, 3, tmp_path / "broken")
    with (folder / "0003_coordination.sql").open("a") as file:
        file.write("\nCREATE TABLE half (a TEXT) STRICT;\n\nCREATE TABLE inbox (a TEXT);\n")
    before = schema(older.database)
    with pytest.raises(SchemaError, match="0003_coordination failed") as caught:
        migrate(older, clock, folder=folder)
    assert caught.value.exit_code is ExitCode.PERMANENT
    assert schema(older.database) == before
    assert schema_version(older.database) == 2
    assert migrate(older, clock).applied == NAMES[2:]


def test_a_newer_file_is_refused_and_not_touched(home: Home, clock: FakeClock) -> None:
    migrate(home, clock)
    writer = connection.open_writer(home.database)
    writer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    writer.close()
    with pytest.raises(SchemaError, match="Upgrade multibot"):
        migrate(home, clock)


@pytest.mark.parametrize("table", ["conversations", "places"])
@pytest.mark.parametrize("version", [0, 3])
def test_a_file_of_another_program_is_refused_and_not_touched(
    home: Home, clock: FakeClock, table: str, version: int
) -> None:
    home.data.mkdir()
    other = sqlite.connect(home.database)
    other.execute(f"CREATE TABLE {table} (id INTEGER)")
    other.execute(f"PRAGMA user_version = {version}")
    other.close()
    home.database.chmod(0o644)
    before = home.database.read_bytes()
    with pytest.raises(SchemaError, match=r"another program.*move it away"):
        migrate(home, clock)
    assert home.database.read_bytes() == before
    assert stat.S_IMODE(home.database.stat().st_mode) == 0o644
    assert sorted(path.name for path in home.data.iterdir()) == ["conversations.db", "migrate.lock"]


def test_a_folder_in_the_place_of_the_file_is_refused(home: Home, clock: FakeClock) -> None:
    home.database.mkdir(parents=True)
    home.database.chmod(0o755)
    with pytest.raises(PermanentError, match="folder stands in the place"):
        migrate(home, clock)
    assert stat.S_IMODE(home.database.stat().st_mode) == 0o755


def test_an_empty_file_is_a_new_one_unless_there_are_backups(home: Home, clock: FakeClock) -> None:
    home.data.mkdir()
    home.database.touch(0o644)
    assert migrate(home, clock) == MigrateResult(NAMES, None)
    assert stat.S_IMODE(home.database.stat().st_mode) == 0o600
    taken = backup(home, clock)
    home.database.write_bytes(b"")
    with pytest.raises(PermanentError, match=f"db restore data/backups/{taken.path.name}"):
        migrate(home, clock)
    assert home.database.read_bytes() == b""


def test_a_network_file_system_is_refused(home: Home, clock: FakeClock) -> None:
    with pytest.raises(PermanentError, match="cifs"):
        migrate(home, clock, probe=lambda _: "cifs")
    assert not home.database.exists()


def test_eight_processes_at_once_migrate_once(older: Home) -> None:
    printed = together("migrate", older, [f"bot{number}" for number in range(8)])
    assert sorted(printed) == [[""]] * 7 + [[" ".join(NAMES[2:])]]
    assert len(list(older.backups.glob("*.db"))) == 1


def test_the_migration_waits_for_its_lock(home: Home) -> None:
    samples.write(home)
    home.data.mkdir()
    descriptor = os.open(home.migrate_lock, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    command = [str(BIN / "multibot"), "--home", str(home.root), "db", "migrate"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    assert not home.database.exists()
    os.close(descriptor)
    output, _ = process.communicate(timeout=30)
    assert f"schema {SCHEMA_VERSION}" in output


def test_plain_sqlite_utils_makes_the_same_file(
    home: Home, clock: FakeClock, migrations: Path, tmp_path: Path
) -> None:
    plain = tmp_path / "plain.db"
    subprocess.run([str(BIN / "sqlite-utils"), "migrate", str(plain), str(migrations)], check=True)
    migrate(home, clock)
    assert schema(plain) == schema(home.database)
    assert schema_version(plain) == SCHEMA_VERSION
    listed = subprocess.run(
        [str(BIN / "sqlite-utils"), "migrate", str(home.database), str(migrations), "--list"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert f"{NAMES[-1]} - " in listed
    assert "(none)" in listed


def test_a_file_that_plain_sqlite_utils_made_is_taken_over(
    home: Home, clock: FakeClock, migrations: Path
) -> None:
    home.data.mkdir()
    subprocess.run(
        [str(BIN / "sqlite-utils"), "migrate", str(home.database), str(migrations), "--stop-before",
         "multibot:0003_coordination"],
        check=True,
    )  # fmt: skip
    result = migrate(home, clock)
    assert result.applied == NAMES[2:]
    assert result.snapshot is not None
    assert rows(home.database, "PRAGMA journal_mode") == [("wal",)]
    assert stat.S_IMODE(home.database.stat().st_mode) == 0o600


def test_the_command_says_what_it_did(home: Home) -> None:
    samples.write(home)
    command = [str(BIN / "multibot"), "--home", str(home.root), "db", "migrate", "--json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == {
        "database": str(home.database),
        "schema": SCHEMA_VERSION,
        "applied": list(NAMES),
        "snapshot": None,
    }
    again = subprocess.run(command[:-1], check=True, capture_output=True, text=True)
    assert f"already at schema {SCHEMA_VERSION}" in again.stdout


def test_the_command_fails_with_the_code_for_a_person_to_act(home: Home) -> None:
    home.data.mkdir()
    home.database.write_bytes(b"not a database at all, but long enough to look like one" * 100)
    command = [str(BIN / "multibot"), "--home", str(home.root), "db", "migrate"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == ExitCode.PERMANENT
    assert "not a SQLite database" in done.stderr
    assert "Traceback" not in done.stderr
