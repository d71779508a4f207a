"""Row 36: the SQLite at hand can corrupt the shared file. Nothing that would write it starts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from multibot.errors import ExitCode, PermanentError
from multibot.home import Home
from multibot.store import driver
from tests.faults import book
from tests.unit.config import samples

VERSIONS = ((3, 40, 1), (3, 45, 3), (3, 51, 2))
COMMANDS = (("up",), ("run", "sage"), ("db", "migrate"))


@pytest.fixture
def fleet(home: Home) -> Home:
    samples.write(home)
    return home


def old_library(folder: Path, version: tuple[int, ...]) -> Path:
    """Put a driver in front of the real one that says it is this old."""
    package = folder / ".".join(map(str, version)) / "pysqlite3"
    package.mkdir(parents=True)
    said = ".".join(map(str, version))
    (package / "__init__.py").write_text("from pysqlite3.dbapi2 import *\n")
    (package / "dbapi2.py").write_text(
        "from sqlite3.dbapi2 import *\n"
        f"sqlite_version = {said!r}\nsqlite_version_info = {version!r}\n"
    )
    return package.parent


def multibot(home: Home, library: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "multibot", "--home", str(home.root), *arguments],
        env={**os.environ, **samples.TOKENS, "PYTHONPATH": str(library)},
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_nothing_that_would_write_starts(
    fleet: Home, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = multibot(fleet, old_library(tmp_path, VERSIONS[0]), *arguments)

    assert done.returncode == ExitCode.PERMANENT, done.stderr
    assert "SQLite 3.40.1 can corrupt" in done.stderr
    assert "Install pysqlite3" in done.stderr
    assert "Traceback" not in done.stderr
    assert not fleet.database.exists()
    assert not fleet.socket.exists()


def test_doctor_says_what_to_install(fleet: Home, tmp_path: Path) -> None:
    done = multibot(fleet, old_library(tmp_path, VERSIONS[0]), "doctor", "--json")

    findings = {each["subject"]: each for each in json.loads(done.stdout)["findings"]}
    assert done.returncode == ExitCode.PERMANENT
    assert findings["sqlite"]["level"] == "fail"
    assert "pysqlite3" in findings["sqlite"]["remedy"]
    book.note(
        book.Entry(
            row=36,
            fault="SQLite older than the fix",
            count=len(COMMANDS) + 1,
            unit="commands",
            result="doctor fails; up, run and db migrate refuse with the remedy; no file made",
        )
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_before_the_fix_is_refused(version: tuple[int, int, int]) -> None:
    with pytest.raises(PermanentError, match="can corrupt"):
        driver.require(version)
