"""Row 55: a user is forgotten, then an older backup is put back. The user stays forgotten.

Forgetting is killed at a random moment in every other drill and run again; in every third one the
database is lost before the restore, so that only the list beside it knows.
"""

import contextlib
import json
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from multibot.home import Home
from multibot.store import filesystem
from tests.faults import book
from tests.store.forgetful import AL, BO, WORDS, content, naming, places, populated

DRILLS = book.times(100, 2)
SEED = 55
# Of the time that forgetting took before; the first part of it is the start of Python.
SHARES = (0.3, 1.0)


def multibot(home: Home, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "multibot", "--home", str(home.root), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(home: Home, *arguments: str) -> Any:
    """Run a command to its end and return what it says as JSON."""
    with multibot(home, *arguments, "--json") as process:
        told, errors = process.communicate()
    assert process.returncode == 0, errors
    return json.loads(told)


def is_killed(home: Home, seconds: float) -> bool:
    """Forget, and kill that -9 after so long; false when it was done before."""
    with multibot(home, "forget", "--user", AL, "--yes") as process:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.kill()
        process.communicate()
    return process.returncode < 0


@pytest.mark.slow
@pytest.mark.timeout(book.times(3600, 120))
def test_a_forgotten_user_does_not_come_back_with_an_older_backup(tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311 - moments that a run can repeat
    killed, usual = 0, 0.0
    for number in range(DRILLS):
        home = populated(Home(tmp_path / str(number)))
        older = Path(run(home, "db", "backup")["backup"])

        if number % 2 and is_killed(home, usual * chance.uniform(*SHARES)):
            killed += 1
        began = time.monotonic()
        told = run(home, "forget", "--user", AL, "--yes")
        if not number % 2:
            usual = time.monotonic() - began

        assert [copy["path"] for copy in told["copies"]] == [str(older)]
        newer = Path(run(home, "db", "backup")["backup"])
        assert list(places(newer.parent, AL, *WORDS))
        older.rename(tmp_path / older.name)
        assert list(places(home.data, AL, *WORDS)) == []
        if number % 3 == 0:
            for path in filesystem.files_of(home.database):
                path.unlink(missing_ok=True)
        run(home, "db", "restore", str(tmp_path / older.name), "--yes")

        assert list(places(home.data, AL, *WORDS)) == []
        left = content(home.database)
        assert naming(left, AL, *WORDS) == set()
        assert naming(left, BO) >= {"conversations", "sessions"}
        shutil.rmtree(home.root)

    assert killed or not book.FULL
    book.note(
        book.Entry(
            row=55,
            fault="a user is forgotten, then an older backup is restored",
            count=DRILLS,
            unit="drills",
            result="0 rows or words of the user came back; 0 found in database, WAL, newer backups",
            seed=SEED,
            figures={"killed while forgetting": killed},
        )
    )
