"""Turns go when they are older than their bot keeps them; of others, nothing does."""

from datetime import timedelta

import pytest

from multibot.clock import to_text
from multibot.conversation.message import BotName
from multibot.conversation.session import SessionRules
from multibot.home import Home
from multibot.store.archive import closing, retention, search
from multibot.store.driver import sqlite
from tests.fakes import FakeClock
from tests.store.conftest import OpenBot
from tests.store.leftovers import ways
from tests.store.material import RULES, SAGE, SPARK, START, message, rows

DAY = timedelta(days=1)


async def say(open_bot: OpenBot, bot: BotName, *ages: int) -> None:
    """Store what somebody said so many days ago, each in a session of its own."""
    store = open_bot(bot)
    for age in ages:
        said = message(f"{bot} word{age}", author_id=str(age), created_at=START - age * DAY)
        await store.ledger.begin(said, RULES)


def let_go(writing: sqlite.Connection, **days: int) -> dict[str, int]:
    gone = {}
    for sweep in retention.sweeps(START, days):
        gone[sweep.what] = sweep.remove(writing, sweep.find(writing))
    return gone


def index_all(writing: sqlite.Connection) -> None:
    while search.fill(writing):
        pass


def found(writing: sqlite.Connection, word: str) -> int:
    sql = "SELECT count(*) FROM conversations_fts WHERE conversations_fts MATCH ?"
    return int(writing.execute(sql, (word,)).fetchone()[0])


async def test_what_is_older_goes_and_its_session_with_it(
    home: Home, open_bot: OpenBot, writing: sqlite.Connection
) -> None:
    await say(open_bot, SAGE, 31, 30, 29, 1)
    closing.close_lapsed(writing, START - 20 * DAY, 100)

    assert let_go(writing, sage=30) == {"turns of sage": 1, "sessions of sage": 1}
    assert rows(home.database, "SELECT content FROM conversations ORDER BY id") == [
        ("sage word30",),
        ("sage word29",),
        ("sage word1",),
    ]
    assert rows(home.database, "SELECT count(*) FROM sessions") == [(3,)]


async def test_another_bots_turns_are_its_own_affair(
    home: Home, open_bot: OpenBot, writing: sqlite.Connection
) -> None:
    await say(open_bot, SAGE, 31, 5)
    await say(open_bot, SPARK, 31, 5)

    assert let_go(writing, sage=30, spark=40)["turns of sage"] == 1
    assert rows(
        home.database, "SELECT bot_name, count(*) FROM conversations GROUP BY 1 ORDER BY 1"
    ) == [("sage", 1), ("spark", 2)]


async def test_the_search_forgets_it_too(
    home: Home, open_bot: OpenBot, writing: sqlite.Connection
) -> None:
    await say(open_bot, SAGE, 31, 5)
    index_all(writing)
    assert (found(writing, "word31"), found(writing, "word5")) == (1, 1)
    let_go(writing, sage=30)

    assert (found(writing, "word31"), found(writing, "word5")) == (0, 1)
    writing.execute("INSERT INTO conversations_fts (conversations_fts) VALUES ('integrity-check')")


async def test_turns_that_are_not_indexed_yet_go_as_well(
    home: Home, open_bot: OpenBot, writing: sqlite.Connection
) -> None:
    await say(open_bot, SAGE, 31, 5)
    let_go(writing, sage=30)
    index_all(writing)

    assert (found(writing, "word31"), found(writing, "word5")) == (0, 1)


async def test_a_session_stays_while_it_is_open_or_has_a_turn(
    home: Home, open_bot: OpenBot, writing: sqlite.Connection
) -> None:
    """Its last message may be old, and an answer to it young."""
    await say(open_bot, SAGE, 40, 35)
    closing.close_lapsed(writing, START - 37 * DAY, 100)
    writing.execute(
        "UPDATE conversations SET timestamp = ? WHERE content = 'sage word40'",
        (to_text(START - DAY),),
    )

    assert let_go(writing, sage=30) == {"turns of sage": 1, "sessions of sage": 0}
    assert rows(home.database, "SELECT is_active FROM sessions ORDER BY id") == [(0,), (1,)]


async def test_a_session_that_goes_on_counts_the_turns_it_still_has(
    home: Home, open_bot: OpenBot, writing: sqlite.Connection
) -> None:
    store = open_bot(SAGE)
    for minutes in (0, 20, 40):
        at = START - 30 * DAY + timedelta(minutes=minutes - 30)
        await store.ledger.begin(message(created_at=at), SessionRules(gap=DAY))
    count = "SELECT message_count FROM sessions"
    assert rows(home.database, count) == [(3,)]
    let_go(writing, sage=30)

    assert rows(home.database, count) == [(1,)]
    assert rows(home.database, "SELECT count(*) FROM conversations") == [(1,)]


async def test_a_clear_is_remembered_for_as_long_as_what_it_cut_off(
    home: Home, open_bot: OpenBot, clock: FakeClock, writing: sqlite.Connection
) -> None:
    store = open_bot(SAGE)
    said = message("before", created_at=START - 40 * DAY)
    await store.ledger.begin(said, RULES)
    await store.history.clear(said.channel_id, said.author_id, RULES)

    assert let_go(writing, sage=30) == {"turns of sage": 1, "sessions of sage": 0}
    clock.tick(31 * DAY.total_seconds())
    later = {
        sweep.what: sweep.remove(writing, sweep.find(writing))
        for sweep in retention.sweeps(clock.now(), {"sage": 30})
    }
    assert later["sessions of sage"] == 1


def test_turns_are_found_by_their_time(writing: sqlite.Connection) -> None:
    (turns, _) = retention.sweeps(START, {"sage": 30})
    sql = f"SELECT id FROM conversations WHERE {turns.condition} LIMIT 5"  # noqa: S608
    told = [row[3] for row in writing.execute(f"EXPLAIN QUERY PLAN {sql}", turns.values)]

    assert len(told) == 1
    assert "idx_conversations_time (bot_name=? AND timestamp<?)" in told[0]


def test_rows_are_deleted_by_their_keys(writing: sqlite.Connection) -> None:
    """Every bot waits meanwhile: a long history must not be read through for it."""
    turns, sessions = (ways(writing, each) for each in retention.sweeps(START, {"sage": 30}))

    assert turns == [
        "SEARCH sessions USING INDEX sqlite_autoindex_sessions_1 (session_id=?)",
        "SEARCH conversations USING INTEGER PRIMARY KEY (rowid=?)",
    ]
    assert sessions == ["SEARCH sessions USING INTEGER PRIMARY KEY (rowid=?)"]


@pytest.mark.parametrize(
    ("files", "published", "kept"),
    [
        # Said in both places: in effect.
        ((True, 30), 30, 30),
        # Changed in the file, and no `multibot up` since: the longer of the two.
        ((True, 7), 30, 30),
        ((True, 30), 7, 30),
        # Switched on or off in the file only: nothing goes yet, nothing goes any more.
        ((True, 30), 0, None),
        ((True, 0), 30, None),
        # It never started.
        ((True, 30), None, None),
        # A disabled bot does not start; what it last started with is of another day.
        ((False, 30), 7, 30),
        ((False, 30), None, 30),
        ((False, 0), 7, None),
        # It is not in the file any more.
        (None, 30, None),
    ],
)
def test_nothing_is_deleted_that_the_file_or_the_running_bot_keeps(
    files: tuple[bool, int] | None, published: int | None, kept: int | None
) -> None:
    in_effect = retention.in_effect(
        {} if files is None else {"sage": files}, {} if published is None else {"sage": published}
    )

    assert in_effect == ({} if kept is None else {"sage": kept})
