import stat

import pytest

from multibot.errors import MultibotError, PermanentError, SchemaError
from multibot.home import Home
from multibot.store import connection
from multibot.store.connection import SCHEMA_VERSION
from multibot.store.driver import sqlite
from multibot.store.stores import BotStore, open_store
from tests.fakes import FakeClock
from tests.store.material import ANSWER, SAGE, message


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("busy_timeout", 5000),
        ("journal_size_limit", 67108864),
        ("wal_autocheckpoint", 1000),
        ("foreign_keys", 1),
        ("trusted_schema", 0),
        ("temp_store", 2),
        ("mmap_size", 0),
        ("secure_delete", 1),
    ],
)
def test_a_writing_connection_has_the_decided_settings(
    home: Home, pragma: str, value: object
) -> None:
    writer = connection.open_writer(home.database)
    try:
        assert writer.execute(f"PRAGMA {pragma}").fetchone()[0] == value
        assert writer.isolation_level is None
    finally:
        writer.close()


def test_a_reading_connection_cannot_write(home: Home) -> None:
    reader = connection.open_reader(home.database)
    try:
        with pytest.raises(sqlite.OperationalError, match="readonly"):
            reader.execute("DELETE FROM inbox")
    finally:
        reader.close()


async def test_every_file_is_private_whatever_the_umask(home: Home, store: BotStore) -> None:
    await store.ledger.receive(message(), ANSWER, per_minute=10)
    files = sorted(path for path in home.data.iterdir() if path.is_file())
    assert {path.name for path in files} >= {
        "conversations.db",
        "conversations.db-shm",
        "conversations.db-wal",
        "conversations.lock",
    }
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in files} == {
        path.name: 0o600 for path in files
    }


def test_a_missing_database_is_refused_with_the_command(home: Home, clock: FakeClock) -> None:
    home.database.unlink()
    with pytest.raises(SchemaError, match="multibot db migrate"):
        open_store(home, SAGE, clock)
    assert not home.database.exists()


@pytest.mark.parametrize(
    ("version", "advice"),
    [(SCHEMA_VERSION - 1, "multibot db migrate"), (SCHEMA_VERSION + 1, "Upgrade multibot")],
)
def test_another_schema_is_refused_with_what_to_do(
    home: Home, clock: FakeClock, version: int, advice: str
) -> None:
    writer = connection.open_writer(home.database)
    writer.execute(f"PRAGMA user_version = {version}")
    writer.close()
    with pytest.raises(SchemaError, match=advice):
        open_store(home, SAGE, clock)


def test_a_file_that_is_no_database_is_refused(home: Home, clock: FakeClock) -> None:
    home.database.write_bytes(b"not a database at all, but long enough to look like one" * 100)
    with pytest.raises(PermanentError, match="not a SQLite database"):
        open_store(home, SAGE, clock)


def test_a_network_file_system_is_refused(home: Home, clock: FakeClock) -> None:
    with pytest.raises(PermanentError, match="nfs4"):
        open_store(home, SAGE, clock, probe=lambda _: "nfs4")


def test_errors_of_the_driver_do_not_leave_the_store(home: Home) -> None:
    reader = connection.open_reader(home.database)
    try:
        with (
            pytest.raises(MultibotError, match="no such table") as caught,
            connection.errors_of(home.database),
        ):
            reader.execute("SELECT 1 FROM nowhere")
    finally:
        reader.close()
    assert isinstance(caught.value.__cause__, sqlite.Error)
