"""Row 8: supervisord is killed, at any moment of its life.

No bot outlives it by more than 2 s, no bot ever runs twice, and no message is lost.
"""

import asyncio
import collections
import contextlib
from collections.abc import Iterator

import pytest

from multibot.home import Home
from multibot.supervise.control import Control
from tests.faults import book, crowd, witness
from tests.faults.crowd import Crowd, bots_of
from tests.faults.witness import Asked
from tests.process.fleet import pause, until

BOTS = book.times(3, 2)
KILLS = book.times(100, 2)
SEED = 8
# A machine that is busy with other tests may take longer to let a process run at all.
ORPHAN_SECONDS = 2.0 if book.FULL else 10.0
LONGEST_LIFE = 3.0


async def look_for_twins(home: Home, twins: list[dict[int, str]]) -> None:
    """Note every moment in which one bot has two processes."""
    while True:
        seen = await asyncio.to_thread(bots_of, home)
        if any(count > 1 for count in collections.Counter(seen.values()).values()):
            twins.append(seen)
        await pause(0.1)


@contextlib.contextmanager
def looking(home: Home, twins: list[dict[int, str]]) -> Iterator[None]:
    task = asyncio.create_task(look_for_twins(home, twins))
    yield
    task.cancel()
    if task.done():
        task.result()


async def kill_and_wait(home: Home) -> float:
    """Kill supervisord; return how long the last bot outlived it."""
    daemon = await asyncio.to_thread(Control(home).daemon)
    assert crowd.kill(daemon.pid)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await until(lambda: not bots_of(home), "no orphan left", ORPHAN_SECONDS)
    return loop.time() - began


@pytest.mark.slow
@pytest.mark.timeout(book.times(3600, 120))
async def test_no_bot_outlives_its_supervisord_and_none_runs_twice(home: Home) -> None:
    dice = crowd.dice(SEED)
    asked: list[Asked] = []
    twins: list[dict[int, str]] = []
    outlived: list[float] = []
    async with Crowd(home, world=crowd.world(), count=BOTS) as fleet:
        await fleet.multibot("up")
        assert sorted(bots_of(home).values()) == list(fleet.bots)
        with looking(home, twins):
            for number in range(KILLS):
                bot = fleet.bots[number % BOTS]
                posted = await fleet.say(f"#room-{bot}", "ada", "What is a good life?")
                asked.append(Asked(posted["id"], posted["channel_id"], bot))
                outlived.append(await kill_and_wait(home))
                await fleet.multibot("up", "--no-wait")
                await pause(dice.uniform(0, LONGEST_LIFE))
            await until(lambda: not witness.unsettled(home, asked), "every message settled")
        verdict = witness.judge(fleet.world, asked, await fleet.received())

    assert twins == []
    assert bots_of(home) == {}
    assert verdict.duplicates == []
    assert verdict.lost == []
    book.note(
        book.Entry(
            row=8,
            fault="supervisord killed with kill -9",
            count=KILLS,
            unit="kills",
            result=f"0 orphans after {ORPHAN_SECONDS:g} s, 0 second copies;"
            f" {verdict.answered} of {verdict.asked} messages answered once",
            seed=SEED,
            figures={"bots": BOTS, "longest orphan s": round(max(outlived), 2)},
        )
    )
