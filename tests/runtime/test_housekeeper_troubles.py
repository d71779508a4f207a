"""What goes wrong while one bot looks after the file: told once, and the end of nothing else."""

import asyncio
from datetime import timedelta

import pytest
import structlog.testing

from multibot.errors import StoreUnavailableError
from multibot.runtime.housekeeper import Report
from multibot.store.archive import upkeep
from multibot.store.archive.upkeep import State
from multibot.store.incidents import Kind, recent
from tests.runtime.chores import (
    DAY,
    HOUR,
    MINUTE,
    Chore,
    Household,
    Leaping,
    until,
    work,
)


@pytest.fixture
def clock() -> Leaping:
    return Leaping()


async def test_a_failing_task_is_told_and_ends_nothing_else(
    house: Household, clock: Leaping
) -> None:
    bad = Chore("backup", clock, error=StoreUnavailableError("The disk is full."))
    good = Chore("cleaning", clock, Report(detail="3 decisions"))
    bot = house.bot("sage", [bad.every(DAY), good.every(HOUR)])
    with structlog.testing.capture_logs() as logged:
        for _ in range(12):
            await work(bot)
            clock.tick(5 * MINUTE.total_seconds())

    # Tried again after a quarter of an hour, not after a day; and not every time it might be.
    assert len(bad.ran) == 4
    assert len(good.ran) == 1
    failures = [each for each in logged if each["event"] == "upkeep_failed"]
    assert [each["log_level"] for each in failures] == ["error"] * 4
    (incident,) = recent(house.home.database, clock.now() - DAY)
    assert (incident.kind, incident.bot_name, incident.count) == ("upkeep", "sage", 4)
    assert incident.detail == "backup: not done: The disk is full."
    found = {run.task: run for run in house.upkeep.runs}
    assert found["backup"].state is State.FAILED
    assert found["cleaning"].detail == "3 decisions"
    assert [run.task for run in house.upkeep.troubles] == ["backup"]


async def test_what_is_well_again_is_no_trouble_any_more(house: Household, clock: Leaping) -> None:
    chore = Chore("check", clock, error=ZeroDivisionError("by zero"))
    bot = house.bot("sage", [chore.every(DAY)])
    for _ in range(2):
        await work(bot)
        clock.tick(HOUR.total_seconds())
    assert house.upkeep.troubles[0].trouble == "not done: by zero"
    chore.error = None
    await work(bot)

    assert house.upkeep.troubles == ()
    assert house.upkeep.runs[0].state is State.DONE


async def test_a_finding_that_stays_is_one_incident(house: Household, clock: Leaping) -> None:
    """A disk that is nearly full is looked at often; it is told of when it begins."""
    chore = Chore("size", clock, Report(trouble="3 MB are free", kind=Kind.SPACE))
    bot = house.bot("sage", [chore.every(5 * MINUTE)])
    for _ in range(40):
        await work(bot)
        clock.tick(5 * MINUTE.total_seconds())
    (incident,) = recent(house.home.database, clock.now() - DAY)
    assert (incident.kind, incident.count, incident.detail) == ("space", 1, "size: 3 MB are free")
    assert house.upkeep.troubles[0].trouble == "3 MB are free"
    chore.report = Report()
    await work(bot)
    assert house.upkeep.troubles == ()
    chore.report = Report(trouble="2 MB are free", kind=Kind.SPACE)
    clock.tick(HOUR.total_seconds())
    await work(bot)

    assert len(recent(house.home.database, clock.now() - DAY)) == 2


async def test_a_task_that_took_its_process_with_it_is_not_tried_at_once(
    house: Household, clock: Leaping
) -> None:
    """Else it would take one bot after the other."""
    chore = Chore("check", clock)
    store = house.store("dead")
    await store.writer.run(lambda writing: upkeep.begin(writing, "check", clock.now()))
    bot = house.bot("sage", [chore.every(DAY)])
    for _ in range(7):
        await work(bot)
        clock.tick(2 * MINUTE.total_seconds())
    assert chore.ran == []
    clock.tick(2 * MINUTE.total_seconds())
    await work(bot)

    assert len(chore.ran) == 1


async def test_a_task_that_may_take_its_process_with_it_says_so_before(
    house: Household, clock: Leaping
) -> None:
    chore = Chore("check", clock, gate=asyncio.Event())
    bot = house.bot("sage", [chore.every(DAY)])
    await work(bot)
    clock.tick(MINUTE.total_seconds())
    await bot.step()
    await until(lambda: len(chore.ran) == 1)
    assert [(run.task, run.state) for run in house.upkeep.runs] == [("check", State.RUNNING)]
    assert chore.gate is not None
    chore.gate.set()
    await bot.finished()

    assert [run.state for run in house.upkeep.runs] == [State.DONE]


async def test_a_short_task_that_fails_waits_a_minute(house: Household, clock: Leaping) -> None:
    chore = Chore("search", clock, error=ZeroDivisionError("by zero"))
    bot = house.bot("sage", [chore.every(timedelta(seconds=2))])
    for _ in range(25):
        await work(bot)
        clock.tick(5)

    assert len(chore.ran) == 2


async def test_a_file_that_cannot_be_written_ends_nothing(house: Household, clock: Leaping) -> None:
    chore = Chore("check", clock)
    store = house.store("sage")
    bot = house.bot("sage", [chore.every(MINUTE)])
    await store.close()
    locked = house.store("other")
    await locked.writer.run(lambda writing: writing.execute("DROP TABLE leases"))
    with structlog.testing.capture_logs() as logged:
        for _ in range(3):
            await work(bot)

    assert [each["event"] for each in logged] == ["housekeeping_waits"]
    assert not bot.is_elected
