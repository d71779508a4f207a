"""Row 5: a bot whose loop hangs does not heed SIGTERM. It is killed after its time, none is left."""

import asyncio

import pytest

from multibot.home import Home
from multibot.supervise.programs import STOP_WAIT, Program
from tests.faults import book, crowd, hanging
from tests.faults.crowd import Crowd, bots_of
from tests.process.fleet import until

BOTS = book.times(6, 2)
# supervisord's patience, shortened where there is no time for it.
WAIT = book.times(STOP_WAIT, 2)


async def hang(fleet: Crowd, bot: str, how: str) -> None:
    await fleet.say(f"#room-{bot}", "ada", how)
    mark = fleet.home.root / "hung" / bot
    await until(mark.exists, f"{bot} hangs")


@pytest.mark.slow
@pytest.mark.timeout(book.times(300, 120))
async def test_a_bot_that_hangs_is_killed_when_its_time_to_stop_is_over(home: Home) -> None:
    loop = asyncio.get_running_loop()
    with hanging.program(home) as folder:
        async with Crowd(home, world=crowd.world(), count=BOTS) as fleet:
            await hanging.start(home, folder, *(Program(bot, WAIT) for bot in fleet.bots))
            await until(lambda: len(fleet.pids()) == BOTS, "every bot ready")
            for number, bot in enumerate(fleet.bots):
                await hang(fleet, bot, hanging.HOG if number == 1 else hanging.SLEEP)
            pids = set(bots_of(home))
            began = loop.time()
            output = await fleet.multibot("down")
            seconds = loop.time() - began
        log = home.supervisord_log.read_text(encoding="utf-8")

    assert output.splitlines() == [*(f"{bot} stopped" for bot in fleet.bots), "supervisord stopped"]
    assert log.count("with SIGKILL") == BOTS
    assert log.count("terminated by SIGKILL") == BOTS
    assert seconds >= WAIT
    assert len(pids) == BOTS
    assert bots_of(home) == {}
    book.note(
        book.Entry(
            row=5,
            fault="SIGTERM ignored by a hung bot",
            count=BOTS,
            unit="bots at once",
            result="each killed with kill -9 when its time was over, 0 left",
            figures={"its time s": WAIT, "until all were gone s": round(seconds, 1)},
        )
    )
