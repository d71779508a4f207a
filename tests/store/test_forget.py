"""A user is forgotten: every row of theirs goes, down to the bytes, and no row of anybody else."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from multibot.home import Home
from multibot.store import connection, layout
from multibot.store.archive import forgetting, traces
from multibot.store.archive.forget import Scope
from multibot.store.archive.shared import SharedFile
from tests.fakes import FakeClock
from tests.store.forgetful import (
    AL,
    BO,
    WORDS,
    content,
    forget,
    naming,
    of_others,
    places,
    populated,
)
from tests.store.material import rows

# What forgetting does with each table: rows that say whose they are go; rows found by the user's
# messages or private channels go with them; notes for people lose the id; the rest names nobody.
THEIRS = {"accepted_messages", "conversations", "inbox", "notices", "sessions"}
FOUND_BY_THEIRS = {"channel_cursors", "channel_turns", "message_claims", "outbox"}
NOTES = {note.table for note in traces.NOTES}
OF_NOBODY = {
    "_sqlite_migrations",
    "bot_profiles",
    "gateway_starts",
    "http_errors",
    "leases",
    "restores",
    "tombstones",
    "watermarks",
}
# Of bots that talk with each other: ids of messages, channels and bots, kept for a day.
OF_BOTS = {
    "activity_events",
    "activity_rounds",
    "activity_watches",
    "bursts",
    "chain_messages",
    "chains",
    "channel_cooldowns",
    "pair_cooldowns",
}


@pytest.fixture
def home(tmp_path: Path, clock: FakeClock) -> Home:
    clock.tick(3600)
    return populated(Home(tmp_path))


def test_each_table_of_the_file_is_decided_upon(home: Home) -> None:
    """Who adds a table says what becomes of it when somebody asks to be forgotten."""
    with closing(connection.open_reader(home.database)) as reader:
        there = set(layout.tables_of(reader))

    assert there - (THEIRS | FOUND_BY_THEIRS | NOTES | OF_NOBODY | OF_BOTS) == set()


def test_a_user_is_known_by_their_own_columns_only(home: Home) -> None:
    with closing(connection.open_reader(home.database)) as reader:
        columns = layout.columns_of(reader)

    named = {table for table, names in columns.items() if {"user_id", "username"} & names}
    assert named - {"bot_status"} <= THEIRS


def test_nothing_of_the_user_is_left_and_everything_of_the_others(
    home: Home, clock: FakeClock
) -> None:
    others = of_others(home)
    assert naming(content(home.database), AL) >= THEIRS - {"notices"}

    # While anybody has the file open, as a bot has, SQLite does not remove the WAL.
    with closing(connection.open_reader(home.database)) as bot:
        bot.execute("SELECT * FROM inbox").fetchall()
        done = forget(home, clock)
        assert list(places(home.data, AL, *WORDS)) == []

    left = content(home.database)
    assert naming(left, AL, *WORDS) == set()
    assert of_others(home) == others
    assert naming(left, BO) >= {"conversations", "sessions", "inbox", "outbox"}
    assert done.is_cleared


def test_a_dry_run_counts_what_the_real_one_removes(home: Home, clock: FakeClock) -> None:
    for scope in (Scope(user_id=AL, bot_name="spark"), Scope(user_id=AL)):
        planned = forgetting.survey(home, scope)

        done = forget(home, clock, bot_name=scope.bot_name)

        assert dict(done.rows) == dict(planned)
        assert planned["outbox"] > 10


def test_one_bot_forgets_and_the_other_does_not(home: Home, clock: FakeClock) -> None:
    def of_spark() -> list[Any]:
        every = content(home.database).values()
        return [row for values in every for row in values if "spark" in row]

    before = of_spark()

    forget(home, clock, bot_name="sage")

    assert rows(
        home.database, "SELECT DISTINCT bot_name FROM conversations WHERE user_id = ?", AL
    ) == [("spark",)]
    assert of_spark() == before


def test_a_shared_session_counts_the_turns_that_are_left(home: Home, clock: FakeClock) -> None:
    forget(home, clock)

    counted = rows(
        home.database,
        "SELECT message_count, (SELECT count(*) FROM conversations AS c"
        " WHERE c.session_id = sessions.session_id), user_id FROM sessions ORDER BY id",
    )
    assert counted
    assert all(said == there for said, there, _ in counted)
    assert {user for _, _, user in counted} == {BO, ""}


def test_the_search_finds_others_as_before(home: Home, clock: FakeClock) -> None:
    matching = "SELECT count(*) FROM conversations_fts WHERE conversations_fts MATCH ?"
    before = rows(home.database, matching, "plainly")

    forget(home, clock)

    assert rows(home.database, matching, "plainly") == before != [(0,)]
    assert rows(home.database, matching, WORDS[0]) == [(0,)]
    with SharedFile(home) as shared:
        check = "INSERT INTO conversations_fts (conversations_fts, rank) VALUES (?, 1)"
        shared.write(lambda writing: writing.execute(check, ("integrity-check",)))
    secure = "SELECT v FROM conversations_fts_config WHERE k = 'secure-delete'"
    assert rows(home.database, secure) == [(1,)]


def test_turns_without_an_id_go_with_the_session_that_is_theirs(
    home: Home, clock: FakeClock
) -> None:
    """Old files have answers that carry the bot's id, or none."""
    own = rows(home.database, "SELECT session_id, bot_name FROM sessions WHERE user_id = ?", AL)
    with SharedFile(home) as shared:
        shared.write(
            lambda writing: writing.execute(
                "UPDATE conversations SET user_id = '', metadata = NULL"
                " WHERE role = 'assistant' AND user_id = ? AND channel_id = '10'",
                (AL,),
            )
        )

    forget(home, clock)

    for session_id, _ in own:
        found = "SELECT count(*) FROM conversations WHERE session_id = ?"
        assert rows(home.database, found, session_id) == [(0,)]


def test_what_others_say_of_them_is_theirs_to_keep(home: Home, clock: FakeClock) -> None:
    with SharedFile(home) as shared:
        shared.write(
            lambda writing: writing.execute(
                "UPDATE conversations SET content = ? WHERE user_id = ?", (f"hi <@{AL}>", BO)
            )
        )

    forget(home, clock)

    assert rows(home.database, "SELECT DISTINCT content FROM conversations") == [(f"hi <@{AL}>",)]


def test_notes_for_people_lose_the_id(home: Home, clock: FakeClock) -> None:
    def write(sql: str, *values: object) -> None:
        shared.write(lambda writing: writing.execute(sql, values))

    with SharedFile(home) as shared:
        imports = "INSERT INTO imports (batch_id, kind, source, sha256, options, started_at)"
        write(
            f"{imports} VALUES ('b', 'legacy', ?, 'x', ?, '')", f"old/1_{AL}.json", f'{{"a": {AL}}}'
        )
        incidents = "INSERT INTO incidents (bot_name, kind, detail, first_at, last_at)"
        write(f"{incidents} VALUES ('sage', 'crash', ?, '', '')", f"a crash at {AL}, not {AL}1")

    forget(home, clock, bot_name="spark")
    assert naming(content(home.database), AL) >= {"imports", "incidents"}
    forget(home, clock)

    assert rows(home.database, "SELECT source, options FROM imports") == [
        ("old/1_0.json", '{"a": 0}')
    ]
    assert rows(home.database, "SELECT detail FROM incidents") == [(f"a crash at 0, not {AL}1",)]
