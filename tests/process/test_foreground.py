"""`up --foreground`: one process to signal, nothing left behind."""

import os
import pty
import shutil
import signal
import subprocess
import time

import pytest

from tests.process.stand import NAMES, Stand, eventually


def started(stand: Stand) -> "subprocess.Popen[str]":
    process = stand.start("up", "--foreground")
    assert eventually(lambda: set(NAMES) == set(stand.statuses()) and ready(stand))
    return process


def ready(stand: Stand) -> bool:
    return {bot["state"] for bot in stand.statuses().values()} == {"ready"}


def test_sigterm_stops_all_bots_at_once_and_exits_0(stand: Stand) -> None:
    """Each bot drains for 3 s; one after the other would be 9 s."""
    for name in NAMES:
        stand.plan(name, drain=3)
    with started(stand) as process:
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        taken = time.monotonic() - begun

    assert process.returncode == 0
    assert taken < 8
    assert stand.survivors() == []
    assert not stand.home.socket.exists()
    assert not stand.home.supervisord_pid.exists()


def test_a_background_up_updates_a_foreground_fleet_and_down_ends_it(stand: Stand) -> None:
    with started(stand) as process:
        update = stand.run("up")
        refused = stand.run("up", "--foreground")
        down = stand.run("down")
        process.communicate(timeout=60)

    assert update.stdout == "nothing to do: logic, sage and spark unchanged\n"
    assert refused.returncode == 75
    assert down.returncode == 0
    assert process.returncode == 0


def test_sigterm_ends_all_also_when_its_home_is_gone(stand: Stand) -> None:
    with started(stand) as process:
        shutil.rmtree(stand.home.data)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)

    assert process.returncode == 0
    assert eventually(lambda: not stand.survivors())


@pytest.mark.parametrize("closed_early", [True, False])
def test_sigterm_ends_all_also_when_nobody_reads_its_output(
    stand: Stand, *, closed_early: bool
) -> None:
    """supervisord writes to the same terminal or pipe."""
    process = stand.start("up", "--foreground")
    assert process.stdout is not None
    assert process.stderr is not None
    if closed_early:
        process.stdout.close()
        process.stderr.close()
    assert eventually(lambda: set(NAMES) == set(stand.statuses()) and ready(stand))
    process.stdout.close()
    process.stderr.close()

    process.send_signal(signal.SIGTERM)

    assert process.wait(60) == 0
    assert eventually(lambda: not stand.survivors() and not stand.control.alive())


def test_a_closed_terminal_ends_all(stand: Stand) -> None:
    """From then on each write to it is an error, also for supervisord."""
    pid, terminal = pty.fork()
    if pid == 0:
        program = [str(stand.bin / "python"), "-P", "-m", "multibot"]
        arguments = ["--home", str(stand.home.root), "up", "--foreground"]
        os.execve(program[0], program + arguments, stand.environment())  # noqa: S606 - ours
    assert eventually(lambda: ready(stand))

    os.close(terminal)

    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert eventually(lambda: not stand.survivors() and not stand.control.alive())


def test_a_supervisord_that_dies_ends_it_with_an_error(stand: Stand) -> None:
    with started(stand) as process:
        os.kill(stand.control.daemon().pid, signal.SIGKILL)
        _, err = process.communicate(timeout=60)

    assert process.returncode == 1
    assert "supervisord ended by itself" in err
    assert eventually(lambda: not stand.survivors())


def test_killed_without_mercy_it_leaves_nothing_behind(stand: Stand) -> None:
    with started(stand) as process:
        process.kill()
        process.communicate(timeout=60)

    assert eventually(lambda: not stand.survivors() and not stand.control.alive())
