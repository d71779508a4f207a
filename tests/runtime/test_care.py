import asyncio
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from multibot.errors import LockHeldError, PermanentError, StoreUnavailableError, TokenError
from multibot.home import Home
from multibot.runtime import care
from tests.fakes import FakeClock

HOLD = """
import sys
from pathlib import Path
from multibot.runtime import care
lock = care.LifeLock(Path(sys.argv[1])).take()
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "sage.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def test_a_second_process_is_refused_and_told_the_pid(
    tmp_path: Path, holder: "subprocess.Popen[str]"
) -> None:
    try:
        with pytest.raises(LockHeldError, match=f"already runs as pid {holder.pid}") as caught:
            care.LifeLock(tmp_path / "sage.lock").take()
    finally:
        end(holder)
    assert caught.value.exit_code == 75


def test_kill_9_of_the_holder_frees_the_lock(
    tmp_path: Path, holder: "subprocess.Popen[str]"
) -> None:
    end(holder)
    lock = care.LifeLock(tmp_path / "sage.lock").take()

    assert lock.held
    assert (tmp_path / "sage.lock").read_text() == f"{os.getpid()}\n"
    lock.release()
    assert not lock.held


async def test_a_waiting_process_gets_the_lock_when_it_is_free(
    tmp_path: Path, holder: "subprocess.Popen[str]", clock: FakeClock
) -> None:
    lock, note = care.LifeLock(tmp_path / "sage.lock"), tmp_path / "sage.exit"
    waiting = asyncio.create_task(lock.wait(clock, note))
    await clock.advance(5)
    assert not waiting.done()
    assert f"already runs as pid {holder.pid}" in json.loads(note.read_text())["error"]

    end(holder)
    await clock.advance(1)
    assert waiting.done()
    assert lock.held
    lock.release()


def test_the_reason_of_a_failed_start_is_left_for_status(tmp_path: Path) -> None:
    path = tmp_path / "run" / "sage.exit"
    care.note_exit(path, TokenError("Discord refuses the token (401)", remedy="Renew it."))

    body = json.loads(path.read_text())
    assert body["exit_code"] == 78
    assert body["error"] == "Discord refuses the token (401). Renew it."
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_note_that_cannot_be_left_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file where the folder should be")

    care.note_exit(tmp_path / "run" / "sage.exit", TokenError())

    assert (tmp_path / "run").read_text() == "a file where the folder should be"


def test_what_can_be_written_is_accepted_and_made(home: Home) -> None:
    care.require_writable(home, "sage")

    assert home.run.is_dir()


@pytest.mark.parametrize("broken", ["data", "data/run"])
def test_a_folder_that_cannot_be_written_is_refused_for_good(home: Home, broken: str) -> None:
    path = home.root / broken
    path.parent.mkdir(exist_ok=True)
    path.write_text("")

    with pytest.raises(PermanentError) as caught:
        care.require_writable(home, "sage")

    assert caught.value.exit_code == 78
    assert caught.value.where == str(path)


async def test_a_permanent_failure_outlives_startsecs(clock: FakeClock) -> None:
    staying = asyncio.create_task(care.outlive(clock, clock.monotonic() - 0.2, TokenError()))
    await clock.advance(1.0)
    assert not staying.done()
    await clock.advance(0.2)
    assert staying.done()


async def test_a_passing_failure_pauses_so_that_it_is_not_started_again_at_once(
    clock: FakeClock,
) -> None:
    error = StoreUnavailableError()
    staying = asyncio.create_task(care.outlive(clock, clock.monotonic(), error))
    await clock.advance(11)
    assert not staying.done()
    await clock.advance(0.5)
    assert staying.done()


async def test_a_failure_after_a_long_life_needs_no_pause(clock: FakeClock) -> None:
    clock.tick(60)

    await asyncio.wait_for(care.outlive(clock, 0, StoreUnavailableError()), 5)


async def test_a_goodbye_that_nobody_answers_is_not_waited_for() -> None:
    loop = asyncio.get_running_loop()
    never: asyncio.Future[None] = loop.create_future()

    await asyncio.wait_for(care.until(loop.time() + 0.01, lambda: never), 5)

    assert never.cancelled()


async def test_a_goodbye_whose_time_is_over_is_begun_all_the_same() -> None:
    said: list[str] = []

    async def say() -> None:
        said.append("goodbye")
        await asyncio.get_running_loop().create_future()

    await asyncio.wait_for(care.until(0.0, say), 5)

    assert said == ["goodbye"]


def test_an_orphan_ends_itself(tmp_path: Path) -> None:
    script = f"from multibot.runtime import care; care.die_with_parent({os.getpid() + 100000})"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=False)

    assert done.returncode == -9


def test_the_parent_is_the_process_in_supervisords_pidfile(tmp_path: Path) -> None:
    pidfile = tmp_path / "supervisord.pid"
    pidfile.write_text("4711\n")

    assert care.supervisor_pid(pidfile) == 4711


@pytest.mark.parametrize("content", [None, "junk"])
@pytest.mark.parametrize(("parent", "spared"), [("supervisord", True), ("init", False)])
def test_without_a_pidfile_only_a_supervisord_may_be_the_parent(
    tmp_path: Path, content: str | None, parent: str, *, spared: bool
) -> None:
    """It removes the file when it ends; a bot it started last must not take init for it."""
    pidfile = tmp_path / "supervisord.pid"
    if content is not None:
        pidfile.write_text(content)
    ask = (
        "import os, pathlib\n"
        "from multibot.runtime import care\n"
        f"print(care.supervisor_pid(pathlib.Path({str(pidfile)!r})) == os.getppid())"
    )
    # What is asked must not itself put the word into the parent's command line.
    start = "import os, subprocess, sys; subprocess.run([sys.executable, '-c', os.environ['ASK']])"

    told = subprocess.run(
        [sys.executable, "-c", start, parent],
        env={**os.environ, "ASK": ask},
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout == f"{spared}\n"


def test_garbage_is_looked_for_but_not_among_what_was_there() -> None:
    script = (
        "import gc; gc.disable()\n"
        "from multibot.runtime import care\n"
        "care.look_for_garbage()\n"
        "print(gc.isenabled(), gc.get_freeze_count() > 10_000, len(gc.get_objects()) < 100)"
    )

    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)

    assert done.stdout.split() == [b"True", b"True", b"True"]
