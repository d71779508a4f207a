"""Starts many writers quickly: one process imports everything once and forks each of them.

`python -m tests.faults.nursery` reads orders from stdin, one JSON object a line, and answers each
with a pid. No database is open at a fork, as SQLite demands.
"""

import asyncio
import contextlib
import ctypes
import json
import logging
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from multibot.errors import MultibotError
from multibot.runtime.care import PR_SET_PDEATHSIG
from tests.faults import caretaker, keeper, scribe

ROOT = Path(__file__).parents[2]
LONGEST_SECONDS = 60.0


@dataclass(frozen=True)
class Child:
    """A forked writer, by a handle that no other process can take over."""

    pid: int
    handle: int

    def kill(self) -> None:
        """End it at once, wherever it is."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)

    def wait(self) -> None:
        """Return when it has ended."""
        poll = select.poll()
        poll.register(self.handle, select.POLLIN)
        assert poll.poll(LONGEST_SECONDS * 1000), f"{self.pid} does not end"
        os.close(self.handle)


class Nursery:
    """The process that forks, as seen from a test."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def start(self, **order: Any) -> Child:
        """Fork a writer with this order."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(order, default=str) + "\n")
        process.stdin.flush()
        pid = int(process.stdout.readline())
        return Child(pid, os.pidfd_open(pid))


@contextlib.contextmanager
def opened(environ: Mapping[str, str] = os.environ) -> Iterator[Nursery]:
    """Start a nursery; it and all its children end with the context."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.nursery"],
        cwd=ROOT,
        env=dict(environ),
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield Nursery(process)
    finally:
        process.kill()
        process.communicate()


def main() -> None:
    """Fork one writer for each line until stdin ends."""
    for line in sys.stdin:
        _collect()
        pid = os.fork()
        if pid == 0:
            _be(json.loads(line))
        # The test takes its handle before the next order, and only then are the ended collected.
        print(pid, flush=True)  # noqa: T201 - a pipe to the test


def _collect() -> None:
    """Let go of the children that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _be(order: dict[str, Any]) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    # What the store logs of a foreign lock is not the test's business, what it raises is.
    logging.disable()
    code = 0
    try:
        if measured := _play(order):
            Path(order["log"]).write_text(json.dumps(measured), encoding="utf-8")
    except MultibotError as error:
        print(error, file=sys.stderr)  # noqa: T201 - for whoever reads a failed test
        code = int(error.exit_code)
    os._exit(code)


def _play(order: dict[str, Any]) -> scribe.Measured | None:
    if order["act"] == "upkeep":
        caretaker.play(order)
        return None
    return keeper.play(order) if order["act"] in keeper.ACTS else _write(order)


def _write(order: dict[str, Any]) -> scribe.Measured:
    return asyncio.run(scribe.play(order))


if __name__ == "__main__":
    main()
