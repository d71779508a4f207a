"""Bots that are killed while they speak up by themselves: what was not said yet is not said later."""

import asyncio
import contextlib
from collections.abc import Callable

import pytest

from multibot.home import Home
from tests.fakes import FakeClock
from tests.runtime.hall import Hall
from tests.runtime.test_rounds import CONVERSE, POST, active, back, look, outcomes, settled, watched
from tests.runtime.world import rows, until

BOTS = (active("sage"), active("spark"))
LONG = f"{'a' * 1500}\n\n{'b' * 1500}"


@pytest.fixture
def hall(clock: FakeClock) -> Hall:
    return Hall(clock)


def while_making(hall: Hall) -> Callable[[], object]:
    hall.bots["sage"].responder.hold = asyncio.Event()
    return lambda: hall.bots["sage"].responder.prompts


def before_sending(hall: Hall) -> Callable[[], object]:
    hall.ways["sage"].before = hall.end
    return lambda: not hall.bots["sage"].engine.busy


def after_sending(hall: Hall) -> Callable[[], object]:
    hall.ways["sage"].after = hall.end
    return lambda: hall.said and not hall.bots["sage"].engine.busy


async def killed(
    home: Home, hall: Hall, roll: float, arm: Callable[[Hall], Callable[[], object]], text: str
) -> None:
    """Have sage speak up and end it there."""
    async with hall.open(home, *BOTS):
        await settled(hall)
        one = hall.bots["sage"]
        one.responder.text = text
        reached = arm(hall)
        one.chance.rolls = (roll, 0.0)
        await one.rounds.look()
        acting = asyncio.create_task(one.rounds.finished())
        await until(hall.clock, lambda: hall.bots["sage"].responder.prompts)
        await until(hall.clock, reached)
        for task in (acting, *one.rounds._acting.values()):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    hall.ways["sage"].before = hall.ways["sage"].after = lambda: None


@pytest.mark.parametrize("roll", [POST, CONVERSE])
@pytest.mark.parametrize("arm", [while_making, before_sending])
async def test_what_was_not_said_is_not_said_by_the_next_process(
    home: Home, hall: Hall, roll: float, arm: Callable[[Hall], Callable[[], object]]
) -> None:
    await killed(home, hall, roll, arm, "ok")
    async with hall.open(home, *BOTS):
        await back(hall.bots["sage"], hall)

    assert hall.said == []
    (row,) = rows(home, "select reason, detail from inbox where bot_name = 'sage'")
    assert (row["reason"], row["detail"]) == ("expired", "interrupted before it was said")
    assert rows(home, "select 1 from chain_messages") == rows(home, "select 1 from pair_cooldowns")
    assert rows(home, "select 1 from chains where bot_turns > 0 or message_count > 0") == []
    (outcome,) = outcomes(home)
    assert outcome.endswith(
        " in #general, taken up after a restart: not said, expired: interrupted before it was said"
    )


async def test_what_was_said_in_part_is_completed(home: Home, hall: Hall) -> None:
    await killed(home, hall, POST, after_sending, LONG)
    assert len(hall.said) == 1
    await hall.clock.advance(500)
    async with hall.open(home, *BOTS):
        await back(hall.bots["sage"], hall)

    assert [content[0] for _, content in hall.words()] == ["a", "b"]
    assert outcomes(home) == [
        "post: post in #general, taken up after a restart: said as " + hall.said[0].message_id
    ]


async def test_a_round_that_nothing_came_of_says_so_later(home: Home, hall: Hall) -> None:
    """Killed before anything was stored."""
    async with hall.open(home, *BOTS):
        await settled(hall)
        one = hall.bots["sage"]
        one.chance.rolls = (POST, 0.5)
        await one.rounds.look()
        for task in one.rounds._acting.values():
            task.cancel()
        assert outcomes(home) == ["post: "]
    async with hall.open(home, *BOTS):
        await watched(hall)
        looking = asyncio.create_task(hall.bots["sage"].rounds.run())
        await until(hall.clock, lambda: outcomes(home) != ["post: "])
        looking.cancel()

    assert outcomes(home) == ["post: not done: the process ended"]


@pytest.mark.parametrize("roll", [POST, CONVERSE])
@pytest.mark.parametrize(("tries", "is_said"), [(2, True), (3, False)])
async def test_what_discord_does_not_take_is_not_said_late(
    home: Home, hall: Hall, roll: float, tries: int, *, is_said: bool
) -> None:
    """It tries again after 5, 25 and 120 seconds."""
    async with hall.open(home, *BOTS):
        await settled(hall)
        hall.ways["sage"].away = tries
        await look(hall, "sage", roll)

    assert bool(hall.said) is is_said
    (outcome,) = outcomes(home)
    assert ("said as" in outcome) is is_said
    assert is_said or "not said, expired: not sent within" in outcome
    kept = rows(home, "select 1 from chain_messages union all select 1 from pair_cooldowns")
    assert bool(kept) is is_said
