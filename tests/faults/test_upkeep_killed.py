"""The bot that looks after the file is killed with -9 in the middle of it; another one goes on.

Wherever that was, the file is whole, nothing young is gone, and in the end everything is done.
"""

import contextlib
import shutil
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from multibot.clock import SystemClock, to_text
from multibot.home import Home
from multibot.store import connection
from multibot.store.archive import backup, search
from multibot.store.driver import sqlite
from multibot.store.migrate import migrate
from tests.faults import book, caretaker, crowd, nursery
from tests.process.stand import eventually
from tests.runtime.chores import configured
from tests.store.material import rows

ALL = (
    "search",
    "sessions",
    "checkpoint",
    "size",
    "cleaning",
    "retention",
    "optimize",
    "check",
    "backup",
)
# In full each task alone, many times; else all of them at once.
CHOSEN: list[tuple[str, ...]] = [ALL, *((each,) for each in ALL)] if book.FULL else [ALL]
ROUNDS = book.times(10, 1)
KILLED = 2
TURNS = 800
SEED = 4


@pytest.fixture(scope="module")
def neglected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that nobody has looked after for long: every task has a lot to do."""
    home = Home(tmp_path_factory.mktemp("neglected"))
    migrate(home, SystemClock())
    configured(home, (("storage", "retention_days"), 30))
    with contextlib.closing(connection.open_writer(home.database)) as writing:
        fill(writing)
    return home.root


def fill(writing: sqlite.Connection) -> None:
    now = SystemClock().now()
    values = {
        "count": TURNS,
        "old": to_text(now - timedelta(days=60)),
        "young": to_text(now - timedelta(days=1)),
    }
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count)"
    writing.execute("BEGIN")
    writing.execute(
        f"""{numbers} INSERT INTO conversations (bot_name, channel_id, channel_name, channel_type,
            user_id, username, session_id, message_id, role, content, timestamp)
        SELECT 'sage', i % 9, 'x', 'channel', i % 99, 'Al', 's' || i / 10, i, 'user',
            'word' || i || ' and ' || hex(randomblob(40)), iif(i % 2, :old, :young) FROM n""",  # noqa: S608
        values,
    )
    # A third of the turns are in the index.
    search.fill(writing, TURNS // 3)
    writing.execute(
        f"""{numbers} INSERT INTO sessions (bot_name, channel_id, session_id, started_at,
            last_activity, user_id, display_id)
        SELECT 'sage', '1', 's' || i, :old, iif(i % 2, :old, :young), i, 's' || i FROM n""",  # noqa: S608
        values,
    )
    writing.execute(
        f"""{numbers} INSERT INTO inbox (bot_name, message_id, channel_id, user_id, created_at,
            received_at, updated_at, decision, reason, state)
        SELECT 'sage', i, '1', '2', :old, iif(i % 2, :old, :young), :old, 'no', 'not_addressed',
            'declined' FROM n""",  # noqa: S608
        values,
    )
    writing.execute("COMMIT")


@pytest.fixture(scope="module")
def kindergarten() -> Iterator[nursery.Nursery]:
    with nursery.opened() as made:
        yield made


def is_under_way(log: Path, since: int, tasks: tuple[str, ...]) -> bool:
    """Say whether somebody has begun anything since this line; or there is nothing left to begin."""
    lines = caretaker.said(log)
    return any(line.startswith("begun") for line in lines[since:]) or is_done(log, tasks)


def is_done(log: Path, tasks: tuple[str, ...]) -> bool:
    return all(f"done {task}" in caretaker.said(log) for task in tasks)


def require_whole(home: Home) -> None:
    """Ask SQLite whether the file is in order, the index of words against the turns included."""
    with contextlib.closing(connection.open_writer(home.database)) as writing:
        assert writing.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        writing.execute(
            "INSERT INTO conversations_fts (conversations_fts, rank) VALUES ('integrity-check', 0)"
        )
    for table in ("conversations WHERE timestamp", "inbox WHERE received_at"):
        young = f"SELECT count(*) FROM {table} > datetime('now', '-2 days')"  # noqa: S608
        assert rows(home.database, young) == [(TURNS // 2,)]
    for path, said in backup.listed(home):
        assert said is not None, path
        assert rows(path, "PRAGMA quick_check") == [("ok",)]


def count(home: Home, what: str) -> int:
    return int(rows(home.database, f"SELECT count(*) FROM {what}")[0][0])  # noqa: S608


def require_done(home: Home, tasks: tuple[str, ...]) -> None:
    """Look at what each task was to bring about."""
    left = {
        "cleaning": lambda: count(home, "inbox") - TURNS // 2,
        "retention": lambda: count(home, "conversations") - TURNS // 2,
        "sessions": lambda: count(home, "sessions WHERE is_active = 1"),
        "search": lambda: count(home, "conversations WHERE id > (SELECT value FROM watermarks)"),
        "optimize": lambda: int(not count(home, "sqlite_stat1 WHERE tbl = 'sessions'")),
        "backup": lambda: int(not backup.listed(home)),
    }
    assert {task: left[task]() for task in tasks if task in left} == dict.fromkeys(
        (task for task in tasks if task in left), 0
    )
    assert list(home.backups.glob("*.partial")) == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("tasks", CHOSEN, ids=lambda tasks: tasks[0] if len(tasks) == 1 else "all")
def test_another_bot_goes_on_where_one_was_killed(
    neglected: Path, kindergarten: nursery.Nursery, tmp_path: Path, tasks: tuple[str, ...]
) -> None:
    dice = crowd.dice(SEED)
    for round_ in range(ROUNDS):
        home, log = Home(tmp_path / f"{round_}"), tmp_path / f"{round_}.log"
        shutil.copytree(neglected, home.root)
        order = {"act": "upkeep", "home": home.root, "log": log, "tasks": tasks}
        for number in range(KILLED):
            since = len(caretaker.said(log))
            child = kindergarten.start(**order, bot=("sage", "spark")[number % 2])
            assert eventually(partial(is_under_way, log, since, tasks))
            eventually(lambda: False, dice.uniform(0.0, 0.3))
            child.kill()
            child.wait()
            require_whole(home)
        kindergarten.start(**order, bot="sage").wait()
        assert is_done(log, tasks)
        require_whole(home)
        require_done(home, tasks)
        shutil.rmtree(home.root)
