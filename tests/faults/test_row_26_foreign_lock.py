"""Row 26: somebody else holds the database's write lock. Bots wait, none ends, nothing is lost."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

from multibot.home import Home
from multibot.store.status import read_statuses
from tests.faults import book, crowd, witness
from tests.faults.by_hand import ByHand
from tests.faults.witness import Asked
from tests.process.fleet import pause, until

BOTS = book.times(5, 2)
TIMES = book.times(3, 1)
HELD_SECONDS = book.times(30, 7)
PER_SECOND = 2
FRIENDS = ("ada", "grace", "linus")
# A shell that somebody left open in the middle of a change: it knows nothing of our turnstile.
FOREIGN = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA busy_timeout = 30000")
database.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.readline()
database.execute("ROLLBACK")
"""


@contextlib.asynccontextmanager
async def foreign_lock(home: Home) -> AsyncIterator[None]:
    """Hold the write lock from a process of its own."""
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", FOREIGN, str(home.database)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    try:
        assert await holder.stdout.readline() == b"held\n"
        yield
        await holder.communicate(b"\n")
        assert holder.returncode == 0
    finally:
        if holder.returncode is None:
            holder.kill()


async def talk(fleet: ByHand, asked: list[Asked], seconds: float) -> None:
    """Go on as people do who know nothing of databases."""
    for number in range(int(seconds * PER_SECOND)):
        bot = fleet.bots[number % len(fleet.bots)]
        place = f"#room-{bot}" if number % 3 else f"@{bot}"
        posted = await fleet.say(place, FRIENDS[number % len(FRIENDS)], "What is a good life?")
        asked.append(Asked(posted["id"], posted["channel_id"], bot))
        await pause(1 / PER_SECOND)


def degraded(home: Home) -> list[str]:
    """Name the bots of which `multibot status` says that they cannot write."""
    return [bot for bot, row in read_statuses(home.database).items() if row.state == "degraded"]


@pytest.mark.slow
@pytest.mark.timeout(book.times(900, 120))
async def test_bots_wait_for_a_foreign_lock_and_lose_nothing(home: Home) -> None:
    asked: list[Asked] = []
    seconds: list[float] = []
    loop = asyncio.get_running_loop()
    async with ByHand(home, world=crowd.world(), count=BOTS) as fleet:
        await fleet.start_all()
        before = fleet.pids()
        for _ in range(TIMES):
            async with foreign_lock(home):
                await talk(fleet, asked, HELD_SECONDS)
            began = loop.time()
            await until(lambda: len(degraded(home)) >= book.times(BOTS, 1), "told so", 30)
            await until(lambda: not witness.unsettled(home, asked), "every message settled", 120)
            seconds.append(loop.time() - began)
        ended = {bot: each.returncode for bot, each in fleet.processes.items()}
        if book.FULL:
            await until(lambda: fleet.pids() == before, "every bot ready again", 60)
            assert "the store could not be written for" in await fleet.multibot("incidents")
        verdict = witness.judge(fleet.world, asked, await fleet.received())

    assert ended == dict.fromkeys(fleet.bots)
    assert verdict.duplicates == []
    assert verdict.lost == []
    book.note(
        book.Entry(
            row=26,
            fault="write lock held by a foreign process",
            count=TIMES,
            unit=f"times {HELD_SECONDS} s",
            result=f"no bot ended; {verdict.answered} of {verdict.asked} messages answered once",
            figures={"bots": BOTS, "all answered after s": round(max(seconds), 1)},
        )
    )
