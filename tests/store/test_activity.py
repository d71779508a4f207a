"""How lively a guild is, counted once for the whole fleet, and whose round it is."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from multibot.conversation.activity import Act, ActivityRules, Level
from multibot.home import Home
from multibot.store.activity import Activity
from tests.fakes import FakeClock
from tests.store.conftest import OpenBot
from tests.store.material import SAGE, SPARK, message, rows
from tests.store.talk import BOTS

RULES = ActivityRules(enabled=True)
GUILD = "1"


@pytest.fixture
def fleet(open_bot: OpenBot) -> list[Activity]:
    return [open_bot(bot).activity for bot in BOTS]


async def watch(fleet: list[Activity], clock: FakeClock, minutes: int) -> None:
    """Let every bot watch the guild, minute by minute."""
    for _ in range(minutes + 1):
        for bot in fleet:
            await bot.watch([GUILD], RULES)
        clock.tick(60)
    clock.tick(-60)


async def people_speak(fleet: list[Activity], clock: FakeClock, count: int) -> None:
    """Let people write; every bot sees each message."""
    for _ in range(count):
        said = message(created_at=clock.now())
        for bot in fleet:
            await bot.person_spoke(said, RULES)


async def test_a_message_counts_once_however_many_bots_see_it(
    fleet: list[Activity], clock: FakeClock
) -> None:
    await people_speak(fleet, clock, 4)

    assert [bot.reading(GUILD, RULES).messages for bot in fleet] == [4] * 3
    assert fleet[0].reading("2", RULES).messages == 0


async def test_a_message_leaves_the_window_by_itself(
    fleet: list[Activity], clock: FakeClock
) -> None:
    """Nobody has to write for the rate to fall."""
    await people_speak(fleet, clock, 3)
    clock.tick(30 * 60 - 0.001)
    assert fleet[0].reading(GUILD, RULES).messages == 3

    clock.tick(0.001)
    assert fleet[0].reading(GUILD, RULES).messages == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"author_is_bot": True},
        {"is_webhook": True},
        {"is_system": True},
        {"guild_id": None, "channel_type": "dm"},
    ],
)
async def test_only_people_in_guilds_count(
    home: Home, fleet: list[Activity], changes: dict[str, Any]
) -> None:
    await fleet[0].person_spoke(message(**changes), RULES)

    assert rows(home.database, "SELECT count(*) FROM activity_events") == [(0,)]


async def test_what_is_read_late_counts_when_it_was_written(
    fleet: list[Activity], clock: FakeClock
) -> None:
    for age in (1800, 1799.999, 60, -60):
        await fleet[0].person_spoke(message(), RULES, age=timedelta(seconds=age))
    assert fleet[0].reading(GUILD, RULES).messages == 3

    clock.tick(0.001)
    assert fleet[0].reading(GUILD, RULES).messages == 2


async def test_a_guild_is_watched_as_long_as_one_bot_watches_it(
    fleet: list[Activity], clock: FakeClock
) -> None:
    began_at = clock.now()
    for minute in range(30):
        await fleet[minute % 3].watch([GUILD], RULES)
        clock.tick(60)

    assert fleet[0].reading(GUILD, RULES).watched_since == began_at


async def test_after_a_gap_it_is_watched_anew(fleet: list[Activity], clock: FakeClock) -> None:
    await watch(fleet, clock, 40)
    clock.tick(180.001)
    assert fleet[0].reading(GUILD, RULES).watched_since is None

    await fleet[0].watch([GUILD], RULES)
    assert fleet[0].reading(GUILD, RULES).watched_since == clock.now()


async def test_a_clock_that_went_back_is_a_gap(fleet: list[Activity], clock: FakeClock) -> None:
    """What people wrote lies in the future then, and the guild would look dead."""
    await people_speak(fleet, clock, 50)
    await watch(fleet, clock, 40)
    clock.set_wall(clock.now() - timedelta(hours=2))
    assert fleet[0].reading(GUILD, RULES).watched_since is None

    await fleet[0].watch([GUILD], RULES)
    move = await fleet[0].take_round(GUILD, RULES, roll=0.0)
    assert (move.act, move.detail) == (Act.NOTHING, "watched for 0 min only")


async def test_a_clock_that_went_back_a_little_forgets_nobody(
    fleet: list[Activity], clock: FakeClock
) -> None:
    await people_speak(fleet, clock, 5)
    clock.set_wall(clock.now() - timedelta(minutes=2))

    assert fleet[0].reading(GUILD, RULES).messages == 5


async def test_nothing_happens_before_a_guild_was_watched_for_long_enough(
    home: Home, fleet: list[Activity], clock: FakeClock
) -> None:
    await watch(fleet, clock, 29)
    early = await fleet[0].take_round(GUILD, RULES, roll=0.0)
    assert early.act is Act.NOTHING
    assert rows(home.database, "SELECT count(*) FROM activity_rounds") == [(0,)]

    await watch(fleet, clock, 1)
    assert (await fleet[0].take_round(GUILD, RULES, roll=0.0)).act is Act.CONVERSE


async def test_one_bot_acts_in_each_round(
    home: Home, fleet: list[Activity], clock: FakeClock
) -> None:
    """Also when its roll is lost: more bots do not make more odds."""
    await watch(fleet, clock, 30)
    moves = [await bot.take_round(GUILD, RULES, roll=0.9) for bot in fleet]
    assert [move.round is not None for move in moves] == [True, False, False]
    assert [move.act for move in moves] == [Act.NOTHING] * 3
    assert moves[1].detail == "round taken by sage"

    await watch(fleet, clock, 15)
    moves = [await bot.take_round(GUILD, RULES, roll=0.5) for bot in reversed(fleet)]
    assert [move.act for move in moves] == [Act.POST, Act.NOTHING, Act.NOTHING]
    assert rows(home.database, "SELECT bot_name, act FROM activity_rounds ORDER BY round") == [
        ("sage", "nothing"),
        ("logic", "post"),
    ]


async def test_a_lively_guild_takes_no_round(
    home: Home, fleet: list[Activity], clock: FakeClock
) -> None:
    await watch(fleet, clock, 30)
    await people_speak(fleet, clock, 15)
    move = await fleet[0].take_round(GUILD, RULES, roll=0.0)

    assert (move.act, move.level) == (Act.NOTHING, Level.ACTIVE)
    assert rows(home.database, "SELECT count(*) FROM activity_rounds") == [(0,)]


async def test_guilds_have_rounds_of_their_own(fleet: list[Activity], clock: FakeClock) -> None:
    for _ in range(31):
        await fleet[0].watch([GUILD, "2"], RULES)
        clock.tick(60)

    moves = [await fleet[0].take_round(guild, RULES, roll=0.0) for guild in (GUILD, "2")]
    assert [move.act for move in moves] == [Act.CONVERSE] * 2


async def test_what_came_of_a_round_is_kept(fleet: list[Activity], clock: FakeClock) -> None:
    await watch(fleet, clock, 30)
    move = await fleet[0].take_round(GUILD, RULES, roll=0.1)
    assert move.round is not None
    await fleet[0].note(GUILD, move.round, "no other bot is here")
    await fleet[1].note(GUILD, move.round, "not its round")

    (found,) = fleet[1].rounds(clock.now() - timedelta(hours=1))
    assert (found.bot_name, found.act, found.roll) == (SAGE, Act.CONVERSE, 0.1)
    assert (found.level, found.rate, found.outcome) == ("dead_quiet", 0.0, "no other bot is here")
    assert fleet[1].rounds(clock.now() + timedelta(seconds=1)) == ()


async def test_switched_off_nothing_is_taken(
    home: Home, fleet: list[Activity], clock: FakeClock
) -> None:
    await watch(fleet, clock, 30)
    move = await fleet[0].take_round(GUILD, replace(RULES, enabled=False), roll=0.0)

    assert move.act is Act.NOTHING
    assert rows(home.database, "SELECT count(*) FROM activity_rounds") == [(0,)]


async def test_watching_no_guild_writes_nothing(home: Home, open_bot: OpenBot) -> None:
    await open_bot(SPARK).activity.watch([], RULES)

    assert rows(home.database, "SELECT count(*) FROM activity_watches") == [(0,)]
