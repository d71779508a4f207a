"""A process that forgets somebody is killed with -9 in the middle: the housekeeper finishes it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from multibot.clock import to_text
from multibot.home import Home
from multibot.store import connection
from multibot.store.archive import checkpoint, forgetting, search
from multibot.store.archive.forget import Scope
from multibot.store.archive.shared import SharedFile
from multibot.store.connection import Turnstile
from multibot.store.transaction import Durability
from tests.fakes import FakeClock
from tests.runtime.chores import HOUR, Household, Leaping, configured, household, work
from tests.store.forgetful import (
    AL,
    BO,
    WORDS,
    content,
    grow,
    leave_remnants,
    naming,
    of_others,
    places,
    populated,
)
from tests.store.material import rows

TURNS = 600
NOTED = "SELECT count(*) FROM watermarks WHERE name <> 'search'"
LEFT = "SELECT count(*) FROM conversations WHERE user_id = ?"
ADD = """
INSERT INTO conversations (bot_name, channel_id, channel_name, channel_type, user_id, username,
    session_id, message_id, role, content, timestamp)
VALUES ('sage', '10', 'x', 'channel', ?, 'alfonso', 's1', ?, 'user', ?, ?)
"""


@pytest.fixture
def clock() -> Leaping:
    return Leaping()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return populated(Home(tmp_path))


@pytest.fixture
async def house(home: Home, clock: Leaping) -> AsyncIterator[Household]:
    async with household(home, clock) as made:
        yield made


def say(home: Home, clock: FakeClock, count: int) -> None:
    with closing(connection.open_writer(home.database)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        for number in range(count):
            text = f"{WORDS[0]} number {number}"
            writer.execute(ADD, (AL, f"{clock.now():%H%M%S}{number}", text, to_text(clock.now())))
        writer.execute("COMMIT")
    with SharedFile(home) as shared:
        while shared.write(search.fill):
            pass


def kill_in_the_middle(home: Home) -> None:
    """Run the command, and kill it once some of the rows are gone."""
    command = [sys.executable, "-m", "multibot", "--home", str(home.root)]
    forget = [*command, "forget", "--user", AL, "--yes"]
    before = rows(home.database, LEFT, AL)
    with subprocess.Popen(forget, stdout=subprocess.DEVNULL) as process:
        while rows(home.database, LEFT, AL) == before:
            assert process.poll() is None
        # From here on it cannot write: it is killed before the end whatever the machine does.
        with closing(Turnstile(home.database_lock)) as turn, turn:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()


async def keep_house(house: Household, clock: Leaping) -> None:
    keeper = await house.keeper(configured(house.home), "sage", only="forgetting")
    await work(keeper)
    clock.tick(HOUR.total_seconds())
    await work(keeper)


async def test_nothing_is_left_after_the_housekeeper_has_come(
    house: Household, clock: Leaping
) -> None:
    home = house.home
    others = {table: of_others(home)[table] for table in ("conversations", "inbox")}
    say(home, clock, TURNS)
    await asyncio.to_thread(kill_in_the_middle, home)
    (left,) = rows(home.database, LEFT, AL)[0]
    assert left > 0
    assert rows(home.database, NOTED) == [(1,)]

    await keep_house(house, clock)

    assert naming(content(home.database), AL, *WORDS) == set()
    assert rows(home.database, NOTED) == [(0,)]
    assert list(places(home.data, AL, *WORDS)) == []
    assert {table: of_others(home)[table] for table in others} == others
    assert ("forgetting", "1 finished") in {(run.task, run.detail) for run in house.upkeep.runs}


class KilledError(Exception):
    """The process is gone."""


def is_killed(home: Home, clock: FakeClock, writes: int) -> bool:
    """Forget until so many writes are done; say whether there were more to do."""
    left = iter(range(writes))

    def write(job: Callable[[Any], Any], durability: Durability) -> Any:
        if next(left, None) is None:
            raise KilledError
        return shared.write(job, durability)

    with SharedFile(home) as shared:
        try:
            forgetting.forget(home, Scope(user_id=AL, bot_name="sage"), clock, write)
        except KilledError:
            return True
    return False


@pytest.mark.parametrize("writes", [1, 2, 5, 8])
async def test_what_they_wrote_since_stays(house: Household, clock: Leaping, writes: int) -> None:
    clock.tick(HOUR.total_seconds())
    assert is_killed(house.home, clock, writes)
    clock.tick(1)
    say(house.home, clock, 2)

    await keep_house(house, clock)

    found = "SELECT content FROM conversations WHERE bot_name = 'sage' AND user_id = ?"
    assert rows(house.home.database, found, AL) == [
        (f"{WORDS[0]} number 0",),
        (f"{WORDS[0]} number 1",),
    ]
    assert rows(house.home.database, NOTED) == [(0,)]


async def test_one_that_came_to_its_end_leaves_nothing_to_do(
    house: Household, clock: Leaping
) -> None:
    assert not is_killed(house.home, clock, 1000)

    assert rows(house.home.database, NOTED) == [(0,)]
    await keep_house(house, clock)

    assert "forgetting" not in {run.task for run in house.upkeep.runs}


async def test_while_somebody_reads_for_long_it_is_not_complete(
    house: Household, clock: Leaping
) -> None:
    """What was removed is in the WAL until then, so somebody has to come again."""
    assert is_killed(house.home, clock, 5)
    with closing(connection.open_reader(house.home.database)) as reader:
        reader.execute("BEGIN").fetchall()
        reader.execute("SELECT count(*) FROM conversations").fetchall()
        keeper = await house.keeper(configured(house.home), "sage", only="forgetting")
        await work(keeper)
        clock.tick(HOUR.total_seconds())
        await work(keeper)
        assert rows(house.home.database, NOTED) == [(1,)]
        assert [run.task for run in house.upkeep.troubles] == ["forgetting"]
    clock.tick(HOUR.total_seconds())
    await work(keeper)

    assert rows(house.home.database, NOTED) == [(0,)]
    assert house.upkeep.troubles == ()
    assert naming(content(house.home.database), BO)


async def test_what_stays_in_unused_space_is_told_until_the_file_is_written_anew(
    house: Household, clock: Leaping
) -> None:
    home = house.home
    grow(home)
    leave_remnants(home, AL)
    with SharedFile(home) as shared:
        forgetting.forget(home, Scope(user_id=AL), clock, shared.write)
    for _ in range(2):
        await keep_house(house, clock)
        (run,) = house.upkeep.troubles
        assert (run.task, "`multibot forget --vacuum`" in run.trouble) == ("forgetting", True)
    assert AL not in str(content(home.database))

    checkpoint.rewrite(home)
    clock.tick(HOUR.total_seconds())
    await keep_house(house, clock)

    assert house.upkeep.troubles == ()
