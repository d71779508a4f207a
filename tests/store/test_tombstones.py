"""Who was forgotten stays forgotten: tombstones are kept, found again, and applied to copies."""

import dataclasses
import functools
import json
import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from multibot.errors import PermanentError
from multibot.home import Home
from multibot.store import connection
from multibot.store.archive import checkpoint, held, manifest, remnants, tombstones
from multibot.store.archive.backup import backup
from multibot.store.archive.forget import Scope
from multibot.store.archive.shared import SharedFile
from multibot.store.archive.tombstones import Tombstone, Tombstones
from tests.fakes import FakeClock
from tests.store.forgetful import AL, BO, WORDS, content, forget, naming, places, populate
from tests.store.material import START, rows

HOUR = timedelta(hours=1)
NEWER = (
    "TRIGGER conversations_deleted",
    "TABLE conversations_fts",
    "TABLE tombstones",
    "TABLE upkeep",
    "TABLE channel_cursors",
    "TABLE message_claims",
)


def stones_of(*users: str, bot: str = "") -> Tombstones:
    """Make tombstones of users who were forgotten an hour after the start."""
    stones = Tombstones()
    for user in users:
        stones = Tombstones([*stones, stones.make(user, bot, START + HOUR)])
    return stones


def apply(path: Path, stones: Tombstones, **more: object) -> tombstones.Applied:
    with closing(connection.open_writer(path)) as writer:
        return tombstones.apply(writer, stones, **more)  # type: ignore[arg-type]


def test_a_user_is_forgotten_up_to_a_moment() -> None:
    stones = stones_of(AL)

    assert stones.is_forgotten(AL, "sage", START)
    assert stones.is_forgotten(AL, "sage", START + HOUR)
    assert not stones.is_forgotten(AL, "sage", START + HOUR + timedelta(milliseconds=1))
    assert not stones.is_forgotten(BO, "sage", START)


def test_one_bot_forgets_for_itself() -> None:
    stones = stones_of(AL, bot="sage")

    assert stones.is_forgotten(AL, "sage", START)
    assert not stones.is_forgotten(AL, "spark", START)


def test_the_last_time_counts_whatever_the_order() -> None:
    first = stones_of(AL)
    later = first.make(AL, "", START + 2 * HOUR)

    for stones in (Tombstones([*first, later]), Tombstones([later, *first])):
        assert stones.is_forgotten(AL, "sage", START + 2 * HOUR)
        assert len(stones) == 1


def test_a_tombstone_does_not_tell_whose_it_is() -> None:
    """One fleet has one salt, another fleet another one."""
    (al, bo), (elsewhere,) = stones_of(AL, BO), stones_of(AL)

    assert al.salt == bo.salt != elsewhere.salt
    assert len({al.digest, bo.digest, elsewhere.digest}) == 3
    assert AL not in repr(list(stones_of(AL)))


def test_the_list_is_private_and_survives_what_a_kill_cuts_off(home: Home) -> None:
    al, bo = stones_of(AL, BO)
    tombstones.write_down(home, al)
    with home.forgotten.open("ab") as file:
        file.write(b'{"salt": "00", "dig')

    tombstones.write_down(home, bo)

    assert tombstones.listed(home.forgotten) == [al, bo]
    assert stat.S_IMODE(home.forgotten.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "line",
    ["", "[]", "null", "\x00", '{"salt": "x"}', json.dumps({"salt": "zz", "digest": ""}), '"' * 99],
)
def test_a_line_that_says_nothing_is_left_out(home: Home, line: str) -> None:
    [al] = stones_of(AL)
    home.forgotten.write_text(f"{line}\n")

    tombstones.write_down(home, al)

    assert tombstones.listed(home.forgotten) == [al]


def test_who_is_forgotten_again_has_one_line(home: Home) -> None:
    al, bo = stones_of(AL, BO)
    for stone in (al, bo):
        tombstones.write_down(home, stone)
    with home.forgotten.open("ab") as file:
        file.write(b"\xff cut off\n")
    again = dataclasses.replace(al, forgotten_at="2099-01-01T00:00:00.000Z")
    for _ in range(2):
        tombstones.write_down(home, again)
    one_bot = dataclasses.replace(al, bot_name="sage")
    tombstones.write_down(home, one_bot)

    assert tombstones.listed(home.forgotten) == [bo, again, one_bot]
    assert len(home.forgotten.read_bytes().splitlines()) == 4
    assert stat.S_IMODE(home.forgotten.stat().st_mode) == 0o600


def test_both_places_are_read(home: Home) -> None:
    al, bo = stones_of(AL, BO)
    tombstones.write_down(home, al)
    with SharedFile(home) as shared:
        shared.write(lambda writing: tombstones.keep(writing, bo))

    assert {each.digest for each in tombstones.load(home)} == {al.digest, bo.digest}


def test_an_older_time_does_not_replace_a_newer_one(home: Home) -> None:
    [newer] = stones_of(AL)
    older = Tombstone(salt=newer.salt, digest=newer.digest, forgotten_at="2020-01-01T00:00:00.000Z")
    with SharedFile(home) as shared:
        for each in (newer, older):
            shared.write(functools.partial(tombstones.keep, stone=each))

    assert list(tombstones.load(home)) == [newer]


def test_it_is_written_down_before_anything_is_removed(home: Home, clock: FakeClock) -> None:
    populate(home, clock)
    home.forgotten.mkdir()

    with pytest.raises(PermanentError, match=r"forgotten\.jsonl"):
        forget(home, clock)

    assert naming(content(home.database), AL)


@pytest.mark.parametrize("users", [(AL,), (AL, BO)], ids=["one", "many"])
def test_a_copy_is_rid_of_the_forgotten(
    home: Home, clock: FakeClock, users: tuple[str, ...]
) -> None:
    populate(home, clock)
    checkpoint.truncate(home)

    done = apply(home.database, stones_of(*users))

    assert done.users == len(users)
    assert naming(content(home.database), *users) == set()
    assert (BO in users) == (rows(home.database, "SELECT 1 FROM conversations") == [])
    assert apply(home.database, stones_of(*users)) == tombstones.Applied(0, {})
    assert {each.digest for each in tombstones.load(home)}
    assert rows(home.database, "SELECT 1 FROM sqlite_schema WHERE name GLOB 'forget_*'") == []


def test_who_came_back_keeps_what_is_newer(home: Home, clock: FakeClock) -> None:
    """A newer copy has rows from before, kept by mistake, and rows from after."""
    populate(home, clock)
    clock.tick(3600)
    populate(home, clock)
    newer = rows(home.database, "SELECT count(*) FROM conversations WHERE timestamp > ?", _late())

    apply(home.database, stones_of(AL, BO), taken_at=START + 2 * HOUR)

    assert rows(home.database, "SELECT count(*) FROM conversations") == newer != [(0,)]


def _late() -> str:
    return "2026-01-01T13:00:00.000Z"


def test_a_copy_from_before_keeps_nothing_whatever_its_times_say(
    home: Home, clock: FakeClock
) -> None:
    populate(home, clock)
    with SharedFile(home) as shared:
        ahead = "UPDATE conversations SET timestamp = '2031-01-01T00:00:00.000Z'"
        shared.write(lambda writing: writing.execute(ahead))

    apply(home.database, stones_of(AL), taken_at=START + HOUR)

    assert naming(content(home.database), AL, *WORDS) == set()


def test_a_copy_that_is_older_than_the_tables_is_rid_of_them_too(
    home: Home, clock: FakeClock
) -> None:
    populate(home, clock)
    with SharedFile(home) as shared:
        shared.write(lambda writing: [writing.execute(f"DROP {each}") for each in NEWER])

    apply(home.database, stones_of(AL))

    assert naming(content(home.database), AL, *WORDS) == set()


def test_backups_that_hold_the_user_are_found_and_cleared(home: Home, clock: FakeClock) -> None:
    populate(home, clock)
    taken = backup(home, clock)
    forget(home, clock)
    scope = Scope(user_id=AL)
    clean = backup(home, clock)
    broken = home.backups / "conversations_broken.db"
    broken.write_bytes(b"SQLite format 3\x00 and no more")

    found = {copy.path: copy for copy in held.held(home, scope)}

    assert found.keys() == {taken.path, broken}
    assert not found[taken.path].trouble
    assert found[broken].trouble
    assert held.clear(home, found[broken], scope).trouble
    assert not held.clear(home, found[taken.path], scope).trouble
    assert [copy.path for copy in held.held(home, scope)] == [broken]
    assert list(places(home.data, AL, *WORDS)) == []
    said = manifest.read(taken.path)
    assert said is not None
    assert said.sha256 == manifest.digest(taken.path)
    assert said.rows["conversations"] == clean.manifest.rows["conversations"] > 0
    assert said.taken_at == taken.manifest.taken_at


def test_remnants_are_what_no_query_finds(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.touch()
    with closing(connection.open_writer(path)) as writer:
        writer.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
        writer.execute("BEGIN")
        add = "INSERT INTO notes (text) VALUES (?)"
        writer.executemany(add, [(f"a note of {AL} {number} {'x' * 200}",) for number in range(99)])
        writer.execute("COMMIT")
        writer.execute("PRAGMA journal_mode = DELETE").fetchall()
        assert remnants.count(path, AL) == 0
        writer.execute("PRAGMA secure_delete = OFF").fetchall()
        writer.execute("DELETE FROM notes WHERE id % 2")
        in_pages = remnants.count(path, AL)
        writer.execute("DELETE FROM notes")
        in_free_pages = remnants.count(path, AL)
        writer.execute("PRAGMA secure_delete = ON").fetchall()
        writer.execute("VACUUM")
        assert 0 < in_pages < in_free_pages
        assert remnants.count(path, AL) == 0
