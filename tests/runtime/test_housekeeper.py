"""One bot looks after the file for all: it alone, at each task's own time, whoever it is."""

import asyncio
from datetime import timedelta

import pytest
import structlog.testing

from multibot.errors import StoreUnavailableError
from multibot.runtime.housekeeper import USUAL, Report
from multibot.store.archive import upkeep
from multibot.store.archive.upkeep import State
from multibot.store.incidents import Kind, recent
from tests.fakes import settle
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


def holders(house: Household) -> list[str]:
    """Name who has the work, if anybody does."""
    return [name for name in [house.upkeep.holder] if name]


async def test_one_bot_of_several_does_the_work(house: Household, clock: Leaping) -> None:
    chores = [Chore(name, clock) for name in ("one", "two")]
    bots = [house.bot(each.name, [each.every(MINUTE)]) for each in chores]
    for _ in range(30):
        for bot in bots:
            await work(bot)
        clock.tick(5)

    assert [len(each.ran) for each in chores] == [2, 0]
    assert house.upkeep.holder == "one"
    assert [bot.is_elected for bot in bots] == [True, False]


async def test_another_takes_over_when_the_lease_of_a_dead_one_ends(
    house: Household, clock: Leaping
) -> None:
    dead, heir = house.bot("dead"), house.bot("heir")
    await work(dead)
    clock.tick(USUAL.length.total_seconds() - 1)
    await work(heir)
    assert holders(house) == ["dead"]
    clock.tick(1)
    assert holders(house) == []
    await work(heir)

    assert holders(house) == ["heir"]
    # The dead one lives after all: it finds out before it does anything else.
    await work(dead)
    assert not dead.is_elected


async def test_one_that_stops_lets_another_have_the_work_at_once(
    house: Household, clock: Leaping
) -> None:
    first, second = house.bot("first"), house.bot("second")
    task = asyncio.create_task(first.run())
    await until(lambda: first.is_elected)
    task.cancel()
    await asyncio.wait({task})
    moment = clock.now()
    # The clock stands still now; it may be the writer's thread that is waited for.
    await until(lambda: house.upkeep.holder is None)
    await work(second)

    assert second.is_elected
    assert clock.now() - moment < USUAL.length


async def test_periods_hold_over_a_change_of_the_bot(house: Household, clock: Leaping) -> None:
    """A daily task runs once a day, though a new bot does the work every seven hours."""
    chore = Chore("daily", clock)
    for number in range(24):
        bot = house.bot(f"bot{number}", [chore.every(DAY)])
        for _ in range(7):
            await work(bot)
            clock.tick(HOUR.total_seconds())

    assert len(chore.ran) == 7


async def test_a_fleet_that_starts_is_left_alone_for_a_minute(
    house: Household, clock: Leaping
) -> None:
    slow, quick = Chore("slow", clock), Chore("quick", clock)
    bot = house.bot("sage", [slow.every(DAY), quick.every(timedelta(seconds=2))])
    for _ in range(11):
        await work(bot)
        clock.tick(5)
    assert (len(slow.ran), len(quick.ran)) == (0, 10)
    clock.tick(5)
    await work(bot)

    assert len(slow.ran) == 1


async def test_a_task_that_takes_long_holds_up_no_other_and_is_not_begun_twice(
    house: Household, clock: Leaping
) -> None:
    slow, quick = Chore("slow", clock, gate=asyncio.Event()), Chore("quick", clock)
    bot = house.bot("sage", [slow.every(MINUTE), quick.every(MINUTE)])
    await bot.step()
    for times in range(1, 4):
        clock.tick(MINUTE.total_seconds())
        await bot.step()
        await until(lambda: len(quick.ran) == times and bot.under_way == {"slow"})  # noqa: B023
    assert slow.gate is not None
    slow.gate.set()
    await bot.finished()

    assert len(slow.ran) == 1


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


async def test_a_short_task_with_nothing_to_tell_leaves_no_row(
    house: Household, clock: Leaping
) -> None:
    chore = Chore("sessions", clock)
    bot = house.bot("sage", [chore.every(MINUTE)])
    for _ in range(3):
        await work(bot)
        clock.tick(MINUTE.total_seconds())

    assert len(chore.ran) == 2
    assert house.upkeep.runs == ()


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


async def test_a_bot_that_lost_the_work_writes_nothing_more_of_it(
    house: Household, clock: Leaping
) -> None:
    """It was stopped in the middle of a task; what it writes when it goes on is fenced off."""
    gate = asyncio.Event()
    chore = Chore("retention", clock, Report(detail="9 turns"), gate=gate)
    slow, heir = house.bot("slow", [chore.every(MINUTE)]), house.bot("heir")
    await slow.step()
    clock.tick(MINUTE.total_seconds())
    await slow.step()
    await settle()
    assert len(chore.ran) == 1
    clock.tick(USUAL.length.total_seconds())
    await work(heir)
    gate.set()
    await slow.finished()

    assert house.upkeep.runs == ()
    assert house.upkeep.holder == "heir"


async def test_a_clock_that_jumps_deletes_nothing_for_an_hour(
    house: Household, clock: Leaping
) -> None:
    deleting, other = Chore("retention", clock), Chore("check", clock)
    tasks = [deleting.every(HOUR, deletes=True), other.every(HOUR)]
    bot = house.bot("sage", tasks)
    await work(bot)
    clock.tick(HOUR.total_seconds())
    await work(bot)
    assert (len(deleting.ran), len(other.ran)) == (1, 1)
    clock.set_wall(clock.now() + 3650 * DAY)
    for _ in range(11):
        await work(bot)
        clock.tick(5 * MINUTE.total_seconds())
    assert (len(deleting.ran), len(other.ran)) == (1, 2)
    clock.tick(6 * MINUTE.total_seconds())
    await work(bot)

    assert len(deleting.ran) == 2


async def test_a_clock_set_back_makes_nothing_wait_for_years(
    house: Household, clock: Leaping
) -> None:
    chore = Chore("check", clock)
    bot = house.bot("sage", [chore.every(DAY)])
    await work(bot)
    clock.tick(HOUR.total_seconds())
    await work(bot)
    clock.set_wall(clock.now() - 3650 * DAY)
    await work(bot)
    clock.tick(HOUR.total_seconds())
    await work(bot)

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
