"""Copies that cannot be trusted, and files that are to be replaced but cannot be read."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from multibot.errors import ExitCode, PermanentError, StoreUnavailableError, UsageError
from multibot.home import Home
from multibot.store import connection, integrity
from multibot.store.archive import manifest
from multibot.store.archive.restore import restore
from multibot.store.connection import SCHEMA_VERSION
from multibot.store.driver import sqlite
from tests.fakes import FakeClock
from tests.store.copies import OpenBot, change, count, overwrite, said, talk
from tests.store.material import rows

KEPT = "conversations_2026-01-01_12-00-00_before_restore_damaged.db"


def spoil_bytes(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xff" * 16)


def spoil_pages(path: Path) -> None:
    manifest.path_of(path).unlink()
    overwrite(path, *range(3, 12))


def cut(path: Path) -> None:
    manifest.path_of(path).unlink()
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    manifest.path_of(path).unlink()
    os.truncate(path, 0)


def write_text(path: Path) -> None:
    manifest.path_of(path).unlink()
    path.write_text("no database" * 1000)


def of_another_program(path: Path) -> None:
    manifest.path_of(path).unlink()
    path.unlink()
    other = sqlite.connect(path)
    other.execute("CREATE TABLE conversations (id INTEGER)")
    other.execute("PRAGMA user_version = 3")
    other.close()


def of_the_future(path: Path) -> None:
    manifest.path_of(path).unlink()
    change(path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


def without_a_table(path: Path) -> None:
    manifest.path_of(path).unlink()
    change(path, "DROP TABLE outbox")


def spoil_manifest(path: Path) -> None:
    manifest.path_of(path).write_text("{")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (spoil_bytes, "not the one that its manifest describes"),
        (spoil_manifest, "not the one that its manifest describes"),
        (spoil_pages, "damaged"),
        (cut, "damaged"),
        (empty, "no database of multibot"),
        (write_text, "not a SQLite database"),
        (of_another_program, "another program"),
        (of_the_future, "Upgrade multibot"),
        (without_a_table, "outbox is not as it should be"),
    ],
)
def test_a_copy_that_cannot_be_trusted_changes_nothing(
    home: Home, older: Path, clock: FakeClock, spoil: Callable[[Path], None], told: str
) -> None:
    spoil(older)
    before, there = home.database.read_bytes(), sorted(home.backups.iterdir())

    with pytest.raises(PermanentError, match=told) as caught:
        restore(home, clock, older)

    assert str(older) in str(caught.value)
    assert caught.value.exit_code is ExitCode.PERMANENT
    assert home.database.read_bytes() == before
    assert sorted(home.backups.iterdir()) == there
    assert not list(home.data.glob("*.partial*"))


def test_a_file_that_is_none_is_refused(home: Home, older: Path, clock: FakeClock) -> None:
    for path in (home.root / "nothing.db", home.data, home.database):
        with pytest.raises(UsageError):
            restore(home, clock, path)
    assert older.exists()


def test_a_network_file_system_is_refused(home: Home, older: Path, clock: FakeClock) -> None:
    with pytest.raises(PermanentError, match="cifs"):
        restore(home, clock, older, probe=lambda _: "cifs")
    assert len(said(home.database)) == 10


def test_a_folder_in_the_place_of_the_file_is_refused(
    home: Home, older: Path, clock: FakeClock
) -> None:
    home.database.unlink()
    home.database.mkdir()

    with pytest.raises(PermanentError, match="folder"):
        restore(home, clock, older)
    assert home.database.is_dir()


def test_a_file_that_another_program_has_open_is_not_replaced(
    home: Home, older: Path, clock: FakeClock
) -> None:
    other = connection.open_writer(home.database)
    other.execute("SELECT count(*) FROM sessions").fetchone()
    try:
        with pytest.raises(StoreUnavailableError):
            restore(home, clock, older)
    finally:
        other.close()
    assert len(said(home.database)) == 10


def test_a_damaged_file_is_replaced_and_kept_as_it_is(
    home: Home, older: Path, clock: FakeClock
) -> None:
    overwrite(home.database, *range(2, 50))
    damaged = home.database.read_bytes()

    done = restore(home, clock, older)

    assert done.kept == home.backups / KEPT
    assert done.kept.read_bytes() == damaged
    assert said(home.database) == said(older)
    assert "inbox" in done.lost
    assert integrity.quick_check(home.database) == ""


@pytest.mark.parametrize("wal", [b"", b"the newest rows" * 1000])
def test_an_emptied_file_is_kept_with_its_wal(
    home: Home, older: Path, clock: FakeClock, wal: bytes
) -> None:
    os.truncate(home.database, 0)
    beside = home.database.with_name(f"{home.database.name}-wal")
    beside.write_bytes(wal)

    done = restore(home, clock, older)

    assert done.kept is not None
    assert done.kept.with_name(f"{done.kept.name}-wal").read_bytes() == wal
    assert not beside.exists()
    assert said(home.database) == said(older)


async def test_a_damaged_file_is_kept_with_its_wal_as_both_were(
    home: Home, older: Path, open_bot: OpenBot, clock: FakeClock
) -> None:
    """As after kill -9: neither the examination nor what is carried over moves the WAL."""
    store = open_bot()
    await talk(store, 50, 2)
    wal = home.database.with_name(f"{home.database.name}-wal")
    changes, before = wal.read_bytes(), home.database.read_bytes()
    await store.close()
    home.database.write_bytes(before)
    wal.write_bytes(changes)
    overwrite(home.database, root_page(older, "incidents"))
    damaged = home.database.read_bytes()

    done = restore(home, clock, older)

    assert done.kept == home.backups / KEPT
    assert done.kept.read_bytes() == damaged
    assert done.kept.with_name(f"{KEPT}-wal").read_bytes() == changes
    assert said(home.database) == said(older)
    assert count(home.database, "inbox") == 7


def root_page(path: Path, name: str) -> int:
    found = rows(path, "SELECT rootpage FROM sqlite_master WHERE name = ?", name)
    return int(found[0][0])
