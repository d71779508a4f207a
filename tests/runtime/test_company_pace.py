"""Bots whose answers to bots are made at the same time: they speak one after the other all the same."""

import asyncio
import itertools

import pytest

from multibot.config.fleet import Limits
from multibot.conversation.chain import Phase
from multibot.conversation.message import InboundMessage
from multibot.home import Home
from tests.fakes import FakeClock
from tests.runtime.hall import TALK, Hall, at, talker
from tests.runtime.world import finish_some, message, rows, until

NAMES = ("sage", "spark", "logic")
EVERYBODY = " ".join(at(name) for name in NAMES)
WAYS = Limits(max_concurrent_responses=5)


@pytest.fixture
def hall(clock: FakeClock) -> Hall:
    return Hall(clock)


def chain_of(home: Home) -> int:
    (row,) = rows(home, "select chain from chains")
    return int(row["chain"])


async def called_together(hall: Hall, who: int, pace: float) -> None:
    """Have a person call some bots, whose answers take time and speak to everybody."""
    for each in hall.bots.values():
        each.responder.pieces, each.responder.text = [EVERYBODY], None
        each.responder.pace = pace
    await hall.say("ada", f"{' '.join(at(name) for name in NAMES[:who])} hello")


@pytest.mark.parametrize("pace", [1.0, 6.0])
@pytest.mark.parametrize("who", [2, 3])
async def test_bots_that_are_made_to_speak_together_take_turns(
    home: Home, hall: Hall, who: int, pace: float
) -> None:
    async with hall.open(home, *(talker(name, limits=WAYS) for name in NAMES)):
        await called_together(hall, who, pace)
        asked = hall.bots[hall.said[-1].author_name.lower()].responder.prompts
        last = [each for each in asked if each.company and each.company.phase is Phase.LAST]

    assert hall.run() == TALK.max_chain
    talk = hall.said[who:]
    gaps = [later.created_at - one.created_at for one, later in itertools.pairwise(talk)]
    assert min(gaps) >= TALK.inter_bot_delay
    assert all(one.author_id != later.author_id for one, later in itertools.pairwise(talk))
    assert last
    assert rows(home, "select 1 from channel_cooldowns where cause = 'limit'")


async def test_what_is_made_to_be_the_last_says_so_although_that_was_not_known(
    home: Home, hall: Hall
) -> None:
    """Three messages; the fourth is allowed while the fifth is made."""
    async with hall.open(home, *(talker(name) for name in NAMES)):
        hold = hall.bots["spark"].responder.hold = asyncio.Event()
        other_hold = hall.bots["logic"].responder.hold = asyncio.Event()
        hall.begin("sage", f"{at('spark')} hello")
        hall.begin("sage", f"{at('logic')} and hello")
        hall.begin("sage", "so much for that", reply_to_message_id="1", reply_to_author_id="902")
        del hall.bots["sage"]
        hall.bots["logic"].responder.text = "yes"
        await until(hall.clock, lambda: hall.bots["spark"].responder.prompts)
        await until(hall.clock, lambda: hall.bots["logic"].responder.prompts)
        other_hold.set()
        await until(hall.clock, lambda: hall.words()[-1][0] == "Logic")
        await hall.clock.advance(5)
        hall.bots["spark"].responder.text = "goodbye"
        hold.set()
        await hall.talk_out()
        prompts = hall.bots["spark"].responder.prompts

    assert hall.words()[-1] == ("Spark", "goodbye")
    phases = [each.company.phase for each in prompts if each.company]
    assert phases == [Phase.CLOSING, Phase.LAST]
    assert hall.run() == TALK.max_chain


@pytest.mark.parametrize(("tries", "is_said"), [(2, True), (3, False)])
async def test_an_answer_that_discord_does_not_take_is_not_said_late(
    home: Home,
    hall: Hall,
    tries: int,
    is_said: bool,  # noqa: FBT001
) -> None:
    """It tries again after 5, 25 and 120 seconds."""
    async with hall.open(home, talker("sage"), talker("spark")):
        hall.ways["spark"].away = tries
        said = await hall.say("sage", f"{at('spark')} hello")

    assert (len(hall.said) > 1) is is_said
    (row,) = rows(
        home, "select reason, detail from inbox where bot_name = 'spark' and message_id = ?", said
    )
    assert (row["reason"] == "answered") is is_said
    assert is_said or row["detail"].startswith("not sent within")


async def test_what_is_put_off_as_the_process_ends_is_left_to_the_next(
    home: Home, hall: Hall
) -> None:
    bots = [talker(name) for name in NAMES]
    async with hall.open(home, *bots):
        hold = hall.bots["spark"].responder.hold = asyncio.Event()
        first = hall.begin("sage", f"{at('spark')} hello")
        await until(hall.clock, lambda: hall.bots["spark"].responder.prompts)
        hall.begin("logic", "something else")
        hold.set()
        await finish_some(hall.clock, 1)
        hall.bots["spark"].engine.wind_down()
        await hall.talk_out()
        assert [name for name, _ in hall.words()] == ["Sage", "Logic"]
    async with hall.open(home, *bots):
        await hall.beat()
        await hall.clock.advance(4)
        hall.bots["spark"].recovery.take_up()
        await hall.rest(hall.bots["spark"])

    assert ("Spark", first.message_id) in {
        (each.author_name, each.reply_to_message_id) for each in hall.said
    }


async def test_a_person_who_is_read_late_does_not_end_what_bots_began_after(
    home: Home, hall: Hall
) -> None:
    async with hall.open(home, talker("sage"), talker("spark")):
        await hall.beat()
        person, read = message(hall.clock, author_id="500", guild_id="110"), asyncio.Event()

        async def reading() -> InboundMessage:
            await read.wait()
            return person

        for each in hall.bots.values():
            ticket = each.engine.enter(person.channel_id, person.author_id)
            task = asyncio.create_task(each.engine.arrive(reading(), ticket))
            hall.tasks.add(task)
            task.add_done_callback(hall.tasks.discard)
        hall.begin("sage", f"{at('spark')} hello")
        await until(hall.clock, lambda: rows(home, "select 1 from chains"))
        read.set()
        await until(hall.clock, lambda: chain_of(home) == 2)
        await hall.talk_out()

    assert hall.run() == TALK.max_chain


async def test_what_is_noted_after_a_person_was_heard_is_put_before_that_person(
    home: Home, hall: Hall
) -> None:
    async with hall.open(home, talker("sage")):
        way = hall.ways["sage"]
        way.after = lambda: hall.hear(message(hall.clock, author_id="501", guild_id="110"))
        await hall.say("ada", f"{at('sage')} hello")

    assert [name for name, _ in hall.words()][1] == "Sage"
    assert rows(home, "select bot_turns from chains") == [{"bot_turns": 0}]
