"""Commands that change history in many steps, interrupted: they say what is half done, and how to go on."""

import functools
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from multibot.clock import SystemClock
from multibot.errors import ExitCode
from multibot.home import Home
from multibot.store.archive import underway
from multibot.store.archive.backup import backup
from multibot.store.archive.forget import Scope
from multibot.store.archive.shared import SharedFile
from tests.store.copies import change
from tests.store.forgetful import AL, content, naming, populated
from tests.store.material import turnstile_held

_HALF_RESTORED = """
INSERT INTO restores (bot_name, source, sha256, kept, began_at)
VALUES ('sage', ?, 'another', 'kept.db', 'x')
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return populated(Home(tmp_path))


def command(home: Home, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "multibot", "--home", str(home.root), *arguments]


def interrupted(home: Home, sign: Path, *arguments: str) -> str:
    """Interrupt a command that waits for its turn to write, from a file's appearance on."""
    with turnstile_held(home.database_lock):
        process = subprocess.Popen(command(home, *arguments), stderr=subprocess.PIPE, text=True)
        while not sign.exists() and process.poll() is None:
            os.sched_yield()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode in {130, -signal.SIGINT}, errors
    return errors


@pytest.mark.parametrize("is_begun", [True, False])
def test_forgetting_says_what_is_left(home: Home, *, is_begun: bool) -> None:
    if is_begun:
        until = SystemClock().now() + timedelta(seconds=1)
        with SharedFile(home) as shared:
            shared.write(functools.partial(underway.note, scope=Scope(user_id=AL), until=until))
    words = ("forget", "--user", AL, "--yes")
    errors = interrupted(home, home.backup_lock, *words)

    begun = "not all of it is removed. The same command goes on, and so does a bot that runs."
    nothing = "nothing was removed; the same command begins again."
    assert errors.strip() == f"multibot: {begun if is_begun else nothing}"
    assert subprocess.run(command(home, *words), check=False).returncode == ExitCode.OK
    assert naming(content(home.database), AL) == set()


@pytest.mark.parametrize("is_begun", [True, False])
def test_a_restore_of_one_bot_says_what_is_left(home: Home, *, is_begun: bool) -> None:
    taken = backup(home, SystemClock()).path
    if is_begun:
        change(home.database, _HALF_RESTORED, str(taken))
    words = ("db", "restore", str(taken), "--bot", "sage", "--yes")
    errors = interrupted(home, home.import_lock, *words)

    begun = (
        "the restore is not complete, and sage does not start before it is."
        " The same command goes on where it stopped."
    )
    nothing = "nothing was replaced; the same command begins again."
    assert errors.strip() == f"multibot: {begun if is_begun else nothing}"
    assert subprocess.run(command(home, *words), check=False).returncode == ExitCode.OK
