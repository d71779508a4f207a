"""What has to run all the time: its failure is said once, and ends the process."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import structlog.testing

from multibot.errors import ExitCode
from multibot.home import Home
from multibot.runtime.backlog import Arrival, Place
from multibot.runtime.catchup import CatchUp
from multibot.runtime.duties import Duties, DutyError
from tests.fakes import FakeClock, settle
from tests.runtime import absence, world


async def fail() -> None:
    raise ZeroDivisionError("by zero")


async def last() -> None:
    await asyncio.get_running_loop().create_future()


async def test_the_first_failure_is_the_one_that_counts() -> None:
    duties = Duties()
    with structlog.testing.capture_logs() as logged:
        tasks = {duties.begin("sweep", fail()), duties.begin("heartbeat", fail())}
        await asyncio.wait(tasks)
        await settle()

    assert duties.broken.is_set()
    with pytest.raises(DutyError, match=r"The sweep has failed: ZeroDivisionError\('by zero'\)"):
        duties.check()
    assert DutyError.exit_code is ExitCode.BUG
    assert [each["duty"] for each in logged] == ["sweep", "heartbeat"]


async def test_a_duty_may_end_and_may_be_cancelled() -> None:
    duties = Duties()
    task = duties.begin("sweep", last())
    await asyncio.wait({duties.begin("release", settle())})
    await settle()
    task.cancel()
    await asyncio.wait({task})
    await settle()

    assert not duties.broken.is_set()
    duties.check()


async def test_none_is_left_after_the_end() -> None:
    duties = Duties()
    task = duties.begin("sweep", last())
    await settle()
    await duties.end()

    assert task.cancelled()


async def test_a_catch_up_that_meets_a_bug_does_not_fall_silent(
    home: Home, clock: FakeClock
) -> None:
    class Broken:
        def history(self, place: Place, after: str) -> AsyncIterator[Arrival]:
            raise ZeroDivisionError

    past = absence.Past(clock)
    await absence.first_life(home, past, absence.LOUNGE)
    past.post(absence.LOUNGE, "missed")
    duties = Duties()
    async with world.cast(home, clock, world.bot("sage")) as (sage,):
        catchup = CatchUp(
            bot=sage.bot,
            store=sage.store,
            engine=sage.engine,
            source=Broken(),
            pulse=sage.pulse,
            clock=clock,
            duties=duties,
        )
        catchup.connected()
        catchup.listed(past.now(absence.LOUNGE))
        catchup.guilds_are_here()
        await world.finish_some(clock)
        catchup.stop()

    with pytest.raises(DutyError, match="The catch-up has failed"):
        duties.check()
