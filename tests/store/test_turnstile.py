"""The file lock that writers of all processes wait on: one at a time, and each in its turn."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from multibot.store.connection import STEP_ASIDE_SECONDS, Turnstile
from tests.process.stand import eventually

OTHER = """
import sys
from pathlib import Path
from multibot.store.connection import Turnstile
print("here", flush=True)
with Turnstile(Path(sys.argv[1])):
    print("in", flush=True)
"""

Make = Callable[..., Turnstile]


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@pytest.fixture
def make(lock: Path) -> Iterator[Make]:
    made: list[Turnstile] = []

    def make_one(pause: Callable[[float], None] = lambda _: None) -> Turnstile:
        made.append(Turnstile(lock, pause))
        return made[-1]

    yield make_one
    for each in made:
        each.close()


@pytest.fixture
def other(lock: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that is about to wait for the lock."""
    command = [sys.executable, "-c", OTHER, str(lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_who_comes_back_steps_aside_for_those_who_wait(make: Make) -> None:
    pauses: list[float] = []
    busy, other = make(pauses.append), make()
    entered = threading.Event()

    def wait() -> None:
        with other:
            entered.set()

    with busy:
        pass
    waiting = threading.Thread(target=wait)
    with make():
        waiting.start()
        assert eventually(busy.is_waited_for)
        hold = threading.Thread(target=busy.__enter__)
        hold.start()
        assert eventually(lambda: pauses == [STEP_ASIDE_SECONDS])
    waiting.join()
    hold.join()
    assert entered.is_set()


def test_nobody_steps_aside_where_nobody_waits(make: Make) -> None:
    pauses: list[float] = []
    busy = make(pauses.append)
    for _ in range(3):
        with busy:
            pass
    assert pauses == []


def test_one_that_is_stopped_while_it_waits_is_waited_for_by_nobody(
    make: Make, other: "subprocess.Popen[str]"
) -> None:
    assert other.stdout is not None
    holder, third = make(), make()
    with holder:
        assert other.stdout.readline() == "here\n"
        assert eventually(holder.is_waited_for)
        os.kill(other.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, other.pid, os.WSTOPPED)
    for _ in range(3):
        with third:
            pass
    os.kill(other.pid, signal.SIGCONT)
    assert other.stdout.readline() == "in\n"


def test_closing_gives_everything_back(make: Make, lock: Path) -> None:
    held = Turnstile(lock)
    held.__enter__()
    held.close()
    other = make()
    assert not other.is_waited_for()
    with other:
        pass
