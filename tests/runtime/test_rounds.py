"""Bots that speak up where it is quiet: what they do with their round, and what keeps them from it."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

import pytest

from multibot.config.fleet import Activity, Bot, CrossBot, QuietHours
from multibot.conversation.activity import ChannelOption
from multibot.conversation.message import BotName
from multibot.conversation.prompt import Task
from multibot.home import Home
from tests.fakes import FakeClock
from tests.runtime.hall import TALK, Hall, at, talker
from tests.runtime.world import Cast, rows

GUILD = "110"
GENERAL = ChannelOption(channel_id="10", name="general", is_writable=True)
CONVERSE, POST, NOTHING = 0.1, 0.5, 0.9
LIVELY = Activity(enabled=True)
OFF = CrossBot(enabled=False)


def active(name: str, activity: Activity = LIVELY, talk: CrossBot = TALK) -> Bot:
    return talker(name, talk, activity=activity)


@pytest.fixture
def hall(clock: FakeClock) -> Hall:
    return Hall(clock)


async def settled(
    hall: Hall, channels: Sequence[ChannelOption] = (GENERAL,), minutes: int = 30
) -> None:
    """Have every bot watch its guild for as long as it takes."""
    for each in hall.bots.values():
        each.guilds.shown = {GUILD: list(channels)}
    for _ in range(minutes + 1):
        await watched(hall)
        await hall.clock.advance(60)
    await hall.beat()


async def watched(hall: Hall) -> None:
    """Have every bot look once where it is."""
    for each in hall.bots.values():
        await each.rounds._attention.step(each.rounds.guild_ids(), each.rounds._arbiter.publish)


async def look(hall: Hall, name: str, roll: float) -> None:
    """Let one bot look at its guild with this roll, and everybody answer."""
    one = hall.bots[name]
    one.chance.rolls = (roll, 0.0)
    await one.rounds.look()
    await hall.act(one)


def outcomes(home: Home) -> list[str]:
    found = rows(home, "select act, outcome from activity_rounds order by round")
    return [f"{row['act']}: {row['outcome']}" for row in found]


async def test_a_conversation_begins_with_a_mention_and_is_message_one(
    home: Home, hall: Hall
) -> None:
    async with hall.open(home, active("sage"), active("spark")):
        await settled(hall)
        await look(hall, "sage", CONVERSE)

        assert hall.words()[0] == ("Sage", f"{at('spark')} ok")
        assert hall.run() == 5
        asked = hall.bots["sage"].responder.prompts[0]
        assert (asked.task, asked.user_name) == (Task.OPEN, "Spark")
        (answered,) = hall.bots["spark"].responder.prompts[:1]
        assert answered.turns[-1].content == f"{at('spark')} ok"
        # What sage began with is what it remembers when spark answers.
        reply = hall.bots["sage"].responder.prompts[1]
        assert [turn.role for turn in reply.turns] == ["system", "assistant", "system", "user"]
    first = hall.said[0].message_id
    assert outcomes(home) == [
        f"converse: conversation in #general (by its name) with spark (one of 1): said as {first}"
    ]
    assert len(rows(home, "select * from pair_cooldowns")) == 1


async def test_a_post_speaks_to_nobody_and_counts(home: Home, hall: Hall) -> None:
    async with hall.open(home, active("sage"), active("spark")):
        await settled(hall)
        await look(hall, "sage", POST)
        assert hall.words() == [("Sage", "ok")]
        assert hall.bots["sage"].responder.prompts[0].task is Task.POST
    (row,) = rows(home, "select message_count, bot_turns from chains")
    assert (row["message_count"], row["bot_turns"]) == (0, 1)
    (turn,) = rows(home, "select * from conversations where role = 'assistant'")
    assert turn["content"] == "ok"


async def test_one_bot_acts_in_a_round_whoever_else_looks(home: Home, hall: Hall) -> None:
    async with hall.open(home, active("sage"), active("spark")):
        await settled(hall)
        await look(hall, "sage", NOTHING)
        await look(hall, "spark", POST)

    assert hall.said == []
    assert outcomes(home) == ["nothing: "]


async def test_the_same_pair_begins_nothing_new_for_a_while(
    home: Home, hall: Hall, clock: FakeClock
) -> None:
    bots = (active("sage"), active("spark"))
    async with hall.open(home, *bots):
        await settled(hall)
        await look(hall, "sage", CONVERSE)
    async with hall.open(home, *bots):
        await settled(hall, minutes=40)
        await look(hall, "spark", CONVERSE)
        assert outcomes(home)[-1].endswith("every pair has had its conversation lately")
        await settled(hall, minutes=25)
        hall.begin("ada", "hm")
        await hall.talk_out()
        await look(hall, "spark", CONVERSE)
        assert "with sage" in outcomes(home)[-1]


async def test_without_another_bot_of_the_guild_there_is_no_talk(home: Home, hall: Hall) -> None:
    async with hall.open(home, active("sage"), active("spark")):
        await settled(hall)
        spark = hall.bots["spark"]
        await spark.rounds._arbiter.publish(["999"])
        await hall.pass_time(3)
        await look(hall, "sage", CONVERSE)

    assert hall.said == []
    assert outcomes(home) == ["converse: not done: no other bot is here"]


@pytest.mark.parametrize("others", [{}, {"999": [GENERAL]}], ids=["none", "another"])
async def test_a_bot_that_left_the_guild_is_no_partner(
    home: Home, hall: Hall, others: dict[str, list[ChannelOption]]
) -> None:
    async with hall.open(home, active("sage"), active("spark")):
        await settled(hall)
        hall.bots["spark"].guilds.shown = others
        await watched(hall)
        await hall.pass_time(3)
        await look(hall, "sage", CONVERSE)

    assert hall.said == []
    assert outcomes(home) == ["converse: not done: no other bot is here"]


async def test_a_bot_that_loses_its_gateway_is_still_a_member(home: Home, hall: Hall) -> None:
    async with hall.open(home, active("sage"), active("spark")):
        await settled(hall)
        hall.bots["spark"].pulse.disconnected()
        hall.bots["spark"].guilds.shown = {}
        await watched(hall)
        await hall.pass_time(3)

        assert list(hall.bots["sage"].rounds._arbiter.guilds_of(BotName("spark"))) == [GUILD]


async def test_where_bots_do_not_talk_with_bots_they_post(home: Home, hall: Hall) -> None:
    async with hall.open(home, active("sage", talk=OFF), active("spark", talk=OFF)):
        await settled(hall)
        await look(hall, "sage", CONVERSE)

    assert hall.words() == [("Sage", "ok")]


async def test_without_a_fitting_channel_nothing_is_said(home: Home, hall: Hall) -> None:
    async with hall.open(home, active("sage")):
        await settled(hall, [ChannelOption(channel_id="10", name="rules", is_writable=True)])
        await look(hall, "sage", POST)

    assert outcomes(home) == ["post: not done: no writable channel to speak up in"]


async def test_people_who_speak_meanwhile_are_not_interrupted(
    home: Home, hall: Hall, clock: FakeClock
) -> None:
    async with hall.open(home, active("sage")):
        await settled(hall)
        one = hall.bots["sage"]
        one.chance.rolls = (POST, 1.0)
        await one.rounds.look()
        for _ in range(16):
            hall.begin("ada", "suddenly everybody writes")
        await hall.talk_out()
        await hall.act(one)

    assert {name for name, _ in hall.words()} == {"Ada"}
    assert outcomes(home) == ["post: not done: active, 0.53 messages a minute"]


async def test_a_person_counts_once_however_many_bots_hear(home: Home, hall: Hall) -> None:
    async with hall.open(home, active("sage"), active("spark")):
        await hall.say("ada", "hello")
        await hall.say("ada", "in private", channel_type="dm", guild_id=None, channel="77")
        for each in hall.bots.values():
            await each.rounds._attention.flush()

    assert len(rows(home, "select * from activity_events")) == 1


@pytest.mark.parametrize(("hour", "speaks"), [(21, True), (22, False), (6, True)])
async def test_quiet_hours_are_kept(home: Home, hour: int, speaks: bool) -> None:  # noqa: FBT001
    hall = Hall(FakeClock(datetime(2026, 1, 1, hour, tzinfo=UTC) - timedelta(minutes=31)))
    night = QuietHours(start=time(22), end=time(6))
    async with hall.open(home, active("sage", Activity(enabled=True, quiet_hours=(night,)))):
        await settled(hall)
        await look(hall, "sage", POST)

        assert bool(hall.said) is speaks


async def test_nothing_happens_before_a_guild_was_watched(home: Home, hall: Hall) -> None:
    async with hall.open(home, active("sage")):
        await settled(hall, minutes=28)
        await look(hall, "sage", POST)

    assert hall.said == []
    assert outcomes(home) == []


async def test_killed_after_it_spoke_up_it_does_not_say_it_again(home: Home, hall: Hall) -> None:
    async with hall.open(home, active("sage")):
        await settled(hall)
        hall.ways["sage"].after = hall.end
        await look(hall, "sage", POST)
    hall.ways["sage"].after = lambda: None
    hall.ways["sage"].forgetful = True
    async with hall.open(home, active("sage")):
        await back(hall.bots["sage"], hall)

    assert hall.words() == [("Sage", "ok")]
    (row,) = rows(home, "select bot_turns from chains")
    assert row["bot_turns"] == 1
    assert rows(home, "select state from inbox") == [{"state": "answered"}]


async def test_killed_before_it_spoke_up_it_leaves_it(home: Home, hall: Hall) -> None:
    async with hall.open(home, active("sage"), active("spark")):
        await settled(hall)
        hall.ways["sage"].before = hall.end
        await look(hall, "sage", CONVERSE)
    hall.ways["sage"].before = lambda: None
    await hall.clock.advance(70)
    async with hall.open(home, active("sage"), active("spark")):
        await back(hall.bots["sage"], hall)

    assert hall.said == []
    (row,) = rows(home, "select message_count, pending, bot_turns from chains")
    assert (row["message_count"], row["pending"], row["bot_turns"]) == (0, 0, 0)
    assert rows(home, "select * from pair_cooldowns") == []


async def back(one: Cast, hall: Hall) -> None:
    """Take up what was left, as a process does that starts."""
    await hall.beat()
    one.recovery.take_up()
    await hall.rest(one)
