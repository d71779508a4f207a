"""`multibot db ...`: what the commands say, and when they refuse."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from multibot.cli.main import root
from multibot.clock import SystemClock
from multibot.errors import (
    ExitCode,
    LockHeldError,
    PermanentError,
    SchemaError,
    TemporaryError,
    UsageError,
)
from multibot.home import Home
from multibot.runtime.care import LifeLock
from multibot.store.migrate import migrate
from multibot.store.stores import open_store
from multibot.supervise.lock import ChangeLock
from tests.store.copies import change, index, overwrite, said, talk
from tests.store.material import SAGE, SPARK

HOSTILE = "\x1b[31mred\x1b]0;title\x07\nnext\u202eline"


def multibot(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(
        root, ["--home", str(home.root), "db", *arguments], standalone_mode=False
    )


def told(home: Home, *arguments: str) -> Any:
    """Run a command that must not fail and read the JSON that it prints."""
    result = multibot(home, *arguments, "--json")
    assert result.exception is None
    return json.loads(result.stdout)


async def fill(home: Home) -> None:
    for bot_name, first in ((SAGE, 1), (SPARK, 100)):
        store = open_store(home, bot_name, SystemClock())
        await talk(store, first, 2)
        await store.close()


@pytest.fixture
def fleet(home: Home) -> Home:
    migrate(home, SystemClock())
    asyncio.run(fill(home))
    index(home)
    return home


@pytest.fixture
def copy(fleet: Home) -> Path:
    """Take a backup, after which all is lost."""
    path = Path(told(fleet, "backup")["backup"])
    change(fleet.database, "DELETE FROM conversations")
    return path


@pytest.fixture
def running(fleet: Home) -> Iterator[LifeLock]:
    """Let sage run, as far as anybody can tell."""
    lock = LifeLock(fleet.bot_lock("sage")).take()
    yield lock
    lock.release()


def test_a_backup_says_where_it_is(fleet: Home) -> None:
    result = multibot(fleet, "backup")
    (path,) = fleet.backups.glob("*.db")
    assert result.stdout.startswith(f"{path}: 8 turns, 0.")

    again = told(fleet, "backup", "--keep", "1")

    assert again["removed"] == [str(path)]
    assert again["rows"]["conversations"] == 8
    assert Path(again["manifest"]).exists()


def test_the_whole_is_put_back(fleet: Home, copy: Path) -> None:
    result = multibot(fleet, "restore", copy.name, "--yes")

    assert result.exception is None
    assert result.stdout.splitlines()[0].startswith(
        f"the database is that of {copy} again: 8 turns, 2 sessions"
    )
    assert "what was there is kept in" in result.stdout
    assert said(fleet.database) == said(copy)


def test_one_bot_is_put_back(fleet: Home, copy: Path) -> None:
    done = told(fleet, "restore", str(copy), "--bot", "sage", "--yes")

    assert (done["bot"], done["rows"]) == ("sage", {"conversations": 4, "sessions": 1})
    assert said(fleet.database) == said(copy)
    assert said(fleet.database, "spark") == []


def test_nothing_is_replaced_without_a_yes(fleet: Home, copy: Path) -> None:
    result = multibot(fleet, "restore", str(copy))

    assert isinstance(result.exception, UsageError)
    assert "--yes" in str(result.exception)
    assert said(fleet.database) == []


def test_a_fleet_that_runs_is_seen_before_anybody_is_asked(
    fleet: Home, copy: Path, running: LifeLock
) -> None:
    assert running.held
    for words in (("restore", str(copy)), ("restore", str(copy), "--bot", "sage")):
        assert isinstance(multibot(fleet, *words).exception, TemporaryError)


def test_what_is_no_database_is_not_put_back(fleet: Home, copy: Path) -> None:
    rubbish = fleet.root / "rubbish.db"
    for content in (b"rubbish " * 1000, copy.read_bytes()[:100] + b"\xff" * 9000):
        rubbish.write_bytes(content)
        error = multibot(fleet, "restore", str(rubbish), "--yes").exception

        assert isinstance(error, PermanentError)
        assert (error.where, error.remedy) == (
            str(rubbish),
            "Restore another one; `multibot db info` lists them.",
        )


def test_the_whole_waits_for_every_bot(fleet: Home, copy: Path, running: LifeLock) -> None:
    result = multibot(fleet, "restore", str(copy), "--yes")

    assert isinstance(result.exception, TemporaryError)
    assert "multibot down sage" in str(result.exception)
    assert said(fleet.database) == []
    running.release()
    assert multibot(fleet, "restore", str(copy), "--yes").exception is None


def test_one_bot_waits_for_nobody_else(fleet: Home, copy: Path, running: LifeLock) -> None:
    assert running.held
    assert multibot(fleet, "restore", str(copy), "--bot", "spark", "--yes").exception is None
    refused = multibot(fleet, "restore", str(copy), "--bot", "sage", "--yes").exception

    assert isinstance(refused, TemporaryError)
    assert said(fleet.database) == []
    assert said(fleet.database, "spark") == said(copy, "spark")


def test_it_waits_for_no_other_command_that_changes_the_fleet(fleet: Home, copy: Path) -> None:
    fleet.run.mkdir()
    with ChangeLock(fleet):
        refused = multibot(fleet, "restore", str(copy), "--yes").exception
    assert isinstance(refused, LockHeldError)
    assert copy.exists()


def test_a_name_that_no_bot_can_have_is_refused(fleet: Home, copy: Path) -> None:
    for name in ("../sage", "a/b", "", "supervisord", "SAGE", "sage\n"):
        refused = multibot(fleet, "restore", str(copy), "--bot", name, "--yes").exception
        assert isinstance(refused, UsageError), name
    assert not list(fleet.data.glob("*/*.lock"))


def test_a_check_says_what_is_wrong_and_what_to_do(fleet: Home) -> None:
    fine = multibot(fleet, "check", "--full")
    assert fine.return_value == ExitCode.OK
    assert "fail" not in fine.stdout
    overwrite(fleet.database, *range(5, 9))

    result = multibot(fleet, "check")

    assert result.return_value == ExitCode.PERMANENT
    assert "fail  pages" in result.stdout
    assert "multibot db restore" in result.stdout
    assert not told(fleet, "check")["ok"]


def test_the_search_is_made_anew_while_nobody_writes(fleet: Home, running: LifeLock) -> None:
    assert isinstance(multibot(fleet, "reindex").exception, TemporaryError)
    running.release()

    assert multibot(fleet, "reindex").stdout == "8 turns can be searched\n"


def test_info_is_for_people_and_for_scripts(fleet: Home, copy: Path) -> None:
    text = multibot(fleet, "info").stdout
    for words in ("schema", "SQLite", "last backup", copy.name, "sage   0      1"):
        assert words in text

    found = told(fleet, "info")
    assert found["bots"]["sage"] == {"sessions": 1, "inbox": 2}
    assert [each["file"] for each in found["copies"]] == [str(copy)]


def test_an_answer_is_a_table(fleet: Home) -> None:
    question = "SELECT bot_name, count(*) AS n FROM conversations GROUP BY 1 ORDER BY 1"

    result = multibot(fleet, "query", question)

    lines = [line.split() for line in result.stdout.splitlines() if line.strip()]
    assert lines[0] == ["bot_name", "n"]
    assert lines[2:] == [["sage", "4"], ["spark", "4"]]
    assert told(fleet, "query", question) == [
        {"bot_name": "sage", "n": 4},
        {"bot_name": "spark", "n": 4},
    ]
    assert multibot(fleet, "query", question, "--csv").stdout == "bot_name,n\nsage,4\nspark,4\n"


def test_nothing_that_people_wrote_reaches_the_terminal_as_a_command(fleet: Home) -> None:
    change(fleet.database, "UPDATE conversations SET content = ? WHERE id = 1", HOSTILE)
    question = "SELECT content, x'00ff' AS b, NULL AS c FROM conversations WHERE id = 1"

    table, as_json = (multibot(fleet, "query", question, *more) for more in ((), ("--json",)))

    for text in (table.stdout, as_json.stdout):
        assert not set("\x1b\x07\u202e") & set(text)
    assert r"\x1b[31mred" in table.stdout
    assert "x'00ff'" in table.stdout
    assert json.loads(as_json.stdout) == [{"content": HOSTILE, "b": "00ff", "c": None}]


def test_an_answer_that_was_cut_off_says_so(fleet: Home) -> None:
    result = multibot(fleet, "query", "SELECT id FROM conversations", "--limit", "3", "--csv")

    assert result.stdout.splitlines() == ["id", "1", "2", "3"]
    assert "only the first 3 rows" in result.stderr


def test_the_commands_themselves_end_with_one_clear_line(fleet: Home) -> None:
    command = [sys.executable, "-m", "multibot", "--home", str(fleet.root), "db"]
    for arguments, code in (
        (["query", "DELETE FROM sessions"], ExitCode.USAGE),
        (["query", "SELECT 1 FROM nosuch"], ExitCode.USAGE),
        (["restore", "nosuch.db", "--yes"], ExitCode.USAGE),
    ):
        done = subprocess.run([*command, *arguments], check=False, capture_output=True, text=True)
        assert done.returncode == code
        assert done.stderr.startswith("multibot: ")
        assert len(done.stderr.splitlines()) == 1


def test_what_is_not_there_cannot_be_examined(home: Home) -> None:
    home.fleet_file.parent.mkdir()
    home.fleet_file.touch()
    error = multibot(home, "check").exception

    assert isinstance(error, SchemaError)
    assert "There is no database yet" in str(error)


def has_open(pid: int, file: Path) -> bool:
    """Say whether a process has a file open just now."""
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if each.readlink() == file:
                return True
    return False


def test_a_question_that_is_interrupted_is_no_slow_one(fleet: Home) -> None:
    forever = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT max(i) FROM n"
    words = ["--home", str(fleet.root), "db", "query", forever, "--timeout", "60"]
    command = [sys.executable, "-m", "multibot", *words]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    # It has the file open from the beginning of its question on.
    while not has_open(process.pid, fleet.database):
        os.sched_yield()
    process.send_signal(signal.SIGINT)

    assert process.communicate(timeout=60)[1].strip() == ""
    assert process.returncode in {130, -signal.SIGINT}


def test_what_json_does_not_know_is_null(fleet: Home) -> None:
    result = multibot(fleet, "query", "select 9e999 as x, -9e999 as y, 1.5 as z", "--json")

    assert json.loads(result.stdout) == [{"x": None, "y": None, "z": 1.5}]


def test_a_time_that_is_no_number_is_refused(fleet: Home) -> None:
    result = multibot(fleet, "query", "select 1", "--timeout", "nan")

    assert isinstance(result.exception, click.BadParameter)
