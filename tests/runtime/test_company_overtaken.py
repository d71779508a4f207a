"""Answers to bots that are under way when a person speaks: none of them makes one too many later."""

import asyncio
from datetime import timedelta

import pytest

from multibot.config.fleet import Bot, CrossBot
from multibot.home import Home
from tests.fakes import FakeClock
from tests.runtime.hall import Hall, at, talker
from tests.runtime.world import finish_some, rows, until

BRISK = CrossBot(enabled=True, response_chance=1.0, inter_bot_delay=timedelta(), max_chain=3)
NAMES = ("sage", "spark", "logic")
ROW = 4


@pytest.fixture
def hall(clock: FakeClock) -> Hall:
    return Hall(clock)


def bots(**changes: object) -> list[Bot]:
    return [talker(name, BRISK.model_copy(update=changes)) for name in NAMES]


async def overtake(hall: Hall) -> None:
    """Have a person speak, and sage and logic talk for as long as they may."""
    hall.begin("ada", "good morning")
    hall.begin("sage", f"{at('logic')} what do you make of it?")
    others = [hall.bots["sage"], hall.bots["logic"]]
    before = -1
    while before != len(hall.said):
        before = len(hall.said)
        await finish_some(hall.clock, rounds=20)
        await until(hall.clock, lambda: not any(each.engine.busy for each in others))


def standing(home: Home) -> tuple[int, int, int]:
    (row,) = rows(home, "select message_count, pending, bot_turns from chains")
    return row["message_count"], row["pending"], row["bot_turns"]


def reason(home: Home, message_id: str) -> str:
    (row,) = rows(
        home, "select * from inbox where bot_name = 'spark' and message_id = ?", message_id
    )
    return f"{row['state']}: {row['detail']}"


async def test_an_answer_that_is_being_made_is_not_sent_in_the_next_chain(
    home: Home, hall: Hall
) -> None:
    async with hall.open(home, *bots()):
        hall.bots["spark"].responder.hold = asyncio.Event()
        first = hall.begin("sage", f"{at('spark')} hello")
        await until(hall.clock, lambda: hall.bots["spark"].responder.prompts)
        await overtake(hall)
        hall.bots["spark"].responder.hold.set()
        await hall.talk_out()

    assert hall.run() == BRISK.max_chain
    assert "Spark" not in dict(hall.words())
    assert standing(home) == (0, 0, 3)
    assert reason(home, first.message_id).startswith("declined")


async def test_an_answer_that_was_stored_by_a_killed_process_is_not_sent_in_a_cooldown(
    home: Home, hall: Hall
) -> None:
    async with hall.open(home, *bots()):
        hall.ways["spark"].before = hall.end
        first = hall.begin("sage", f"{at('spark')} hello")
        await until(hall.clock, lambda: rows(home, "select 1 from outbox"))
        await until(hall.clock, lambda: not hall.bots["spark"].engine.busy)
        await overtake(hall)
        assert hall.run() == BRISK.max_chain - 1
        hall.ways["spark"].before = lambda: None
        hall.bots["spark"].recovery.take_up()
        await hall.rest(hall.bots["spark"])

    assert hall.run() == BRISK.max_chain - 1
    assert reason(home, first.message_id) == "expired: a person has spoken meanwhile"
    assert standing(home)[1:] == (0, 2)


@pytest.mark.parametrize("tries", [1, 3])
async def test_an_answer_that_discord_did_not_take_is_not_sent_in_the_next_chain(
    home: Home, hall: Hall, tries: int
) -> None:
    async with hall.open(home, *bots()):
        hall.ways["spark"].away = tries
        first = hall.begin("sage", f"{at('spark')} hello")
        await until(hall.clock, lambda: hall.ways["spark"].away < tries)
        await overtake(hall)
        await hall.talk_out()

    assert hall.run() == BRISK.max_chain - 1
    assert "Spark" not in dict(hall.words())
    assert reason(home, first.message_id) == "expired: a person has spoken meanwhile"


@pytest.mark.parametrize(
    ("limits", "longest"),
    [({}, BRISK.max_chain), ({"max_chain": 9, "max_bot_turns": ROW}, ROW)],
)
async def test_what_is_on_its_way_as_a_person_speaks_has_a_place_in_what_follows(
    home: Home, hall: Hall, limits: dict[str, int], longest: int
) -> None:
    async with hall.open(home, *bots(**limits)):
        hall.ways["spark"].hold = asyncio.Event()
        hall.begin("sage", f"{at('spark')} hello")
        await until(hall.clock, lambda: rows(home, "select 1 from outbox"))
        await overtake(hall)
        assert hall.run() == longest - 1
        hall.ways["spark"].hold.set()
        await hall.talk_out()

    assert hall.run() == longest
    assert hall.words()[-1][0] == "Spark"
    assert standing(home)[1:] == (0, longest)


async def test_the_rest_of_an_answer_is_sent_and_counts_for_nothing_after_a_person(
    home: Home, hall: Hall
) -> None:
    async with hall.open(home, *bots(inter_bot_delay=timedelta(seconds=1))):
        hall.bots["spark"].responder.text = f"{'a' * 1500}\n\n{'b' * 1500}"
        hall.ways["spark"].after = hall.end
        hall.begin("sage", f"{at('spark')} hello")
        await until(hall.clock, lambda: len(hall.said) == 2)
        await until(hall.clock, lambda: not hall.bots["spark"].engine.busy)
        await overtake(hall)
        hall.ways["spark"].after = lambda: None
        hall.bots["spark"].recovery.take_up()
        await hall.rest(hall.bots["spark"])

    assert [name for name, _ in hall.words()].count("Spark") == 2
    assert standing(home) == (0, 0, 3)
