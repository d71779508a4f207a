"""Copies that hold a forgotten user: cleaned whole, or left as they are and told of."""

import functools
import os
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multibot.clock import SystemClock
from multibot.home import Home
from multibot.store import connection
from multibot.store.archive import backup as backups
from multibot.store.archive import (
    candidate,
    checkpoint,
    elsewhere,
    forgetting,
    held,
    manifest,
    tombstones,
    underway,
)
from multibot.store.archive.backup import backup
from multibot.store.archive.forget import Scope
from multibot.store.archive.shared import SharedFile
from tests.store.forgetful import AL, BO, content, naming, note_names, places, populated

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

SCOPE = Scope(user_id=AL)
KILLED = """
import os, signal, sys
from pathlib import Path
from multibot.home import Home
from multibot.store.archive import held
from multibot.store.archive.forget import Scope

left = int(sys.argv[3])

def count(event, arguments):
    global left
    if event in {"os.rename", "os.remove"} and "/backups/" in str(arguments[0]):
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

home, scope = Home(Path(sys.argv[1])), Scope(user_id=sys.argv[2])
(copy,) = held.held(home, scope)
sys.addaudithook(count)
held.clear(home, copy, scope)
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return populated(Home(tmp_path))


def clear(home: Home) -> list[held.Copy]:
    return [held.clear(home, copy, SCOPE) for copy in list(held.held(home, SCOPE))]


def set_aside(home: Home) -> Path:
    """Keep the file with its WAL, as a restore does with one that is damaged."""
    home.backups.mkdir(exist_ok=True)
    target = home.backups / "conversations_2024-01-01_damaged.db"
    writer = connection.open_writer(home.database)
    try:
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        writer.execute("UPDATE conversations SET content = content || ' more'")
        for end in ("", "-wal"):
            source = home.database.with_name(home.database.name + end)
            shutil.copy(source, target.with_name(target.name + end))
    finally:
        writer.close()
    return target


def test_a_wal_beside_a_copy_goes_with_what_is_in_it(home: Home) -> None:
    target = set_aside(home)

    (cleaned,) = clear(home)

    assert (cleaned.path, cleaned.trouble) == (target, "")
    assert list(home.backups.iterdir()) == [target]
    assert list(places(home.backups, AL)) == []
    assert naming(content(target), BO)


def test_an_id_that_only_the_wal_has_is_found(home: Home) -> None:
    target = set_aside(home)
    clear(home)
    target.with_name(f"{target.name}-wal").write_bytes(f"old frame {AL}.".encode())

    assert [copy.path for copy in held.held(home, SCOPE)] == [target]


def test_a_copy_that_only_notes_that_they_are_being_forgotten_is_cleaned(home: Home) -> None:
    """It was taken after a kill, when all the rows were gone already."""
    with SharedFile(home) as shared:
        forgetting.forget(home, SCOPE, SystemClock(), shared.write)
        shared.write(lambda writing: underway.note(writing, SCOPE, SystemClock().now()))
    taken = backup(home, SystemClock())

    assert [copy.trouble for copy in clear(home)] == [""]
    assert naming(content(taken.path), AL) == set()
    assert list(places(home.backups, AL)) == []


def test_a_copy_that_names_them_in_notes_only_is_cleaned(home: Home) -> None:
    """Of an import that was undone, all rows are gone; the name of the file is not."""
    with SharedFile(home) as shared:
        forgetting.forget(home, SCOPE, SystemClock(), shared.write)
        shared.write(lambda writing: note_names(writing, AL))
    taken = backup(home, SystemClock())

    assert [copy.trouble for copy in clear(home)] == [""]
    assert list(places(home.backups, AL)) == []
    assert "5_0.json" in str(content(taken.path)["imports"])


@pytest.mark.parametrize("where", ["imports", "incidents", "upkeep", "watermarks"])
def test_a_copy_that_names_them_in_notes_only_is_rid_of_them(home: Home, where: str) -> None:
    sage = Scope(user_id=AL, bot_name="sage")
    began = SystemClock().now()
    with SharedFile(home) as shared:
        forgetting.forget(home, SCOPE, SystemClock(), shared.write)
        shared.write(lambda writing: note_names(writing, AL))
        shared.write(functools.partial(underway.note, scope=sage, until=began))
        for other in {"imports", "incidents", "upkeep", "watermarks"} - {where}:
            shared.write(functools.partial(_delete, table=other))
    assert naming(content(home.database), AL) == {where}

    stones = tombstones.load(home)
    with closing(connection.open_writer(home.database)) as writer:
        tombstones.apply(writer, stones)

    assert naming(content(home.database), AL) == set()


def _delete(writing: "sqlite.Connection", table: str) -> None:
    kept = "WHERE name <> 'search'" if table == "watermarks" else ""
    writing.execute(f"DELETE FROM {table} {kept}")  # noqa: S608 - of the test


def test_one_bad_copy_keeps_no_other_from_being_cleaned(home: Home) -> None:
    changed = backup(home, SystemClock()).path
    good = backup(home, SystemClock()).path
    with changed.open("ab") as file:
        file.write(bytes(4096))
    before = changed.read_bytes(), manifest.path_of(changed).read_bytes()

    found = {copy.path: copy.trouble for copy in clear(home)}

    assert found[good] == ""
    assert "manifest" in found[changed]
    assert (changed.read_bytes(), manifest.path_of(changed).read_bytes()) == before


@pytest.mark.parametrize("steps", range(12))
def test_killed_at_any_step_a_whole_copy_is_there(home: Home, steps: int) -> None:
    taken = backup(home, SystemClock()).path
    arguments = [sys.executable, "-c", KILLED, str(home.root), AL, str(steps)]

    ended = subprocess.run(arguments, check=False, env=os.environ).returncode

    assert ended in {0, -signal.SIGKILL}
    whole = [
        path
        for path, said in backups.listed(home)
        if said is not None and said.sha256 == manifest.digest(path)
    ]
    assert whole
    candidate.open_copy(whole[0]).close()
    with backups.locked(home):
        backups.remove_leftovers(home)
    clear(home)
    assert set(home.backups.iterdir()) == {taken, manifest.path_of(taken)}
    said = manifest.read(taken)
    assert said is not None
    assert said.sha256 == manifest.digest(taken)
    assert list(places(home.backups, AL)) == []


def test_what_is_left_among_the_copies_is_told_of(home: Home) -> None:
    taken = backup(home, SystemClock()).path
    left = home.backups / "forget.partial"
    shutil.copy(taken, left)

    assert list(elsewhere.naming(home, AL)) == [left]


@pytest.mark.parametrize("in_memory", [0, checkpoint.IN_MEMORY])
def test_the_file_is_written_anew_in_memory_or_in_a_file(home: Home, in_memory: int) -> None:
    before = content(home.database)
    writer = connection.open_writer(home.database)
    try:
        writer.execute("CREATE TABLE spare (text)")
        writer.executemany("INSERT INTO spare VALUES (?)", [("x" * 9000,)] * 200)
        writer.execute("DROP TABLE spare")
        assert writer.execute("PRAGMA freelist_count").fetchone()[0] > 200

        checkpoint.rewrite(home, in_memory)

        assert checkpoint.truncate(home)
        assert writer.execute("PRAGMA freelist_count").fetchone()[0] == 0
        assert writer.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert writer.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.schema_version(writer) == connection.SCHEMA_VERSION
    finally:
        writer.close()
    assert content(home.database) == before
    assert not list(home.data.glob("*.partial*"))


def test_what_killed_runs_left_goes_when_somebody_is_forgotten(home: Home) -> None:
    home.backups.mkdir()
    left = [home.data / name for name in (backups.RESTORING, backups.REWRITING)]
    left += [home.backups / name for name in (backups.PARTIAL, backups.FORGETTING)]
    for path in left:
        path.write_text(AL)

    with SharedFile(home) as shared:
        forgetting.forget(home, SCOPE, SystemClock(), shared.write)

    assert not any(path.exists() for path in left)
