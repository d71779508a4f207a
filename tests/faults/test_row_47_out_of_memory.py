"""Row 47: the kernel kills one bot for want of memory. It is back, and its neighbours go on."""

import asyncio
import re
from pathlib import Path

import pytest

from multibot.home import Home
from tests.faults import book, crowd, witness
from tests.faults.conftest import Needs
from tests.faults.crowd import Crowd, bots_of
from tests.faults.witness import Asked
from tests.process.fleet import pause, until

BOTS = book.times(5, 2)
KILLS = book.times(20, 1)
SEED = 47


async def say(fleet: Crowd, bot: str) -> Asked:
    posted = await fleet.say(f"#room-{bot}", "ada", "What is a good life?")
    return Asked(posted["id"], posted["channel_id"], bot)


async def starve(fleet: Crowd, bot: str, group: Path) -> list[Asked]:
    """Give a bot no more memory, and talk to everybody until it is killed."""
    pid = await asyncio.to_thread(fleet.process_of, bot)
    (group / "cgroup.procs").write_text(str(pid))
    asked: list[Asked] = []
    while pid in bots_of(fleet.home) and len(asked) < 1000:
        asked += [await say(fleet, each) for each in fleet.bots]
        await pause()
    await until(lambda: fleet.is_ready(bot, not_pid=pid), f"{bot} back")
    return asked


@pytest.mark.slow
@pytest.mark.timeout(book.times(900, 120))
async def test_one_bot_without_memory_harms_nobody_else(home: Home, needs: Needs) -> None:
    dice = crowd.dice(SEED)
    asked: list[Asked] = []
    group = needs.memory_group()
    try:
        async with Crowd(home, world=crowd.world(), count=BOTS) as fleet:
            await fleet.multibot("up")
            for _ in range(KILLS):
                victim = dice.choice(fleet.bots)
                before = fleet.pids()
                asked += await starve(fleet, victim, group)
                after = fleet.pids()
                assert after.pop(victim) != before.pop(victim)
                assert after == before, "the neighbours were not restarted"
            await until(lambda: not witness.unsettled(home, asked), "every message settled")
            log = home.supervisord_log.read_text(encoding="utf-8")
            verdict = witness.judge(fleet.world, asked, await fleet.received())
    finally:
        group.rmdir()

    ends = re.findall(r"exited: \S+ \((.*?);", log)
    assert ends[:KILLS] == ["terminated by SIGKILL"] * KILLS
    assert verdict.duplicates == []
    assert verdict.lost == []
    book.note(
        book.Entry(
            row=47,
            fault="bot killed by the kernel for want of memory",
            count=KILLS,
            unit="kills",
            result=f"neighbours 0 restarts; {verdict.answered} of {verdict.asked} messages"
            " answered once",
            seed=SEED,
            figures={"bots": BOTS},
        )
    )
