"""What supervisord inherits, who may change a fleet, and how its starts are counted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from multibot.errors import LockHeldError, PermanentError
from multibot.home import Home
from multibot.supervise import daemon, restarts
from multibot.supervise.daemon import Daemon
from multibot.supervise.lock import ChangeLock
from tests.fakes import FakeClock
from tests.supervise.fake_control import patience


def test_only_listed_variables_are_inherited_and_our_programs_come_first() -> None:
    environ = {
        "DISCORD_TOKEN_SAGE": "sandbox-token-one",
        "MULTIBOT_HOME": "/x",
        "OPENAI_API_KEY": "sandbox-key",
        "PYTHONWARNINGS": "error",
        "PATH": "/usr/bin",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "https_proxy": "http://localhost:1",
    }

    assert daemon.environment(environ, Path("/venv/bin")) == {
        "PATH": "/venv/bin:/usr/bin",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "https_proxy": "http://localhost:1",
    }
    assert daemon.environment({}, Path("/venv/bin"))["PATH"].startswith("/venv/bin:")


def test_our_own_programs_are_beside_our_python() -> None:
    assert daemon.own_bin() == Path(sys.executable).parent


def test_without_a_multibot_program_nothing_is_started(home: Home, clock: FakeClock) -> None:
    with pytest.raises(PermanentError, match="no multibot program here"):
        Daemon(home, {}, home.root).start(patience(clock))


def test_a_supervisord_that_refuses_to_start_says_why(home: Home, clock: FakeClock) -> None:
    (home.root / "multibot").touch()
    home.supervisord_conf.write_text("[nothing]\n")

    with pytest.raises(PermanentError, match="does not include supervisord section"):
        Daemon(home, os.environ, home.root).start(patience(clock))


def test_a_process_is_gone_when_it_has_ended_even_if_nobody_collected_it() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert not daemon.is_gone(child.pid)
    assert child.stdin is not None
    child.stdin.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    assert daemon.is_gone(child.pid)
    child.wait()
    assert daemon.is_gone(child.pid)


def test_a_second_command_that_changes_the_fleet_is_refused(home: Home) -> None:
    home.run.mkdir(parents=True)
    with ChangeLock(home):
        for shared in (False, True):
            with (
                pytest.raises(LockHeldError, match="another multibot command"),
                ChangeLock(home, shared=shared),
            ):
                pass
    with ChangeLock(home):
        pass


def test_bots_may_be_stopped_while_an_up_only_watches(home: Home) -> None:
    home.run.mkdir(parents=True)
    with ChangeLock(home) as watching:
        watching.share()
        with ChangeLock(home, shared=True), pytest.raises(LockHeldError), ChangeLock(home):
            pass
        watching.release()
        with ChangeLock(home):
            pass


BEGUN = "2026-01-01 12:00:00,000 INFO supervisord started with pid {}\n"
SPAWNED = "2026-01-01 12:00:01,000 INFO spawned: '{}' with pid 9\n"


def test_starts_after_the_first_are_counted_since_this_supervisord_began(tmp_path: Path) -> None:
    log = tmp_path / "supervisord.log"
    log.write_text(
        BEGUN.format(5)
        + SPAWNED.format("sage") * 9
        + BEGUN.format(6)
        + SPAWNED.format("sage") * 3
        + SPAWNED.format("spark")
        + "2026-01-01 12:00:02,000 INFO exited: sage (exit status 1; not expected)\n"
    )

    assert restarts.count(log, 6) == {"sage": 2, "spark": 0}


def test_the_count_goes_on_in_rotated_parts(tmp_path: Path) -> None:
    log = tmp_path / "supervisord.log"
    log.write_text(SPAWNED.format("sage"))
    log.with_name("supervisord.log.1").write_text(SPAWNED.format("sage") * 2)
    log.with_name("supervisord.log.2").write_text(
        SPAWNED.format("sage") + BEGUN.format(6) + SPAWNED.format("sage")
    )
    log.with_name("supervisord.log.3").write_text(SPAWNED.format("sage"))

    assert restarts.count(log, 6) == {"sage": 3}


def test_without_a_log_nothing_is_counted(tmp_path: Path) -> None:
    assert restarts.count(tmp_path / "supervisord.log", 6) == {}
