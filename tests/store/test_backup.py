"""Backups: complete, described, named, and never half."""

import fcntl
import hashlib
import json
import os
import stat
import threading
from pathlib import Path

import pytest

import multibot
from multibot.errors import ExitCode, PermanentError, SchemaError, StoreUnavailableError
from multibot.home import Home
from multibot.store import connection
from multibot.store.archive import backup as backups
from multibot.store.archive import copies, manifest
from multibot.store.archive.backup import backup
from multibot.store.archive.manifest import Kind
from multibot.store.connection import SCHEMA_VERSION
from multibot.store.stores import BotStore
from tests.fakes import FakeClock
from tests.store.copies import count, overwrite, said, talk
from tests.store.material import rows

DAY = "conversations_2026-01-01"


def names(home: Home) -> list[str]:
    return sorted(path.name for path in home.backups.iterdir())


async def test_a_backup_is_everything_in_one_private_file(
    home: Home, store: BotStore, clock: FakeClock
) -> None:
    await talk(store, 1)
    taken = backup(home, clock)

    assert names(home) == [f"{DAY}.db", f"{DAY}.json"]
    assert taken.path == home.backups / f"{DAY}.db"
    assert said(taken.path) == said(home.database)
    assert len(said(taken.path)) == 6
    assert rows(taken.path, "PRAGMA integrity_check") == [("ok",)]
    # One file that needs no other: not in WAL mode.
    assert taken.path.read_bytes()[18:20] == b"\x01\x01"
    assert {stat.S_IMODE(path.stat().st_mode) for path in home.backups.iterdir()} == {0o600}
    assert stat.S_IMODE(home.backups.stat().st_mode) == 0o700


async def test_the_manifest_says_what_the_copy_holds(
    home: Home, store: BotStore, clock: FakeClock
) -> None:
    await talk(store, 1)
    taken = backup(home, clock)

    told = json.loads(taken.manifest_path.read_text())
    assert told["rows"]["conversations"] == 6
    assert told["rows"]["sessions"] == 1
    assert "conversations_fts_data" not in told["rows"]
    assert told["schema"] == SCHEMA_VERSION
    assert told["kind"] == "backup"
    assert told["taken_at"] == "2026-01-01T12:00:00.000Z"
    assert told["multibot"] == multibot.__version__
    assert told["size"] == taken.path.stat().st_size
    assert told["sha256"] == hashlib.sha256(taken.path.read_bytes()).hexdigest()
    assert manifest.read(taken.path) == taken.manifest


def test_a_second_one_of_a_day_has_its_time_a_third_a_number(home: Home, clock: FakeClock) -> None:
    taken = [backup(home, clock).path.stem for _ in range(4)]
    clock.tick(1)
    taken.append(backup(home, clock).path.stem)
    clock.tick(86_400)
    taken.append(backup(home, clock).path.stem)

    at = f"{DAY}_12-00-00"
    assert taken == [DAY, at, f"{at}_2", f"{at}_3", f"{DAY}_12-00-01", "conversations_2026-01-02"]


def test_only_older_backups_that_multibot_made_are_removed(home: Home, clock: FakeClock) -> None:
    home.backups.mkdir()
    strangers = ["conversations_2020-01-01.db", "mine.db", "notes.txt", "conversations_x.json"]
    for name in strangers:
        (home.backups / name).write_text("somebody's")
    with backups.locked(home):
        snapshot = backups.take(home, clock, Kind.BEFORE_MIGRATION, suffix="before_0009_x").path
    taken = []
    for _ in range(3):
        taken.append(backup(home, clock).path)
        clock.tick(86_400)

    last = backup(home, clock, keep=2)

    assert last.removed == (taken[1], taken[0])
    left = {last.path, taken[2], snapshot}
    expected = {path.name for path in left} | {path.with_suffix(".json").name for path in left}
    assert set(names(home)) == expected | set(strangers)


def test_the_one_just_taken_stays_though_the_clock_went_back(home: Home, clock: FakeClock) -> None:
    older = backup(home, clock).path
    clock.set_wall(clock.now().replace(year=2025))
    last = backup(home, clock, keep=1)

    assert last.removed == (older,)
    assert last.path.exists()


def test_what_a_kill_left_goes_with_the_next_one(home: Home, clock: FakeClock) -> None:
    first = backup(home, clock)
    half = home.backups / backups.PARTIAL
    half.write_bytes(b"half")
    half.with_name(f"{half.name}-journal").write_bytes(b"half")
    (home.backups / f".{DAY}_13-00-00.json.partial").write_text("{")
    (home.backups / backups.FORGETTING).write_bytes(b"half")
    (home.data / backups.RESTORING).write_bytes(b"half")
    # Killed between the two names: a manifest of nothing.
    lone = home.backups / f"{DAY}_13-00-00.json"
    lone.write_text(first.manifest_path.read_text())

    second = backup(home, clock)

    assert set(names(home)) == {
        path.name for taken in (first, second) for path in (taken.path, taken.manifest_path)
    }
    assert not list(home.data.glob("*.partial*"))


def test_a_damaged_file_is_not_backed_up(home: Home, clock: FakeClock) -> None:
    overwrite(home.database, 5)

    with pytest.raises(PermanentError, match="damaged") as caught:
        backup(home, clock)

    assert "db restore" in str(caught.value)
    assert names(home) == []


def test_no_database_no_backup(tmp_path: Path, clock: FakeClock) -> None:
    empty = Home(tmp_path / "empty")
    empty.data.mkdir(parents=True)

    with pytest.raises(SchemaError, match="no database yet"):
        backup(empty, clock)


def test_a_folder_that_cannot_be_used_is_said(home: Home, clock: FakeClock) -> None:
    home.backups.write_text("a file in the way")

    with pytest.raises(PermanentError) as caught:
        backup(home, clock)

    assert str(home.backups) in str(caught.value)


def test_a_network_file_system_is_refused(home: Home, clock: FakeClock) -> None:
    with pytest.raises(PermanentError, match="nfs4"):
        backup(home, clock, probe=lambda _: "nfs4")
    assert not home.backups.exists()


def test_a_file_that_another_program_keeps_to_itself_is_given_up(
    home: Home, tmp_path: Path
) -> None:
    held = connection.open_writer(home.database)
    held.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
    held.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(StoreUnavailableError, match="locked") as caught:
            copies.copy(home.database, tmp_path / "copy.db", patience=0.0)
    finally:
        held.close()
    assert caught.value.exit_code is ExitCode.TEMPORARY
    assert not (tmp_path / "copy.db").exists()


def test_a_second_one_at_once_waits(home: Home, clock: FakeClock) -> None:
    descriptor = os.open(home.backup_lock, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    waiting = threading.Thread(target=backup, args=(home, clock))
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    os.close(descriptor)
    waiting.join(30)
    assert names(home) == [f"{DAY}.db", f"{DAY}.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"kind": "other"}', "[" * 100_000, "\0"])
def test_a_manifest_that_is_none_is_not_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "copy.json").write_text(text)

    assert manifest.read(tmp_path / "copy.db") is None


def test_the_newest_backup_is_named_as_a_command_line_would(home: Home, clock: FakeClock) -> None:
    assert backups.newest(home) == "FILE"
    with backups.locked(home):
        backups.take(home, clock, Kind.BEFORE_RESTORE, suffix="before_restore")
    assert backups.newest(home) == f"data/backups/{DAY}_12-00-00_before_restore.db"
    clock.set_wall(clock.now().replace(year=2025))
    backup(home, clock)
    assert backups.newest(home) == "data/backups/conversations_2025-01-01.db"
    assert count(home.database, "sessions") == 0
