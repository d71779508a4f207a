"""Row 40: copies taken and put back under load, killed in the middle. None is half, none lacks anything."""

import contextlib
import functools
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from multibot.clock import SystemClock
from multibot.home import Home
from multibot.store.migrate import migrate
from tests.faults import accounts, book, crowd, nursery
from tests.faults.accounts import Step
from tests.faults.nursery import Child, Nursery
from tests.process.stand import eventually

BOTS = ("bot0", "bot1", "bot2")
LANES = 2
DRILLS = book.times(200, 4)
# The database grows with every drill: the writers begin anew now and then.
DRILLS_PER_FILE = 20
LONGEST_SECONDS = 0.15
SEED = 40


@contextlib.contextmanager
def writing(writers: Nursery, home: Home) -> Iterator[dict[str, Path]]:
    """Let every bot write without an end; give the logs of what was acknowledged."""
    logs = {bot: home.root / f"{bot}.log" for bot in BOTS}
    with contextlib.ExitStack() as ending:
        for bot, log in logs.items():
            order = {"act": "write", "home": home.root, "lanes": LANES, "count": 0}
            child = writers.start(**order, bot=bot, log=log)
            ending.callback(child.wait)
            ending.callback(child.kill)
        for log in logs.values():
            assert eventually(functools.partial(_began, log))
        yield logs


def _began(log: Path) -> bool:
    return any(step == "mark" for step, _ in accounts.acknowledged(log))


class Drill:
    """One file with its writers, and a second home into which its copies are put back."""

    def __init__(self, children: Nursery, folder: Path, seed: int) -> None:
        self._children = children
        self._dice = crowd.dice(seed)
        self.home, self.other = Home(folder / "home"), Home(folder / "other")
        for home in (self.home, self.other):
            migrate(home, SystemClock())
        self.kills = self.caught = self.acknowledged = 0

    def copy(self, logs: dict[str, Path], *, killed: bool) -> Path | None:
        """Take a backup; return it unless it was killed. It has all that was acknowledged before."""
        before = {bot: accounts.acknowledged(log) for bot, log in logs.items()}
        log = self.home.root / "backup.log"
        child = self._children.start(act="backup", home=self.home.root, log=log, keep=2)
        self._end(child, killed=killed)
        for path in self.home.backups.glob("*.db"):
            require_whole(path)
        if not log.exists():
            assert killed
            return None
        path = Path(json.loads(log.read_text())["done"])
        log.unlink()
        for bot, noted in before.items():
            require_all(path, bot, noted, logs[bot])
        assert accounts.halves(path) == [0] * len(accounts.HALVES)
        self.acknowledged += sum(map(len, before.values()))
        assert not list(self.home.backups.glob("*.partial*"))
        return path

    def put_back(self, copy: Path, *, killed: bool, bot: str = "") -> None:
        """Restore the copy in the other home, again after a kill; it is the old file or the new."""
        log = self.other.root / "restore.log"
        order = {"act": "restore", "home": self.other.root, "file": copy, "bot": bot, "log": log}
        before = said(self.other.database)
        self._end(self._children.start(**order), killed=killed)
        if not bot:
            assert said(self.other.database) in (before, said(copy))
        if not log.exists():
            assert killed
            self._end(self._children.start(**order), killed=False)
        log.unlink()
        after = said(self.other.database)
        for each in [bot] if bot else BOTS:
            assert after[each] == said(copy)[each]
        assert accounts.is_whole(self.other.database, "integrity_check")
        for kept in self.other.backups.glob("*.db"):
            require_whole(kept)
            kept.unlink()
        for rest in self.other.backups.iterdir():
            rest.unlink()
        assert not list(self.other.data.glob("*.partial*"))

    def _end(self, child: Child, *, killed: bool) -> None:
        if killed:
            eventually(lambda: False, self._dice.uniform(0.0, LONGEST_SECONDS))
            child.kill()
            self.kills += 1
        child.wait()
        halves = (home.data.glob("*/*.partial") for home in (self.home, self.other))
        rest = (home.data.glob("*.partial") for home in (self.home, self.other))
        self.caught += any(map(any, (*halves, *rest)))


def require_whole(copy: Path) -> None:
    """A copy that has its name is complete, and is what its manifest says."""
    told = json.loads(copy.with_suffix(".json").read_text())
    assert hashlib.sha256(copy.read_bytes()).hexdigest() == told["sha256"]
    assert accounts.is_whole(copy, "integrity_check")


def require_all(copy: Path, bot: str, before: set[Step], log: Path) -> None:
    """A copy is what was there at one moment after all this had been acknowledged."""
    there = accounts.stored(copy, bot)
    assert before - there == set()
    for step in ("begin", "mark"):
        numbers = {int(name) for each, name in there if each == step}
        assert missing(numbers) <= refused(log)


def missing(numbers: set[int]) -> set[int]:
    """Each lane goes through its messages one by one: none is missing before one that is there."""
    expected: set[int] = set()
    for lane in range(1, LANES + 1):
        own = {number for number in numbers if number % LANES == lane % LANES}
        expected.update(range(lane, max(own, default=0), LANES))
    return expected - numbers


def refused(log: Path) -> set[int]:
    """What the store would not take in time, on a machine that is too busy."""
    lines = (line.split() for line in log.read_text(encoding="ascii").splitlines())
    return {int(words[1]) for words in lines if words[0] == "refused"}


def said(database: Path) -> dict[str, set[Step]]:
    """What a file has of each bot's history."""
    return {
        bot: {each for each in accounts.stored(database, bot) if each[0] == "begin"} for bot in BOTS
    }


@pytest.mark.slow
@pytest.mark.timeout(book.times(3600, 120))
def test_every_copy_is_whole_and_can_be_put_back(tmp_path: Path) -> None:
    dice = crowd.dice(SEED)
    kills = caught = acknowledged = 0
    with nursery.opened() as children:
        for first in range(0, DRILLS, DRILLS_PER_FILE):
            drill = Drill(children, tmp_path / str(first), SEED + first)
            with writing(children, drill.home) as logs:
                for number in range(first, min(first + DRILLS_PER_FILE, DRILLS)):
                    copy = drill.copy(logs, killed=bool(number % 2))
                    copy = copy or drill.copy(logs, killed=False)
                    assert copy is not None
                    bot = dice.choice(BOTS) if number % 3 == 2 else ""
                    drill.put_back(copy, killed=bool(number // 2 % 2), bot=bot)
            kills += drill.kills
            caught += drill.caught
            acknowledged += drill.acknowledged
    book.note(
        book.Entry(
            row=40,
            fault="backup and restore under load, killed in the middle",
            count=DRILLS,
            unit="drills",
            result="no half copy, a prefix with all that was acknowledged before, integrity ok",
            seed=SEED,
            figures={
                "kills": kills,
                "that left an unfinished file": caught,
                "acknowledged writes looked for": acknowledged,
            },
        )
    )
