"""Row 6: a bot's event loop hangs. The watchdog ends it with 70, and the bot is back by itself.

One that keeps Python's lock while it hangs is ended by the kernel instead.
"""

import asyncio

import pytest

from multibot.home import Home
from multibot.supervise.programs import Program
from tests.faults import book, crowd, hanging, witness
from tests.faults.crowd import Crowd
from tests.faults.witness import Asked
from tests.process.fleet import until

SLEEPING = book.times(5, 1)
HOGGING = book.times(1, 0)
BOTS = SLEEPING + HOGGING
WATCHDOG = book.times(60, 2)
BACK_SECONDS = 75.0
# The kernel counts the processor time of one that hogs it, of which a busy machine gives it less.
HOG_BACK_SECONDS = 600.0


async def is_back(fleet: Crowd, bot: str, pid: int, how: str) -> float:
    """Wait until a bot is ready in another process; return how long that took."""
    began = asyncio.get_running_loop().time()
    patience = BACK_SECONDS if how == hanging.SLEEP else HOG_BACK_SECONDS
    await until(lambda: fleet.is_ready(bot, not_pid=pid), f"{bot} back", patience)
    return asyncio.get_running_loop().time() - began


@pytest.mark.slow
@pytest.mark.timeout(book.times(900, 120))
async def test_a_hung_bot_is_back_within_75_seconds_and_answers_what_it_hung_on(home: Home) -> None:
    settings = {"global_settings": {"watchdog_timeout": WATCHDOG}}
    asked: list[Asked] = []
    waits = []
    with hanging.program(home) as folder:
        async with Crowd(home, world=crowd.world(), count=BOTS, settings=settings) as fleet:
            await hanging.start(home, folder, *map(Program, fleet.bots))
            await until(lambda: len(fleet.pids()) == BOTS, "every bot ready")
            before = fleet.pids()
            for number, bot in enumerate(fleet.bots):
                how = hanging.SLEEP if number < SLEEPING else hanging.HOG
                posted = await fleet.say(f"#room-{bot}", "ada", how)
                asked.append(Asked(posted["id"], posted["channel_id"], bot))
                waits.append(is_back(fleet, bot, before[bot], how))
            seconds = await asyncio.gather(*waits)
            await until(lambda: not witness.unsettled(home, asked), "every message settled")
            log = home.supervisord_log.read_text(encoding="utf-8")
            incidents = await fleet.multibot("incidents")
        verdict = witness.judge(fleet.world, asked, list(fleet.world.received))

    assert log.count("(exit status 70; not expected)") == SLEEPING
    assert log.count("(terminated by SIGPROF") == HOGGING
    assert incidents.count("stood still") == SLEEPING, incidents
    assert verdict.duplicates == []
    assert verdict.lost == []
    book.note(
        book.Entry(
            row=6,
            fault="event loop hangs",
            count=BOTS,
            unit="bots",
            result=f"{SLEEPING} ended by the watchdog with 70, {HOGGING} (Python's lock kept) by the"
            " kernel; all back and every message answered once",
            figures={
                "watchdog s": WATCHDOG,
                "longest until back s": round(max(seconds[:SLEEPING]), 1),
                "until back by the kernel s": round(max(seconds[SLEEPING:], default=0), 1),
            },
        )
    )
