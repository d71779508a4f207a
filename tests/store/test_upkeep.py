"""What the housekeeper leaves in the file about itself, and what SQLite knows of its tables."""

import contextlib
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from multibot.home import Home
from multibot.store import connection
from multibot.store.archive import tuning, upkeep
from multibot.store.archive.upkeep import LEASE, Run, State, Upkeep
from multibot.store.driver import sqlite
from multibot.store.leases import Leases
from tests.fakes import FakeClock
from tests.store.material import START, rows
from tests.store.test_statements import named

MINUTE = timedelta(minutes=1)


def test_where_there_is_no_database_nobody_looks_after_it(tmp_path: Path) -> None:
    assert upkeep.read(tmp_path / "none.db", START) == Upkeep(None, ())


def test_a_task_that_began_is_running_until_it_is_noted(
    home: Home, writing: sqlite.Connection
) -> None:
    done = Run("check", State.DONE, START, 12.5, "no damage")
    found = Run("size", State.DONE, START, 1.0, "", "3 MB are free")
    for run in (done, found):
        upkeep.end(writing, run)
    upkeep.begin(writing, "check", START + MINUTE)

    told = upkeep.read(home.database, START)
    assert told.runs == (Run("check", State.RUNNING, START + MINUTE, 12.5, "no damage"), found)
    assert told.troubles == (found,)


def test_somebody_looks_after_the_file_while_a_lease_lasts(
    home: Home, writing: sqlite.Connection, clock: FakeClock
) -> None:
    Leases("sage", clock).take(writing, LEASE, MINUTE)

    assert upkeep.read(home.database, START).holder == "sage"
    assert upkeep.read(home.database, START + MINUTE).holder is None


def test_reading_is_light() -> None:
    """`multibot status` does it every time."""
    program = "import sys, multibot.store.archive.upkeep; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert {"aiosql", "asyncio", "sqlite_utils", "structlog", "json"}.isdisjoint(
        done.stdout.split()
    )


def fill(writing: sqlite.Connection, count: int) -> None:
    writing.execute(
        """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)
        INSERT INTO conversations (bot_name, channel_id, channel_name, channel_type, user_id,
            username, session_id, message_id, role, content, timestamp)
        SELECT 'sage', i % 5, 'x', 'channel', i % 7, 'Al', i / 9, :count + i, 'user', 'hello', '2020'
        FROM n""",
        {"count": count},
    )


def test_indexes_are_looked_at_when_their_table_has_grown(
    home: Home, writing: sqlite.Connection
) -> None:
    fill(writing, 2000)
    grown = tuning.outdated(writing)
    for index in grown:
        tuning.look_at(writing, index)

    assert "idx_conversations_user" in grown
    assert not [name for name in grown if "fts" in name]
    known = rows(home.database, "SELECT idx FROM sqlite_stat1 WHERE tbl = 'conversations'")
    assert {name for (name,) in known} >= set(grown) - {"sqlite_autoindex_sessions_1"}
    assert "idx_conversations_user" not in tuning.outdated(writing)


def plans(home: Home) -> dict[str, list[tuple[str, str]]]:
    """Name the indexes by which SQLite finds what each statement of a bot asks for."""
    found = {}
    with contextlib.closing(connection.open_reader(home.database)) as reader:
        for name, sql in named():
            values = dict.fromkeys(re.findall(r":(\w+)", sql), "1")
            told = reader.execute(f"EXPLAIN QUERY PLAN {sql}", values)
            found[name] = re.findall(r"(SCAN|INDEX) (\w+)", " ".join(row[3] for row in told))
    return found


def test_what_is_known_of_the_tables_changes_no_way_of_a_message(
    home: Home, writing: sqlite.Connection
) -> None:
    before = plans(home)
    fill(writing, 2000)
    for index in tuning.outdated(writing):
        tuning.look_at(writing, index)

    assert plans(home) == before
