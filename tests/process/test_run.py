"""`multibot run`: which names it takes, and what it leaves behind when it fails."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from multibot.home import Home
from multibot.store.status import read_statuses
from tests.process.stand import eventually
from tests.unit.config import samples


def start(home: Home, bot: str, **environ: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        multibot(home, "run", bot),
        env={**os.environ, **samples.TOKENS, **environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("name", ["../../evil", "/evil", "nope", "x" * 300, "Sage", ""])
def test_a_name_that_no_bot_has_writes_nothing(tmp_path: Path, name: str) -> None:
    home = Home(tmp_path / "near" / "home")
    samples.write(home)
    before = files(tmp_path)

    with start(home, name) as process:
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 2
    assert "Traceback" not in errors
    assert files(tmp_path) == before


def test_the_nearest_name_is_suggested(home: Home) -> None:
    samples.write(home)

    with start(home, "sgae") as process:
        _, errors = process.communicate(timeout=60)

    assert "Did you mean sage?" in errors


def test_without_a_fleet_file_that_is_what_is_told_and_nothing_is_made(home: Home) -> None:
    with start(home, "sage") as process:
        _, errors = process.communicate(timeout=60)

    assert process.returncode == 78
    assert "bots/multi_bot.yaml: does not exist" in errors
    assert files(home.root) == set()


def test_a_passing_failure_under_supervisord_is_noted_and_slows_the_restarts(home: Home) -> None:
    """A folder in the place of the writers' lock stands in for a disk that comes back later."""
    samples.write(home)
    subprocess.run(multibot(home, "db", "migrate"), check=True, capture_output=True)
    home.database_lock.unlink()
    home.database_lock.mkdir()
    note = home.bot_exit("sage")
    home.run.mkdir(exist_ok=True)
    home.supervisord_pid.write_text(str(os.getpid()))

    with start(home, "sage", SUPERVISOR_ENABLED="1") as process:
        try:
            assert eventually(note.exists)
            body = json.loads(note.read_text())
            assert (body["pid"], body["exit_code"]) == (process.pid, 75)
            assert process.poll() is None
        finally:
            process.kill()
            process.communicate(timeout=60)


def test_a_discord_that_does_not_answer_a_goodbye_is_not_waited_for(home: Home) -> None:
    """supervisord kills after 20 s, of which the running answers may need 15."""
    samples.write(home)
    with serving(home) as (sandbox, address):
        subprocess.run(multibot(home, "db", "migrate"), check=True, capture_output=True)
        with start(home, "sage", MULTIBOT_DISCORD_API=f"{address}/api/v10") as process:
            assert eventually(lambda: is_ready(home, "sage"))
            sandbox.send_signal(signal.SIGSTOP)
            begun = time.monotonic()
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
            taken = time.monotonic() - begun

    assert process.returncode == 0
    assert taken < 10


def is_ready(home: Home, bot: str) -> bool:
    row = read_statuses(home.database).get(bot)
    return row is not None and row.state == "ready"


def multibot(home: Home, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "multibot", "--home", str(home.root), *arguments]


@contextlib.contextmanager
def serving(home: Home) -> "Iterator[tuple[subprocess.Popen[str], str]]":
    """Run a sandbox in a process of its own, and give its address."""
    process = subprocess.Popen(
        multibot(home, "sandbox", "serve", "--port", "0"),
        env={**os.environ, **samples.TOKENS},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().split()[2].rstrip("/")
    finally:
        process.kill()
        process.communicate()
