"""Row 30: the disk of the logs is full. The bots go on as if nothing were."""

import pytest

from multibot.home import Home
from tests.faults import book, crowd, disks, witness
from tests.faults.conftest import Needs
from tests.faults.crowd import Crowd
from tests.faults.witness import Asked
from tests.process.fleet import until

BOTS = book.times(10, 2)
MESSAGES = book.times(2000, 30)
AT_ONCE = 10


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_bots_do_not_care_about_a_full_log_disk(home: Home, needs: Needs) -> None:
    needs.mounts()
    asked: list[Asked] = []
    settings = {"logging": {"level": "DEBUG"}}
    with disks.small(home.logs, "256k"):
        async with Crowd(home, world=crowd.world(), count=BOTS, settings=settings) as fleet:
            await fleet.multibot("up")
            before = fleet.pids()
            disks.fill(home.logs)
            for number in range(MESSAGES):
                bot = fleet.bots[number % BOTS]
                posted = await fleet.say(f"#room-{bot}", f"user{number}", f"message {number}")
                asked.append(Asked(posted["id"], posted["channel_id"], bot))
                if number % AT_ONCE == 0:
                    await until(lambda: not witness.unsettled(home, asked), "answered so far")
            await until(lambda: not witness.unsettled(home, asked), "all answered")
            verdict = witness.judge(fleet.world, asked, await fleet.received())
            assert fleet.pids() == before
            assert await fleet.multibot("status")

    assert (verdict.lost, verdict.duplicates) == ([], [])
    book.note(
        book.Entry(
            row=30,
            fault="disk of the logs full",
            count=MESSAGES,
            unit="messages",
            result=f"{verdict.answered} answered once, 0 restarts",
            figures={"bots": BOTS},
        )
    )
