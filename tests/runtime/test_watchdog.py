"""The thread that ends a process which only seems to live."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from multibot.runtime.watchdog import Countdown, LastWords, Watchdog
from tests.fakes import FakeClock, settle

BLOCKED = """
import asyncio, sys, time
from pathlib import Path
from multibot.clock import SystemClock
from multibot.runtime.watchdog import LastWords, Watchdog

async def main():
    words = LastWords(bot_name="sage", clock=SystemClock(), note=Path(sys.argv[1]))
    dog = Watchdog(
        limit=2.0, clock=SystemClock(), last_words=words, writer_is_dead=lambda: sys.argv[2] == "dead"
    )
    dog.start()
    if sys.argv[2] == "blocked":
        time.sleep(100)
    if sys.argv[2] == "hogging":
        import re
        re.match("(a*)*b", "a" * 40)
    if sys.argv[2] == "starving":
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (300_000_000, 300_000_000))
        hoard = []
        for size in (1 << 20, 1 << 12, 1 << 6):
            try:
                while True:
                    hoard.append(bytearray(size))
            except MemoryError:
                pass
    await asyncio.sleep(100)

asyncio.run(main())
"""


class Scene(NamedTuple):
    watchdog: Watchdog
    codes: list[int]
    note: Path
    pipe: int
    writer_is_dead: list[bool]

    def said(self) -> str:
        return os.read(self.pipe, 100_000).decode()

    async def look(self, times: int = 1, step: float = 1.0) -> None:
        """Look so often, letting the loop run in between."""
        for _ in range(times):
            self.watchdog.look(step)
            await settle()


@pytest.fixture
async def scene(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Scene]:
    read, write = os.pipe()
    codes: list[int] = []
    dead: list[bool] = []
    note = tmp_path / "sage.exit"
    words = LastWords(bot_name="sage", clock=clock, note=note, descriptor=write)
    watchdog = Watchdog(
        limit=60.0,
        clock=clock,
        last_words=words,
        writer_is_dead=lambda: bool(dead),
        end=codes.append,
    )
    yield Scene(watchdog, codes, note, read, dead)
    os.close(read)
    os.close(write)


async def test_a_loop_that_runs_is_left_alone_for_a_day(scene: Scene) -> None:
    await scene.look(times=24 * 60)

    assert scene.codes == []


async def test_a_loop_that_stands_still_for_a_minute_ends_the_process(scene: Scene) -> None:
    for _ in range(60):
        scene.watchdog.look(1.0)
    assert scene.codes == []
    scene.watchdog.look(1.0)

    assert scene.codes == [70]
    line, stacks = scene.said().split("\n", 1)
    assert json.loads(line)["event"] == "ended_by_watchdog"
    assert json.loads(line)["exit_code"] == 70
    assert "test_watchdog.py" in stacks
    assert json.loads(scene.note.read_text())["error"] == "The event loop stood still for 60 s."


async def test_one_tick_is_enough_to_begin_again(scene: Scene) -> None:
    for _ in range(59):
        scene.watchdog.look(1.0)
    await settle()
    for _ in range(59):
        scene.watchdog.look(1.0)

    assert scene.codes == []


@pytest.mark.parametrize("away", [61.0, 3600.0, 86_400.0])
async def test_a_stopped_process_is_not_ended_when_it_goes_on(scene: Scene, away: float) -> None:
    """After SIGCONT, or a night with the lid closed, this thread may run before the loop does."""
    scene.watchdog.look(1.0)
    scene.watchdog.look(away)
    scene.watchdog.look(1.0)
    await settle()
    await scene.look(times=10)

    assert scene.codes == []


async def test_a_loop_that_stood_still_before_a_stop_still_ends(scene: Scene) -> None:
    for _ in range(50):
        scene.watchdog.look(1.0)
    scene.watchdog.look(3600.0)
    for _ in range(10):
        scene.watchdog.look(1.0)

    assert scene.codes[:1] == [70]


async def test_a_dead_writer_ends_the_process_with_one_line(scene: Scene) -> None:
    await scene.look()
    scene.writer_is_dead.append(True)
    await scene.look()

    assert scene.codes == [1]
    (line,) = scene.said().splitlines()
    assert "the process cannot go on" in json.loads(line)["error"]


async def test_the_longest_wait_of_a_tick_is_the_lag(scene: Scene, clock: FakeClock) -> None:
    for seconds in (0.001, 0.25, 0.01):
        scene.watchdog.look(1.0)
        clock.tick(seconds)
        await settle()

    assert scene.watchdog.take_lag() == pytest.approx(0.25)
    assert scene.watchdog.take_lag() == 0.0


async def test_a_pipe_that_nobody_reads_does_not_hold_up_the_end(scene: Scene) -> None:
    os.set_blocking(scene.pipe, False)
    writer = scene.watchdog._last_words.descriptor
    os.set_blocking(writer, False)
    while True:
        try:
            os.write(writer, b"x" * 65536)
        except BlockingIOError:
            break
    os.set_blocking(writer, True)
    for _ in range(61):
        scene.watchdog.look(1.0)

    assert scene.codes == [70]


def test_a_countdown_counts_no_step_for_more_than_two_seconds() -> None:
    countdown = Countdown(5.0)

    assert [countdown.is_over(step) for step in (100.0, 1.0, 1.0, 1.0)] == [False] * 3 + [True]


def run(note: Path, how: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", BLOCKED, str(note), how],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_real_process_with_a_blocked_loop_ends_with_70_and_says_where(tmp_path: Path) -> None:
    done = run(tmp_path / "sage.exit", "blocked")

    assert done.returncode == 70
    line, stacks = done.stdout.split("\n", 1)
    assert json.loads(line)["bot"] == "sage"
    assert "in main" in stacks
    assert json.loads((tmp_path / "sage.exit").read_text())["exit_code"] == 70


def test_a_real_process_that_keeps_pythons_lock_is_ended_by_the_kernel(tmp_path: Path) -> None:
    """A regular expression that never ends lets no other thread run, the watchdog neither."""
    done = run(tmp_path / "sage.exit", "hogging")

    assert done.returncode < 0
    assert "in main" in done.stdout


def test_a_real_process_whose_writer_died_ends_with_1(tmp_path: Path) -> None:
    done = run(tmp_path / "sage.exit", "dead")

    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1


def test_a_real_process_without_memory_ends_with_1(tmp_path: Path) -> None:
    done = run(tmp_path / "sage.exit", "starving")

    assert done.returncode == 1, done.stderr
