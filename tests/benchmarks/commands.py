"""Whole processes: `multibot status` beside an empty Python and beside supervisorctl."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.figure import Effort, Figure, percentile
from tests.process.stand import Stand, make_stand

STATUS = "multibot status, whole process, median"


def measure(effort: Effort) -> list[Figure]:
    """Measure it against a real supervisord with three bots."""
    times = effort.count(20)
    python = [sys.executable, "-P"]
    with contextlib.closing(make_stand()) as stand:
        stand.run("up")
        ours = _median(
            [*python, "-m", "multibot", "--home", str(stand.home.root), "status"], stand, times
        )
        nothing = _median([*python, "-c", "pass"], stand, times)
        theirs = _median(
            [*python, "-m", "supervisor.supervisorctl", "-c", "supervisord.conf", "status"],
            stand,
            times,
        )
    return [
        Figure(STATUS, ours, "ms", nothing, "python -c pass", "<= 150 ms"),
        Figure(STATUS, ours, "ms", theirs, "supervisorctl status"),
    ]


def _median(command: Sequence[str], stand: Stand, times: int) -> float:
    taken = [milliseconds(command, stand.home.root) for _ in range(times)]
    return percentile(taken, 0.5)


def milliseconds(command: Sequence[str], folder: Path) -> float:
    """Run a command to its end; whatever it says, it must not fail."""
    started = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=dict(os.environ), stdin=subprocess.DEVNULL, capture_output=True,
        check=False,
    )  # fmt: skip
    taken = (time.perf_counter() - started) * 1000
    # `status` says 1 while a bot is not ready yet.
    assert done.returncode in {0, 1}, done.stderr.decode()
    return taken
