"""A user is forgotten beside others who write and read, and over kills."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from multibot.home import Home
from multibot.store import connection
from multibot.store.archive import checkpoint, forgetting, remnants, tombstones, underway
from multibot.store.archive.forget import Scope
from multibot.store.archive.shared import SharedFile
from multibot.store.archive.tombstones import Tombstones
from multibot.store.transaction import Durability
from tests.fakes import FakeClock
from tests.store.forgetful import (
    AL,
    WORDS,
    content,
    forget,
    grow,
    leave_remnants,
    naming,
    of_others,
    places,
    populated,
)
from tests.store.material import rows

if TYPE_CHECKING:
    from multibot.store.driver import sqlite


@pytest.fixture
def home(tmp_path: Path, clock: FakeClock) -> Home:
    clock.tick(3600)
    return populated(Home(tmp_path))


class KilledError(Exception):
    """The process is gone."""


def test_killed_between_any_two_writes_it_is_complete_after_the_next_run(
    home: Home, clock: FakeClock, tmp_path: Path
) -> None:
    kept = home.database.read_bytes()
    others = of_others(home)
    for last in range(100):
        for path in (*home.data.glob("conversations.db*"), home.forgotten):
            path.unlink(missing_ok=True)
        home.database.write_bytes(kept)
        if not is_killed(home, clock, last):
            break
        assert not last or Tombstones(tombstones.listed(home.forgotten)).of(AL)
        forget(home, clock)
        assert list(places(home.data, AL, *WORDS)) == []
        assert of_others(home) == others
    else:
        pytest.fail("it never came to its end")
    assert last >= 8


@pytest.mark.parametrize("writes", [1, 2, 5, 8])
def test_what_was_left_of_forgetting_in_one_bot_goes_with_that_in_all(
    home: Home, clock: FakeClock, writes: int
) -> None:
    assert is_killed(home, clock, writes, bot_name="sage")
    with closing(connection.open_reader(home.database)) as reader:
        assert [each.bot_name for each in underway.noted(reader)] == ["sage"]
    expected = forgetting.survey(home, Scope(user_id=AL))

    assert forget(home, clock).rows == expected

    assert rows(home.database, "SELECT name FROM watermarks") == [("search",)]
    assert list(places(home.data, AL, *WORDS)) == []
    assert forgetting.survey(home, Scope(user_id=AL)) == {}


def test_what_is_noted_of_a_later_moment_or_of_somebody_else_stays(
    home: Home, clock: FakeClock
) -> None:
    scopes = [Scope(user_id=AL, bot_name="sage"), Scope(user_id=f"{AL}0", bot_name="sage")]
    with SharedFile(home) as shared:
        for scope in scopes:
            shared.write(functools.partial(underway.note, scope=scope, until=clock.now()))
        before = Scope(user_id=AL, until="2025-01-01T00:00:00.000Z")
        shared.write(functools.partial(underway.end, scope=before))
        assert [each.user_id for each in underway.noted(shared.reader)] == [AL, f"{AL}0"]
        shared.write(functools.partial(underway.end, scope=Scope(user_id=AL)))
        assert [each.user_id for each in underway.noted(shared.reader)] == [f"{AL}0"]


def test_of_a_small_file_nothing_is_left_in_unused_space(home: Home, clock: FakeClock) -> None:
    leave_remnants(home, AL)

    forget(home, clock)

    assert remnants.count(home.database, AL) == 0
    with closing(connection.open_reader(home.database)) as reader:
        assert not remnants.are_noted(reader)


@pytest.mark.parametrize(("bot_name", "is_noted"), [("", True), ("sage", False)])
def test_what_is_left_in_unused_space_of_a_large_file_is_noted(
    home: Home, clock: FakeClock, bot_name: str, *, is_noted: bool
) -> None:
    """Whom another bot remembers is in the file anyway."""
    grow(home)
    leave_remnants(home, AL)

    forget(home, clock, bot_name=bot_name)

    with closing(connection.open_reader(home.database)) as reader:
        assert remnants.are_noted(reader) == is_noted
        assert AL not in str(reader.execute("SELECT * FROM watermarks").fetchall())
        checkpoint.rewrite(home)
        assert not remnants.are_noted(reader)
    assert checkpoint.truncate(home)
    assert bool(bot_name) or remnants.count(home.database, AL) == 0


def is_killed(home: Home, clock: FakeClock, writes: int, bot_name: str = "") -> bool:
    """Forget until so many writes are done; say whether there were more to do."""
    left = iter(range(writes))

    def write(job: Callable[[Any], Any], durability: Durability) -> Any:
        if next(left, None) is None:
            raise KilledError
        return shared.write(job, durability)

    with SharedFile(home) as shared:
        try:
            forgetting.forget(home, Scope(user_id=AL, bot_name=bot_name), clock, write)
        except KilledError:
            return True
    return False


def test_what_comes_in_meanwhile_is_forgotten_too(home: Home, clock: FakeClock) -> None:
    """A bot stores more of the user after the rows of that table were looked through."""
    comes: Iterator[str] = iter(["1", "2", "3"])

    def write(job: Callable[[Any], Any], durability: Durability) -> Any:
        if (one := next(comes, None)) is not None:
            shared.write(
                lambda writing: writing.execute(
                    "INSERT INTO inbox (bot_name, message_id, channel_id, user_id, created_at,"
                    " received_at, updated_at, decision, reason, state)"
                    " VALUES ('sage', ?, '10', ?, '2026-01-01T13:30:00.000Z', '', '', 'no', '',"
                    " 'declined')",
                    (one, AL),
                )
            )
        return shared.write(job, durability)

    with SharedFile(home) as shared:
        done = forgetting.forget(home, Scope(user_id=AL), clock, write)

    assert naming(content(home.database), AL) == set()
    # What came is known to be forgotten, though our clock stands before it.
    assert done.forgotten_at.isoformat() == "2026-01-01T13:30:00+00:00"


@pytest.mark.parametrize("is_killed", [False, True])
def test_no_commit_of_a_step_moves_the_wal_and_each_one_afterwards_may(
    home: Home, clock: FakeClock, *, is_killed: bool
) -> None:
    """The writer may be a bot's own, which goes on with its work."""
    pages: list[int] = []

    def look(writing: "sqlite.Connection") -> None:
        pages.append(writing.execute("PRAGMA wal_autocheckpoint").fetchone()[0])

    def write(job: Callable[[Any], Any], durability: Durability) -> Any:
        if is_killed and len(pages) == 4:
            look_again()
            raise KilledError
        done = shared.write(job, durability)
        look_again()
        return done

    with SharedFile(home) as shared:
        look_again = functools.partial(shared.write, look)
        with contextlib.suppress(KilledError):
            forgetting.forget(home, Scope(user_id=AL), clock, write)
        look_again()

    assert set(pages[1:4]) == {0}
    assert pages[-1] == 1000


def test_a_long_reader_is_told_of(home: Home, clock: FakeClock) -> None:
    with closing(connection.open_reader(home.database)) as reader:
        cursor = reader.execute("SELECT * FROM conversations")
        cursor.fetchone()
        with SharedFile(home) as shared:
            shared.write(lambda writing: writing.execute("DELETE FROM notices"))
            shared.write(lambda writing: writing.execute("DELETE FROM incidents"))
            shared.write(lambda writing: writing.execute("UPDATE watermarks SET value = value"))
        assert not checkpoint.truncate(home, patience=0.1)
        cursor.fetchall()
    assert checkpoint.truncate(home)
