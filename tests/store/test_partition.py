"""One bot's history put back while the others go on."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from multibot.errors import LockHeldError, PermanentError, SchemaError, UsageError
from multibot.home import Home
from multibot.store.archive import batches, filling, forgetting
from multibot.store.archive.backup import backup
from multibot.store.archive.forget import Scope
from multibot.store.archive.partition import restore_bot
from multibot.store.archive.shared import SharedFile
from multibot.store.connection import SCHEMA_VERSION
from multibot.store.ledger import Receipt
from multibot.store.migrate import migrate
from tests.fakes import FakeClock
from tests.store.copies import (
    OpenBot,
    change,
    count,
    found,
    index,
    said,
    sessions,
    talk,
)
from tests.store.material import ANSWER, RULES, SAGE, SPARK, message, rows


class KilledError(Exception):
    """Stands for kill -9: nothing after it is done."""


@pytest.fixture
async def older(home: Home, open_bot: OpenBot, clock: FakeClock) -> Path:
    """Take a backup of two bots that go on talking; sage then stops."""
    sage, spark = open_bot(SAGE), open_bot(SPARK)
    for bot, first in ((sage, 1), (spark, 100), (sage, 10), (spark, 110)):
        await talk(bot, first, 4)
    index(home)
    taken = backup(home, clock)
    await talk(sage, 20, 3)
    await talk(spark, 120, 3)
    index(home)
    await sage.close()
    return taken.path


def restore(home: Home, clock: FakeClock, older: Path) -> None:
    restore_bot(home, clock, older, "sage")


def test_its_history_is_the_copys_and_the_others_is_not_touched(
    home: Home, older: Path, clock: FakeClock
) -> None:
    others, before = said(home.database, "spark"), said(home.database)

    done = restore_bot(home, clock, older, "sage")

    assert said(home.database) == said(older)
    assert sessions(home.database) == sessions(older)
    assert len(before) - len(said(older)) == 6
    assert done.rows == {"conversations": 16, "sessions": 1}
    assert said(home.database, "spark") == others
    assert done.kept is not None
    assert said(done.kept) == before
    assert rows(home.database, "PRAGMA integrity_check") == [("ok",)]
    assert count(home.database, "restores") == 0


async def test_the_others_write_meanwhile(
    home: Home, older: Path, open_bot: OpenBot, clock: FakeClock
) -> None:
    spark = open_bot(SPARK)
    working = asyncio.create_task(asyncio.to_thread(restore_bot, home, clock, older, "sage"))
    written = 0
    while not working.done():
        await talk(spark, 1000 + written, 1)
        written += 1
    await working

    assert written > 0
    assert len(said(home.database, "spark")) == 22 + 2 * written
    assert said(home.database) == said(older)


def test_the_search_finds_what_came_back_and_nothing_that_went(
    home: Home, older: Path, clock: FakeClock
) -> None:
    restore(home, clock, older)
    assert found(home.database, "words") == [f"words {n}" for n in (*range(100, 104), *range(110, 114), *range(120, 123))]  # fmt: skip
    index(home)

    assert len(found(home.database, "words")) == 19
    assert found(home.database, '"words 12"') == ["words 12"]
    assert found(home.database, '"words 21"') == []
    change(
        home.database,
        "INSERT INTO conversations_fts (conversations_fts, rank) VALUES ('integrity-check', 1)",
    )


async def test_nothing_is_answered_twice(
    home: Home, older: Path, open_bot: OpenBot, clock: FakeClock
) -> None:
    restore(home, clock, older)

    sage = open_bot(SAGE)
    for number in (1, 20, 22):
        said_again = message(message_id=str(number))
        got = await sage.ledger.receive(said_again, ANSWER, per_minute=1000)
        assert got is Receipt.DUPLICATE


async def test_the_bot_goes_on_where_the_copy_ended(
    home: Home, older: Path, open_bot: OpenBot, clock: FakeClock
) -> None:
    restore(home, clock, older)

    sage = open_bot(SAGE)
    await talk(sage, 50, 1)

    last = said(home.database)[-2:]
    assert [row[8] for row in last] == ["words 50", "answer 50"]
    assert len(said(home.database)) == 18


def test_into_an_empty_file_comes_what_was_dealt_with_as_well(
    home: Home, older: Path, clock: FakeClock, tmp_path: Path
) -> None:
    """A bot that moves to another fleet."""
    other = Home(tmp_path / "other")
    migrate(other, clock)

    restore_bot(other, clock, older, "sage")

    assert said(other.database) == said(older)
    assert said(other.database, "spark") == []
    assert count(other.database, "inbox") == 8
    assert count(other.database, "outbox", "state = 'sent'") == 8


async def test_a_cleared_line_stands_where_it_stood(
    home: Home, open_bot: OpenBot, clock: FakeClock
) -> None:
    sage = open_bot(SAGE)
    await talk(open_bot(SPARK), 100, 5)
    await talk(sage, 1, 2)
    await sage.history.clear("10", "7", RULES)
    await talk(sage, 3, 1)
    taken = backup(home, clock)
    await sage.close()

    restore_bot(home, clock, taken.path, "sage")

    again = open_bot(SAGE)
    turns = again.history.context("10", "7", RULES, 10, RULES.timeout)
    assert [turn.content for turn in turns] == ["words 3", "answer 3"]


@pytest.mark.parametrize("calls", [1, 4, 8, 10, 15])
def test_one_that_was_interrupted_is_finished_by_the_same_command(
    home: Home, older: Path, open_bot: OpenBot, clock: FakeClock, calls: int
) -> None:
    before, others = said(home.database), said(home.database, "spark")
    with killed_after(calls) as progress:
        restore_bot(home, clock, older, "sage", progress=progress, most=3)

    with pytest.raises(PermanentError, match=f"db restore {older} --bot sage` again") as caught:
        open_bot(SAGE)
    open_bot(SPARK)
    assert said(home.database, "spark") == others
    again = restore_bot(home, clock, older, "sage")

    assert said(home.database) == said(older)
    assert sessions(home.database) == sessions(older)
    # What was there before is kept, not the half that was there in between.
    assert again.kept is not None
    assert said(again.kept) == before
    assert str(again.kept) in str(caught.value)
    open_bot(SAGE)


def test_one_that_was_interrupted_can_be_undone(
    home: Home, older: Path, open_bot: OpenBot, clock: FakeClock
) -> None:
    before = said(home.database)
    with killed_after(4) as progress:
        restore_bot(home, clock, older, "sage", progress=progress, most=3)
    (kept,) = home.backups.glob("*before_restore.db")

    restore_bot(home, clock, kept, "sage")

    assert said(home.database) == before
    open_bot(SAGE)


@contextlib.contextmanager
def killed_after(calls: int) -> Iterator[filling.Progress]:
    """Give something to tell the progress to that ends everything at its nth call."""
    left = [calls]

    def progress(done: int, total: int) -> None:
        del done, total
        left[0] -= 1
        if left[0] == 0:
            raise KilledError

    with pytest.raises(KilledError):
        yield progress


def test_who_was_forgotten_before_it_was_finished_stays_forgotten(
    home: Home, older: Path, clock: FakeClock
) -> None:
    clock.tick(60)
    with killed_after(9) as progress:
        restore_bot(home, clock, older, "sage", progress=progress, most=3)
    with SharedFile(home) as shared:
        forgetting.forget(home, Scope(user_id="7"), clock, shared.write)

    done = restore_bot(home, clock, older, "sage")

    assert done.forgotten == 1
    assert said(home.database) == []
    assert sessions(home.database) == []
    assert count(home.database, "inbox", "user_id = '7'") == 0


def test_imports_can_still_be_undone(home: Home, older: Path, clock: FakeClock) -> None:
    add = """INSERT INTO imports (id, batch_id, kind, source, sha256, started_at)
        VALUES (?, ?, 'legacy', 'a.json', ?, 'x')"""
    change(home.database, add, 5, "gone", "aa")
    change(home.database, add, 6, "there", "bb")
    change(home.database, "UPDATE conversations SET import_id = 5 WHERE message_id = '1'")
    change(home.database, "UPDATE conversations SET import_id = 6 WHERE message_id = '2'")
    change(home.database, "UPDATE sessions SET import_id = 6 WHERE bot_name = 'sage'")
    clock.tick(60)
    taken = backup(home, clock)
    change(home.database, "UPDATE conversations SET import_id = NULL")
    change(home.database, "UPDATE sessions SET import_id = NULL")
    change(home.database, "DELETE FROM imports WHERE id = 5")
    change(home.database, add, 5, "another", "cc")

    restore(home, clock, taken.path)

    of_turns = """SELECT c.message_id, i.batch_id, i.sha256 FROM conversations AS c
        JOIN imports AS i ON i.id = c.import_id ORDER BY c.id"""
    # One that is added does not count as a file that was read: the others' turns of it are not here.
    assert rows(home.database, of_turns) == [("1", "gone", "restored aa"), ("2", "there", "bb")]
    of_sessions = "SELECT DISTINCT import_id FROM sessions WHERE bot_name = 'sage'"
    assert rows(home.database, of_sessions) == [(6,)]
    assert rows(home.database, "PRAGMA foreign_key_check") == []


def test_a_bot_that_the_copy_does_not_have_is_refused(
    home: Home, older: Path, clock: FakeClock
) -> None:
    before = said(home.database)
    with pytest.raises(UsageError, match="nothing of logic") as caught:
        restore_bot(home, clock, older, "logic")
    assert "It has sage, spark." in str(caught.value)
    assert said(home.database) == before
    assert not list(home.backups.glob("*before_restore*"))


def test_a_file_of_another_schema_is_refused(home: Home, older: Path, clock: FakeClock) -> None:
    change(home.database, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(SchemaError):
        restore(home, clock, older)


def test_no_import_runs_meanwhile(home: Home, older: Path, clock: FakeClock) -> None:
    """What it brought would be in neither the file nor the copy that is kept."""
    refused = []

    def progress(done: int, total: int) -> None:
        del done, total
        with pytest.raises(LockHeldError, match="or a restore"), batches.alone(home):
            pass
        refused.append(True)

    restore_bot(home, clock, older, "sage", progress=progress)

    assert refused
    with batches.alone(home), pytest.raises(LockHeldError, match="another import"):
        restore(home, clock, older)
