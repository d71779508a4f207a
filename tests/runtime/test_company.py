"""Bots that talk with each other: the whole way through the engine, over the real store."""

import itertools
from datetime import timedelta
from typing import Any

import pytest

from multibot.config.fleet import CrossBot
from multibot.conversation.chain import Phase
from multibot.home import Home
from tests.fakes import FakeClock
from tests.runtime.hall import TALK, Hall, at, talker
from tests.runtime.world import rows

SAGE, SPARK, LOGIC = talker("sage"), talker("spark"), talker("logic")


@pytest.fixture
def hall(clock: FakeClock) -> Hall:
    return Hall(clock)


def why(home: Home, message_id: str) -> dict[str, str]:
    found = rows(home, "select * from inbox where message_id = ?", message_id)
    return {row["bot_name"]: row["reason"] for row in found}


async def test_two_bots_talk_until_the_limit_and_then_cool_down(home: Home, hall: Hall) -> None:
    async with hall.open(home, SAGE, SPARK, LOGIC):
        await hall.say("ada", f"{at('sage')} ask spark something")
        await hall.say("sage", f"{at('spark')} what do you make of it?")

        assert [name for name, _ in hall.words()] == [
            *("Ada", "Sage", "Sage", "Spark", "Sage", "Spark", "Sage"),
        ]
        prompts = [*hall.bots["sage"].responder.prompts, *hall.bots["spark"].responder.prompts]
        phases = [each.company.phase for each in prompts if each.company]
        assert sorted(phases) == sorted([Phase.OPEN, Phase.GOING, Phase.CLOSING, Phase.LAST])
        (cooldown,) = rows(home, "select * from channel_cooldowns")
        assert cooldown["cause"] == "limit"
        last = hall.said[-1].message_id
    assert why(home, last) == {"spark": "cooldown", "logic": "not_addressed"}


async def test_the_other_bot_is_a_participant_with_its_name_and_its_own_session(
    home: Home, hall: Hall
) -> None:
    async with hall.open(home, SAGE, SPARK):
        await hall.say("ada", f"{at('spark')} good morning")
        await hall.say("sage", f"{at('spark')} good evening")
        prompt = hall.bots["spark"].responder.prompts[1]

    assert prompt.user_name == "Sage"
    assert [turn.content for turn in prompt.turns if turn.role == "user"] == [
        f"{at('spark')} good evening"
    ]
    assert "Sage is another bot" in prompt.turns[-2].content
    sessions = rows(home, "select user_id from sessions where bot_name = 'spark' order by 1")
    assert [row["user_id"] for row in sessions] == ["500", "900"]


@pytest.mark.parametrize("length", [400, 600])
async def test_what_a_bot_answers_to_is_known_to_the_one_it_answers(
    home: Home, hall: Hall, length: int
) -> None:
    async with hall.open(home, SAGE, SPARK):
        hall.bots["spark"].responder.text = "x" * length
        await hall.say("ada", f"{at('spark')} tell us something")
        (answer,) = [each for each in hall.said if each.author_name == "Spark"]
        hall.bots["spark"].responder.text = "ok"
        replied = {"reply_to_message_id": answer.message_id, "reply_to_author_id": "901"}
        await hall.say("sage", "is that so?", **replied)
        prompt = hall.bots["spark"].responder.prompts[1]

    assert f"\u201c{'x' * min(length, 500)}\u201d" in prompt.turns[-2].content


async def test_what_a_bot_answers_to_is_read_again_where_another_said_it(
    home: Home, hall: Hall
) -> None:
    async with hall.open(home, SAGE, SPARK):
        asked = await hall.say("ada", "nobody in particular: are trees wise?")
        await hall.say(
            "sage", f"{at('spark')} what do you say?", reply_to_message_id=asked,
            reply_to_author_id="500",
        )  # fmt: skip
        prompt = hall.bots["spark"].responder.prompts[0]

    assert "are trees wise?" in prompt.turns[-2].content


async def test_a_post_of_two_parts_is_one_message(home: Home, hall: Hall) -> None:
    """The delay lets the second part come before the first is answered."""
    async with hall.open(home, SAGE, SPARK):
        await hall.beat()
        first, second = f"{at('spark')} on the one hand", "and on the other hand, spark?"
        for content in (first, second):
            hall.begin("sage", content)
        await hall.talk_out()
        prompt = hall.bots["spark"].responder.prompts[0]

        assert prompt.turns[-1].content == f"{first}\n{second}"
        assert [name for name, _ in hall.words()][:3] == ["Sage", "Sage", "Spark"]
        assert sum(each.reply_to_message_id == hall.said[1].message_id for each in hall.said) == 0


async def test_a_bot_waits_for_its_turn(home: Home, hall: Hall) -> None:
    async with hall.open(home, SAGE, SPARK):
        await hall.say("sage", f"{at('spark')} hello")

    times = [each.created_at for each in hall.said]
    waits = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert len(waits) == 4
    assert min(waits) >= timedelta(seconds=5)


async def test_a_person_ends_the_talk(home: Home, hall: Hall) -> None:
    async with hall.open(home, SAGE, SPARK):
        await hall.beat()
        hall.begin("sage", f"{at('spark')} hello")
        hall.begin("ada", "sorry to interrupt")
        await hall.talk_out()

    assert [name for name, _ in hall.words()] == ["Sage", "Ada"]
    assert why(home, hall.said[0].message_id) == {"spark": "expired"}


async def test_people_are_answered_in_a_cooldown(home: Home, hall: Hall) -> None:
    async with hall.open(home, SAGE, SPARK):
        await hall.say("sage", f"{at('spark')} hello")
        await hall.say("ada", f"{at('spark')} and {at('sage')}, are you there?")

        assert sorted(name for name, _ in hall.words()[-2:]) == ["Sage", "Spark"]


async def test_a_person_who_calls_several_bots_is_passed_over_where_that_is_asked_for(
    home: Home, hall: Hall
) -> None:
    strict = TALK.model_copy(update={"cooldown_blocks_group_mentions": True})
    async with hall.open(home, talker("sage", strict), talker("spark", strict)):
        await hall.say("sage", f"{at('spark')} hello")
        both = await hall.say("ada", f"{at('spark')} and {at('sage')}, are you there?")
        assert hall.words()[-1][0] == "Ada"
        await hall.say("ada", f"{at('spark')} are you there?")
        assert hall.words()[-1][0] == "Spark"

    assert why(home, both) == {"sage": "cooldown", "spark": "cooldown"}


@pytest.mark.parametrize(("age", "answers"), [(5, 1), (59, 1), (61, 0)])
async def test_a_bot_is_known_while_it_says_that_it_lives(
    home: Home, hall: Hall, clock: FakeClock, age: float, answers: int
) -> None:
    async with hall.open(home, SAGE, SPARK):
        del hall.bots["sage"]
        await clock.advance(age)
        await hall.bots["spark"].pulse.write(hall.bots["spark"].store.fleet)
        await hall.say("sage", f"{at('spark')} hello")

        assert len(hall.said) == 1 + answers


@pytest.mark.parametrize("stranger", [{"author_id": "999"}, {"is_webhook": True}])
async def test_strangers_and_webhooks_are_not_heard(
    home: Home, hall: Hall, stranger: dict[str, Any]
) -> None:
    async with hall.open(home, SPARK):
        values = {"author_id": "900", "author_is_bot": True, **stranger}
        said = await hall.say("a bot", f"{at('spark')} hello", **values)

    assert why(home, said) == {"spark": "not_addressed"}
    assert rows(home, "select * from chains") == []


async def test_switched_off_nothing_of_it_is_kept(home: Home, hall: Hall) -> None:
    off = CrossBot(enabled=False)
    async with hall.open(home, talker("sage", off), talker("spark", off)):
        await hall.say("sage", f"{at('spark')} hello")
        await hall.say("ada", f"{at('spark')} hello")

        assert [name for name, _ in hall.words()] == ["Sage", "Ada", "Spark"]
    for table in ("chains", "chain_messages", "channel_cooldowns", "bursts", "activity_events"):
        assert rows(home, f"select * from {table}") == []  # noqa: S608 - constants


async def test_answers_to_people_count_too(home: Home, hall: Hall) -> None:
    async with hall.open(home, SAGE, SPARK):
        await hall.say("ada", f"{at('spark')} hello")
        await hall.say("ada", f"{at('spark')} and {at('sage')} hello")

        (row,) = rows(home, "select bot_turns from chains")
        assert row["bot_turns"] == hall.run() == 2


async def test_a_bot_that_may_not_speak_says_so_once_and_gives_its_place_back(
    home: Home, hall: Hall
) -> None:
    async with hall.open(home, SAGE, SPARK):
        hall.ways["spark"].broken = True
        said = await hall.say("sage", f"{at('spark')} hello")
        (row,) = rows(home, "select message_count, pending, bot_turns from chains")
        assert (row["message_count"], row["pending"], row["bot_turns"]) == (1, 0, 1)
        again = await hall.say("sage", f"{at('spark')} hello again", channel="10")

    assert why(home, said) == {"spark": "failed"}
    assert why(home, again)["spark"] in {"burst", "failed"}


async def test_a_model_that_is_away_is_no_apology_to_a_bot(home: Home, hall: Hall) -> None:
    async with hall.open(home, SAGE, SPARK):
        hall.bots["spark"].responder.failures = 3
        said = await hall.say("sage", f"{at('spark')} hello")

    assert [name for name, _ in hall.words()] == ["Sage"]
    assert why(home, said) == {"spark": "failed"}
