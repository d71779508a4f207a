"""Row 11: somebody starts a bot by hand that runs already. It is refused and never reaches Discord."""

import asyncio

import pytest

from multibot.home import Home
from tests.faults import book, crowd
from tests.faults.by_hand import ByHand

COPIES = book.times(100, 4)
AT_ONCE = 2
BOT = "bot00"


async def second_copy(fleet: ByHand) -> tuple[int | None, str]:
    process = await fleet.run(BOT)
    try:
        output, _ = await asyncio.wait_for(process.communicate(), 60)
    finally:
        if process.returncode is None:
            process.kill()
    return process.returncode, output.decode()


@pytest.mark.slow
@pytest.mark.timeout(book.times(1800, 120))
async def test_a_second_copy_ends_with_75_before_it_talks_to_discord(home: Home) -> None:
    refused: list[tuple[int | None, str]] = []
    async with ByHand(home, world=crowd.world(), count=1) as fleet:
        await fleet.start_all()
        pid = fleet.processes[BOT].pid
        traffic = fleet.world.traffic
        for _ in range(COPIES // AT_ONCE):
            refused += await asyncio.gather(*(second_copy(fleet) for _ in range(AT_ONCE)))
        logins = [
            each
            for each in traffic.requests(bot=None, after=0, limit=1000)
            if each["path"] == "/users/@me"
        ]
        (identify,) = traffic.connections(bot=None, after=0, limit=1000)
        assert fleet.pids() == {BOT: pid}, "the first one is as it was"

    assert [code for code, _ in refused] == [75] * COPIES
    assert all(f"already runs as pid {pid}" in output for _, output in refused)
    assert identify["what"] == "identify"
    assert len(logins) == 1
    book.note(
        book.Entry(
            row=11,
            fault="second copy of a bot started by hand",
            count=COPIES,
            unit="starts",
            result="each refused with exit 75; 1 login and 1 IDENTIFY in all",
        )
    )
