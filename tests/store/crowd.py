"""Several OS processes that start at the same moment."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from multibot.home import Home

ROOT = Path(__file__).parents[2]
LONGEST_SECONDS = 60.0


def spawn(action: str, home: Home, bot_name: str, count: int = 0) -> "subprocess.Popen[str]":
    """Start one process and wait until it is ready; it waits for `start` in turn."""
    command = [sys.executable, "-m", "tests.store.processes", action, str(home.root), bot_name]
    process = subprocess.Popen(
        [*command, str(count)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def start(processes: Sequence["subprocess.Popen[str]"]) -> None:
    """Let every process go."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()


@contextlib.contextmanager
def ended(processes: Sequence["subprocess.Popen[str]"]) -> Iterator[None]:
    """Leave no process behind, whatever the test finds."""
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def together(action: str, home: Home, bot_names: Sequence[str], count: int = 0) -> list[list[str]]:
    """Do one thing in one process per bot at the same time; return the lines each printed."""
    processes = [spawn(action, home, bot_name, count) for bot_name in bot_names]
    with ended(processes):
        start(processes)
        lines = []
        for process in processes:
            output, errors = process.communicate(timeout=LONGEST_SECONDS)
            assert process.returncode == 0, errors
            assert errors == ""
            lines.append(output.splitlines())
    return lines
