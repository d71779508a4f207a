"""A host whose clock is wrong: messages are as old as Discord says."""

import asyncio
from datetime import timedelta
from email.utils import format_datetime

import pytest

from multibot.home import Home
from multibot.runtime.worldtime import WorldTime
from tests.fakes import FakeClock
from tests.runtime.absence import LOUNGE, Past, first_life, life
from tests.runtime.wire import Play, Wire
from tests.runtime.world import bot, cast, direct, finish_some, kill, rows


@pytest.mark.parametrize("ahead", [timedelta(hours=1), timedelta(hours=-1)])
async def test_the_age_of_a_missed_message_is_told_by_discord(
    home: Home, clock: FakeClock, ahead: timedelta
) -> None:
    past = Past(clock)
    await first_life(home, past, LOUNGE)
    old = past.post(LOUNGE, "long ago")
    clock.tick(1800)
    young = past.post(LOUNGE, "just now")
    date = format_datetime(clock.now(), usegmt=True)
    clock.set_wall(clock.now() + ahead)
    async with life(home, past) as sage:
        sage.cast.pulse.world_time.note(date)
        await sage.ready(LOUNGE)

        assert sage.decisions()[young.message_id] == ("answered", "answered")
        assert sage.decisions()[old.message_id] == ("declined", "expired")


async def test_the_age_of_an_unfinished_message_is_told_by_discord(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.responder.hold = asyncio.Event()
        task = sage.arrive(direct(clock))
        await finish_some(clock)
        await kill(task)
    date = format_datetime(clock.now(), usegmt=True)
    clock.set_wall(clock.now() + timedelta(hours=1))
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.pulse.world_time.note(date)
        sage.recovery.take_up()
        await finish_some(clock)

        assert rows(home, "select state from inbox") == [{"state": "answered"}]


@pytest.mark.parametrize("date", [None, "", "soon"])
def test_an_answer_without_a_date_says_nothing(clock: FakeClock, date: str | None) -> None:
    world = WorldTime(clock)
    world.note(date)

    assert world.now() == clock.now()


def test_a_clock_that_is_set_right_is_believed_again(clock: FakeClock) -> None:
    right = clock.now()
    world = WorldTime(clock)
    clock.set_wall(right + timedelta(hours=1))
    world.note(format_datetime(right, usegmt=True))
    assert world.now() == right

    clock.set_wall(right)
    world.note(format_datetime(right, usegmt=True))
    assert world.now() == right


def test_every_answer_of_discord_says_what_time_it_is(play: Play) -> None:
    async def scene(wire: Wire) -> None:
        clock = wire.pulse.world_time._clock
        wire.pulse.world_time._clock = FakeClock()
        await wire.ready()

        assert abs(wire.pulse.world_time.now() - clock.now()) < timedelta(minutes=5)

    play(scene)
