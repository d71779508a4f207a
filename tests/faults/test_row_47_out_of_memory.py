"""Row 47: one bot gets no more memory. It ends and is back, and its neighbours go on."""

import asyncio
import re
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from multibot.home import Home
from tests.faults import book, crowd, witness
from tests.faults.conftest import Needs
from tests.faults.crowd import Crowd, bots_of
from tests.faults.witness import Asked
from tests.process.fleet import pause, until

BOTS = book.times(5, 2)
TIMES = book.times(20, 1)
SEED = 47


async def say(fleet: Crowd, bot: str) -> Asked:
    posted = await fleet.say(f"#room-{bot}", "ada", "What is a good life?")
    return Asked(posted["id"], posted["channel_id"], bot)


async def starve(fleet: Crowd, bot: str, take: Callable[[int], None]) -> list[Asked]:
    """Give a bot no more memory, and talk to everybody until it has ended and is back."""
    pid = await asyncio.to_thread(fleet.process_of, bot)
    assert pid is not None
    take(pid)
    asked: list[Asked] = []
    while pid in bots_of(fleet.home) and len(asked) < 1000:
        asked += [await say(fleet, each) for each in fleet.bots]
        await pause()
    await until(lambda: fleet.is_ready(bot, not_pid=pid), f"{bot} back")
    return asked


def no_more_addresses(pid: int) -> None:
    """Let a process keep the memory it has: from now on Python gets none, and says MemoryError."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    (size,) = re.findall(r"VmSize:\s+(\d+) kB", status)
    resource.prlimit(pid, resource.RLIMIT_AS, (int(size) * 1024, int(size) * 1024))


async def harm_nobody_else(home: Home, fault: str, end: str, take: Callable[[int], None]) -> None:
    dice = crowd.dice(SEED)
    asked: list[Asked] = []
    async with Crowd(home, world=crowd.world(), count=BOTS) as fleet:
        await fleet.multibot("up")
        for _ in range(TIMES):
            victim = dice.choice(fleet.bots)
            before = fleet.pids()
            asked += await starve(fleet, victim, take)
            after = fleet.pids()
            assert after.pop(victim) != before.pop(victim)
            assert after == before, "the neighbours were not restarted"
        await until(lambda: not witness.unsettled(home, asked), "every message settled")
        log = home.supervisord_log.read_text(encoding="utf-8")
        verdict = witness.judge(fleet.world, asked, await fleet.received())

    assert re.findall(r"exited: \S+ \((.*?);", log)[:TIMES] == [end] * TIMES
    assert verdict.duplicates == []
    assert verdict.lost == []
    book.note(
        book.Entry(
            row=47,
            fault=fault,
            count=TIMES,
            unit="times",
            result=f"neighbours 0 restarts; {verdict.answered} of {verdict.asked} messages"
            " answered once",
            seed=SEED,
            figures={"bots": BOTS},
        )
    )


@pytest.mark.slow
@pytest.mark.timeout(book.times(900, 120))
async def test_a_bot_killed_by_the_kernel_harms_nobody_else(home: Home, needs: Needs) -> None:
    group = needs.memory_group()
    procs = group / "cgroup.procs"
    fault, end = "bot killed by the kernel for want of memory", "terminated by SIGKILL"

    def into_the_group(pid: int) -> None:
        procs.write_text(str(pid))

    try:
        await harm_nobody_else(home, fault, end, into_the_group)
    finally:
        group.rmdir()


@pytest.mark.slow
@pytest.mark.timeout(book.times(900, 120))
async def test_a_bot_that_is_refused_memory_harms_nobody_else(home: Home, needs: Needs) -> None:
    needs.linux()
    fault, end = "bot refused any more memory (RLIMIT_AS)", "exit status 1"
    await harm_nobody_else(home, fault, end, no_more_addresses)
