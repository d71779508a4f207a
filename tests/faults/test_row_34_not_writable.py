"""Row 34: the home cannot be written. Each command says so in a sentence with 78, none in a traceback."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from multibot.errors import ExitCode
from multibot.home import Home
from multibot.store.migrate import migrate
from tests.fakes import FakeClock
from tests.faults import book, disks
from tests.faults.conftest import Needs
from tests.unit.config import samples

NOBODY = 65534
# Nobody listens there: should anything start after all, it must not go looking for Discord.
NOWHERE = "http://127.0.0.1:9/api/v10"
# linux/prctl.h and linux/capability.h: with them root would write all the same.
PR_CAPBSET_DROP = 24
CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER = range(4)

UP, RUN, MIGRATE = ("up", "--no-wait"), ("run", "sage"), ("db", "migrate")
RENDER, STATUS = ("render",), ("status",)


def as_anybody() -> None:
    """Give up what lets root pass by owners and modes."""
    if os.geteuid() == 0:
        for capability in (CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER):
            ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def multibot(home: Home, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "multibot", "--home", str(home.root), *arguments],
        env={**os.environ, **samples.TOKENS, "MULTIBOT_DISCORD_API": NOWHERE},
        preexec_fn=as_anybody,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def fill(home: Home, clock: FakeClock) -> None:
    """Make a home as it is after a first `up`, database and all."""
    samples.write(home)
    migrate(home, clock)
    for folder in (home.run, home.logs, home.backups):
        folder.mkdir(mode=0o700)


def give_away(home: Home) -> None:
    """Let somebody else own what the fleet wrote, as after one start with sudo."""
    for path in (home.data, *home.data.rglob("*")):
        os.chown(path, NOBODY, NOBODY)


def close_data(home: Home) -> None:
    home.data.chmod(0o500)


def close_root(home: Home) -> None:
    home.root.chmod(0o500)


def close_database(home: Home) -> None:
    home.database.chmod(0o400)


def close_fleet_file(home: Home) -> None:
    home.fleet_file.chmod(0)


# What each of them hits. `up` puts right what belongs to its own user in data/ and need not refuse.
CLOSED = (
    (close_data, (RUN, MIGRATE)),
    (close_root, (UP, RENDER)),
    (close_database, (RUN,)),
    (close_fleet_file, (UP, RUN, RENDER)),
)


@pytest.fixture
def fleet(home: Home, clock: FakeClock) -> Iterator[Home]:
    """Make a home; whatever becomes of it, nothing of it runs afterwards."""
    fill(home, clock)
    yield home
    for folder in (home.root, home.data):
        folder.chmod(0o700)
    multibot(home, "down")


def require_refusal(home: Home, arguments: tuple[str, ...]) -> None:
    """Try a command: it has to say in one line what cannot be used, and what to do."""
    done = multibot(home, *arguments)

    told = done.stderr.strip().splitlines()
    assert done.returncode == ExitCode.PERMANENT, (arguments, done.stdout, told)
    assert str(home.root) in told[-1] or home.fleet_file.name in told[-1]
    assert any(word in told[-1] for word in ("Run ", "Make ", "Give ", "disk", "owner"))
    assert "Traceback" not in done.stdout + done.stderr


def require_clear_status(home: Home) -> None:
    """Look at it: that nothing runs is true whatever can be read."""
    done = multibot(home, *STATUS)

    assert done.returncode in {ExitCode.NOT_RUNNING, ExitCode.PERMANENT}, done.stderr
    assert done.stderr.startswith("multibot: ")
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(("close", "commands"), CLOSED)
def test_what_this_user_may_not_write_is_said(
    fleet: Home, close: Callable[[Home], None], commands: tuple[tuple[str, ...], ...]
) -> None:
    close(fleet)

    for arguments in commands:
        require_refusal(fleet, arguments)
    require_clear_status(fleet)


def test_what_belongs_to_somebody_else_is_said(fleet: Home, needs: Needs) -> None:
    needs.root()
    give_away(fleet)

    for arguments in (UP, RUN, MIGRATE):
        require_refusal(fleet, arguments)
    require_clear_status(fleet)
    os.chown(fleet.data, 0, 0)
    os.chown(fleet.run, 0, 0)


def test_a_disk_that_is_read_only_is_said(home: Home, clock: FakeClock, needs: Needs) -> None:
    needs.mounts()
    with disks.small(home.root, "8m"):
        fill(home, clock)
        disks.remount(home.root, "ro")
        for arguments in (UP, RUN, MIGRATE, RENDER):
            require_refusal(home, arguments)
        require_clear_status(home)
    book.note(
        book.Entry(
            row=34,
            fault="read-only disk, another owner, closed modes",
            count=sum(len(commands) + 1 for _, commands in CLOSED) + 9,
            unit="commands",
            result="78 and one line with the remedy (status: also 4, not running), 0 tracebacks",
        )
    )
