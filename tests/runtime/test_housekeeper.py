"""One bot looks after the file for all: it alone, at each task's own time, whoever it is."""

import asyncio
from datetime import timedelta

import pytest

from multibot.runtime.housekeeper import USUAL, Report
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
