"""`multibot forget`: what it asks, what it says, and what it leaves to the person who runs it."""

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from multibot.cli.main import root
from multibot.clock import SystemClock
from multibot.errors import ExitCode, SchemaError, UsageError
from multibot.home import Home
from multibot.store.archive import remnants
from multibot.store.archive.backup import backup
from multibot.store.archive.shared import SharedFile
from tests.store.forgetful import AL, BO, content, naming, places, populated


def multibot(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(
        root, ["--home", str(home.root), *arguments], standalone_mode=False, catch_exceptions=True
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return populated(Home(tmp_path))


def told(home: Home, *arguments: str) -> dict[str, Any]:
    result = multibot(home, "forget", "--user", AL, "--json", *arguments)
    assert result.exception is None, result.exception
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_a_dry_run_removes_nothing_and_counts_what_the_real_run_removes(home: Home) -> None:
    before = content(home.database)

    planned = told(home, "--dry-run")

    assert content(home.database) == before
    assert not home.forgotten.exists()
    done = told(home, "--yes")
    assert planned["rows"] == done["rows"]
    assert (planned["dry_run"], done["dry_run"]) == (True, False)
    assert done["total"] == sum(done["rows"].values()) > 50
    assert naming(content(home.database), AL) == set()


def test_a_second_run_finds_nothing(home: Home) -> None:
    told(home, "--yes")

    result = multibot(home, "forget", "--user", AL, "--yes")

    assert result.return_value == ExitCode.OK
    assert "nothing is kept" in result.stdout


def test_without_yes_a_script_is_refused(home: Home) -> None:
    result = multibot(home, "forget", "--user", AL)

    assert isinstance(result.exception, UsageError)
    assert "--yes" in str(result.exception)
    assert naming(content(home.database), AL)


@pytest.mark.parametrize("name", ["Al", "", "7 OR 1", "-7", "\u0667", "<@7>"])
def test_what_is_no_id_is_refused(home: Home, name: str) -> None:
    result = multibot(home, "forget", "--user", name, "--yes")

    assert isinstance(result.exception, UsageError | click.UsageError)


def test_an_unknown_bot_is_refused(home: Home) -> None:
    result = multibot(home, "forget", "--user", AL, "--bot", "sag", "--yes")

    assert isinstance(result.exception, UsageError)
    assert "Did you mean sage?" in str(result.exception)


def test_without_a_database_the_command_to_run_is_named(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.fleet_file.parent.mkdir()
    home.fleet_file.touch()
    result = multibot(home, "forget", "--user", AL, "--yes")

    assert isinstance(result.exception, SchemaError)
    assert "multibot db migrate" in str(result.exception)


def test_one_bot_forgets(home: Home) -> None:
    done = told(home, "--bot", "sage", "--yes")

    assert done["bot"] == "sage"
    left = content(home.database)["conversations"]
    assert {row[1] for row in left if AL in row} == {"spark"}


def test_copies_are_named_and_cleared_on_request(home: Home) -> None:
    taken = backup(home, SystemClock()).path

    first = multibot(home, "forget", "--user", AL, "--yes")
    second = told(home, "--yes", "--backups")

    assert first.return_value == ExitCode.OK
    assert f"  data/backups/{taken.name}\n" in first.stdout
    assert second["copies"] == []
    assert second["copies_cleaned"] == [str(taken)]
    assert list(places(home.data, AL)) == []


def test_a_copy_that_cannot_be_read_makes_it_partial(home: Home) -> None:
    home.backups.mkdir()
    (home.backups / "conversations_x.db").write_bytes(b"junk" * 1000)

    result = multibot(home, "forget", "--user", AL, "--yes", "--backups")

    assert result.return_value == ExitCode.PARTIAL
    assert "cannot be read" in result.stdout


def test_other_files_that_name_the_user_are_named_and_left_alone(home: Home) -> None:
    home.logs.mkdir()
    log = home.logs / "sage.log"
    log.write_text(f"answered user={AL}\n")
    (home.logs / "spark.log").write_text(f"answered user={AL}1\n")
    old = home.data / "sage" / f"10_{AL}.json"
    old.parent.mkdir()
    old.write_text("[]")

    done = told(home, "--yes")

    assert done["files"] == [str(log), str(old)]
    assert AL in log.read_text()


def test_the_unused_space_of_the_file_is_written_anew_on_request(home: Home) -> None:
    done = told(home, "--yes", "--vacuum")

    assert (done["remnants"], done["wal_cleared"]) == (0, True)
    assert naming(content(home.database), BO)


def test_the_unused_space_is_written_anew_without_forgetting_anybody(home: Home) -> None:
    before = content(home.database)["conversations"]
    with SharedFile(home) as shared:
        shared.write(lambda writing: remnants.note(writing, 3))

    result = multibot(home, "forget", "--vacuum")

    assert (result.exception, result.return_value) == (None, ExitCode.OK)
    assert "written anew" in result.stdout
    assert not home.forgotten.exists()
    assert content(home.database)["conversations"] == before
    with SharedFile(home) as shared:
        assert not remnants.are_noted(shared.reader)


@pytest.mark.parametrize("more", [[], ["--vacuum", "--dry-run"], ["--bot", "sage"]])
def test_somebody_has_to_be_named(home: Home, more: list[str]) -> None:
    result = multibot(home, "forget", "--yes", *more)

    assert isinstance(result.exception, UsageError)
    assert "--user" in (result.exception.remedy or "")
