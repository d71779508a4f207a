"""Row 31: the disk under the database reports errors. Nothing is acknowledged that is not there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from multibot.home import Home
from multibot.store.migrate import migrate
from tests.fakes import FakeClock
from tests.faults import accounts, book, crowd, nursery
from tests.faults.conftest import Needs
from tests.faults.nursery import Nursery
from tests.process.stand import eventually

RUNS = book.times(100, 6)
LANES = 3
MESSAGES = 40
SEED = 31
# Of a thousand calls so many fail: syncs, writes.
SHARES = ((300, 0), (0, 60), (150, 30), (700, 200))
ALWAYS = 1000


@pytest.fixture
def shim(needs: Needs, tmp_path: Path) -> Path:
    """Compile the library that makes fsync and write fail."""
    library = tmp_path / "failing.so"
    source = Path(__file__).with_name("failing.c")
    command = [needs.compiler(), "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
    subprocess.run(command, check=True)
    return library


@pytest.fixture
def pattern(home: Home, clock: FakeClock) -> Path:
    """Make the database that every run begins with."""
    migrate(home, clock)
    return home.database


def fresh(pattern: Path, folder: Path) -> Home:
    home = Home(folder)
    home.data.mkdir(parents=True)
    shutil.copy(pattern, home.database)
    return home


def require_sound(home: Home, log: Path) -> int:
    """Compare the log with the file; return how many writes are there that were refused."""
    noted, found = accounts.acknowledged(log), accounts.stored(home.database, "sage")
    assert noted - found == set()
    assert accounts.is_whole(home.database, "integrity_check")
    assert accounts.halves(home.database) == [0] * len(accounts.HALVES)
    return len(found - noted)


def go_on(writers: Nursery, home: Home, log: Path) -> None:
    """Write with a disk that is in order again."""
    writers.start(act="write", home=home.root, bot="spark", log=log, lanes=1, count=2).wait()
    assert len(accounts.acknowledged(log)) == 2 * len(accounts.EVIDENCE)
    assert accounts.refusals(log) == 0


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_errors_of_the_disk_lose_nothing_that_was_acknowledged(
    shim: Path, pattern: Path, tmp_path: Path
) -> None:
    dice = crowd.dice(SEED)
    refused = unasked = acknowledged = 0
    with nursery.opened({**os.environ, "LD_PRELOAD": str(shim)}) as writers:
        for run in range(RUNS):
            home = fresh(pattern, tmp_path / str(run))
            log, later = home.root / "log", home.root / "later"
            order = {"act": "write", "home": home.root, "bot": "sage", "lanes": LANES}
            failing = (*SHARES[run % len(SHARES)], dice.randrange(1, 2**31))
            child = writers.start(**order, log=log, count=MESSAGES, failing=failing)
            if run % 2:
                assert eventually(log.exists)
                eventually(lambda: False, dice.uniform(0.0, 0.3))
                child.kill()
            child.wait()
            unasked += require_sound(home, log)
            refused += accounts.refusals(log)
            acknowledged += len(accounts.acknowledged(log))
            go_on(writers, home, later)
            require_sound(home, log)
    assert refused > RUNS
    assert acknowledged > RUNS
    book.note(
        book.Entry(
            row=31,
            fault="fsync and write report EIO",
            count=RUNS,
            unit="runs",
            result="acknowledged = present, integrity ok, writes go on afterwards",
            seed=SEED,
            figures={
                "acknowledged writes": acknowledged,
                "refused": refused,
                "refused and there all the same": unasked,
            },
        )
    )


def test_without_a_sync_nothing_hard_is_acknowledged(
    shim: Path, pattern: Path, tmp_path: Path
) -> None:
    """The proof that a hard write waits for its sync, on which row 28 relies."""
    home = fresh(pattern, tmp_path / "never")
    log = home.root / "log"
    with nursery.opened({**os.environ, "LD_PRELOAD": str(shim)}) as writers:
        child = writers.start(
            act="write",
            home=home.root,
            bot="sage",
            log=log,
            lanes=1,
            count=10,
            failing=(ALWAYS, 0, 1),
        )
        child.wait()

    assert accounts.refusals(log) == 10
    assert accounts.acknowledged(log) == set()
