"""Bots that are killed while they talk with each other: nothing twice, and the counts stay right."""

import asyncio
from collections.abc import Callable

import pytest

from multibot.home import Home
from tests.fakes import FakeClock
from tests.runtime.hall import Hall, at, talker
from tests.runtime.world import finish_some, rows, until

BOTS = (talker("sage"), talker("spark"))


@pytest.fixture
def hall(clock: FakeClock) -> Hall:
    return Hall(clock)


def while_waiting(hall: Hall) -> Callable[[], object]:
    return lambda: hall.said


def while_making(hall: Hall) -> Callable[[], object]:
    hall.bots["spark"].responder.hold = asyncio.Event()
    return lambda: hall.bots["spark"].responder.prompts


def before_sending(hall: Hall) -> Callable[[], object]:
    hall.ways["spark"].before = hall.end
    return lambda: not hall.bots["spark"].engine.busy


def after_sending(hall: Hall) -> Callable[[], object]:
    hall.ways["spark"].after = hall.end
    return lambda: len(hall.said) > 1 and not hall.bots["spark"].engine.busy


async def kill_there(home: Home, hall: Hall, arm: Callable[[Hall], Callable[[], object]]) -> None:
    async with hall.open(home, *BOTS):
        reached = arm(hall)
        hall.begin("sage", f"{at('spark')} hello")
        await finish_some(hall.clock, 3)
        await until(hall.clock, reached)
    hall.ways["spark"].before = hall.ways["spark"].after = lambda: None


async def come_back(hall: Hall) -> None:
    """Do what a process does that starts: take up what was left, read what was missed."""
    await hall.beat()
    for each in hall.bots.values():
        each.recovery.take_up()
    for said in tuple(hall.said):
        for name, each in hall.bots.items():
            if said.author_name != name.title():
                hall.tell(each, said)
    await hall.talk_out()
    await until(hall.clock, lambda: not any(each.engine.busy for each in hall.bots.values()))
    await hall.talk_out()


def answered_twice(hall: Hall) -> list[str]:
    replied = [each.reply_to_message_id for each in hall.said if each.reply_to_message_id]
    return [each for each in replied if replied.count(each) > 1]


@pytest.mark.parametrize("arm", [while_waiting, while_making, before_sending, after_sending])
async def test_killed_and_back_at_once_they_talk_to_the_end(
    home: Home, hall: Hall, arm: Callable[[Hall], Callable[[], object]]
) -> None:
    await kill_there(home, hall, arm)
    async with hall.open(home, *BOTS):
        await come_back(hall)

        assert hall.run() == 5
        assert answered_twice(hall) == []
        (row,) = rows(home, "select message_count, bot_turns from chains")
        assert (row["message_count"], row["bot_turns"]) == (0, 5)
        assert rows(home, "select * from inbox where state = 'received'") == []


@pytest.mark.parametrize(
    ("arm", "standing"),
    [(while_waiting, 1), (while_making, 1), (before_sending, 1), (after_sending, 2)],
)
async def test_killed_and_back_late_they_leave_it_at_that(
    home: Home, hall: Hall, arm: Callable[[Hall], Callable[[], object]], standing: int
) -> None:
    await kill_there(home, hall, arm)
    await hall.clock.advance(70)
    async with hall.open(home, *BOTS):
        await come_back(hall)

        assert hall.run() == standing
        (row,) = rows(home, "select message_count, pending, bot_turns from chains")
        assert (row["message_count"], row["pending"], row["bot_turns"]) == (standing, 0, standing)
    states = {row["state"] for row in rows(home, "select state from inbox")}
    assert states <= {"answered", "expired", "declined"}


async def test_a_claim_is_kept_while_an_answer_takes_long(home: Home, hall: Hall) -> None:
    async with hall.open(home, *BOTS):
        hall.bots["spark"].responder.pace = 25.0
        hall.bots["spark"].responder.pieces = ["a", "b"]
        hall.begin("sage", f"{at('spark')} hello")
        await until(hall.clock, lambda: hall.bots["spark"].responder.prompts)
        (claim,) = rows(home, "select expires_at from message_claims")
        await hall.clock.advance(21)
        (renewed,) = rows(home, "select expires_at from message_claims")

    assert renewed["expires_at"] > claim["expires_at"]


async def test_what_the_store_does_not_take_is_not_said_to_a_bot(home: Home, hall: Hall) -> None:
    """People are answered when it is back; to a bot nothing is said in between."""
    async with hall.open(home, *BOTS):
        hall.ways["spark"].store_trouble = 1
        await hall.say("sage", f"{at('spark')} hello")
        assert hall.run() == 1
        hall.ways["spark"].store_trouble = 1
        await hall.say("ada", f"{at('spark')} hello")
        assert hall.words()[-1][0] == "Spark"
