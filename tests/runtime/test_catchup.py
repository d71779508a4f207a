"""What was missed is found again: once, in order, within bounds."""

import asyncio
from datetime import timedelta

import pytest

from multibot.config.fleet import Catchup, Limits
from multibot.home import Home
from multibot.runtime.backlog import Place
from tests.fakes import FakeClock
from tests.runtime.absence import (
    CREATIVE,
    DIRECT,
    LOUNGE,
    ME,
    Past,
    first_life,
    incidents,
    life,
    place,
)

ANSWERED = ("answered", "answered")
EXPIRED = ("declined", "expired")
PLACES = (LOUNGE, CREATIVE)


@pytest.fixture
def past(clock: FakeClock) -> Past:
    return Past(clock)


async def test_the_very_first_start_replays_nothing(home: Home, past: Past) -> None:
    past.post(LOUNGE)
    async with life(home, past) as sage:
        await sage.ready(*PLACES)

        assert (sage.texts, past.asked, sage.decisions()) == ([], [], {})
        assert sage.cursors() == {"10": past.posted["10"][0].message_id, "20": "20"}


async def test_a_message_during_the_very_first_start_is_answered(home: Home, past: Past) -> None:
    async with life(home, past) as sage:
        sage.catchup.connected()
        sage.hears(past.post(LOUNGE, "now"))
        sage.catchup.listed(past.now(*PLACES))
        sage.catchup.guilds_are_here()
        await sage.rest()

        assert sage.texts == ["re: now"]
        assert sage.cursors()["10"] == past.posted["10"][0].message_id


async def test_nothing_is_asked_where_nothing_was_missed(home: Home, past: Past) -> None:
    await first_life(home, past, *PLACES)
    async with life(home, past) as sage:
        await sage.ready(*PLACES)

        assert past.asked == []
        said = past.post(LOUNGE, "new")
        sage.hears(said)
        await sage.rest()
        assert sage.texts == ["re: new"]
        assert sage.cursors()["10"] == said.message_id


async def test_what_was_missed_is_answered_once_and_in_order(home: Home, past: Past) -> None:
    await first_life(home, past, *PLACES)
    missed = [past.post(LOUNGE, f"missed {n}", author_id="500") for n in range(5)]
    async with life(home, past) as sage:
        await sage.ready(*PLACES)
        assert sage.texts == [f"re: missed {n}" for n in range(5)]
        assert {each.message_id: ANSWERED for each in missed}.items() <= sage.decisions().items()
        assert sage.cursors()["10"] == missed[-1].message_id
    past.asked.clear()
    async with life(home, past) as sage:
        await sage.ready(*PLACES)
        assert (sage.texts, past.asked) == ([], [])


@pytest.mark.parametrize(
    ("age", "outcome"),
    [(0, ANSWERED), (599, ANSWERED), (600, ANSWERED), (601, EXPIRED), (1800, EXPIRED)],
)
async def test_only_what_is_young_enough_is_answered(
    home: Home, past: Past, age: float, outcome: tuple[str, str]
) -> None:
    await first_life(home, past, LOUNGE)
    said = past.post(LOUNGE, "missed")
    past.clock.tick(age)
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)

        assert sage.decisions()[said.message_id] == outcome
        assert len(sage.texts) == (outcome == ANSWERED)
        assert sage.cursors()["10"] == said.message_id


async def test_old_ones_keep_the_reason_they_would_have_had(home: Home, past: Past) -> None:
    await first_life(home, past, *PLACES)
    elsewhere = past.post(CREATIVE)
    system = past.post(LOUNGE, is_system=True)
    past.clock.tick(1800)
    async with life(home, past) as sage:
        await sage.ready(*PLACES)

        found = sage.decisions()
        assert found[elsewhere.message_id] == ("declined", "pattern_mismatch")
        assert found[system.message_id] == ("declined", "not_addressed")


@pytest.mark.parametrize("age", [10, 1800])
async def test_strangers_leave_nothing(home: Home, past: Past, age: float) -> None:
    await first_life(home, past, LOUNGE)
    said = past.post(LOUNGE, author_id="666")
    past.clock.tick(age)
    async with life(home, past, limits=Limits(allowed_user_ids=frozenset({"500"}))) as sage:
        await sage.ready(LOUNGE)

        assert said.message_id not in sage.decisions()
        assert (sage.texts, sage.cursors()["10"]) == ([], said.message_id)


async def test_private_messages_come_first_then_mentions(home: Home, past: Past) -> None:
    other = place("30")
    await first_life(home, past, LOUNGE, other, DIRECT)
    past.post(other, "in other", mentioned_ids=frozenset({ME}))
    past.post(LOUNGE, "in lounge")
    past.post(DIRECT, "in private", author_id="500")
    async with life(home, past) as sage:
        sage.cast.responder.hold = asyncio.Event()
        await sage.ready(LOUNGE, other)

        asked = [prompt.turns[-1].content for prompt in sage.cast.responder.prompts]
        assert asked[0] == "in private"
        assert set(asked) == {"in private", "in other", "in lounge"}
        assert past.asked[0][0] == "77"
        order = [*sage.decisions()]
        assert order[-3:] == [past.posted[each][-1].message_id for each in ("77", "30", "10")]
        sage.cast.responder.hold.set()


async def test_private_conversations_are_asked_latest_first(home: Home, past: Past) -> None:
    directs = [Place(channel_id=str(number)) for number in range(70, 76)]
    await first_life(home, past, *directs)
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)

        assert [channel for channel, _ in past.asked] == ["75", "74", "73", "72", "71", "70"]


async def test_private_conversations_that_are_not_wanted_are_not_asked(
    home: Home, past: Past
) -> None:
    await first_life(home, past, DIRECT)
    past.post(DIRECT)
    async with life(home, past, limits=Limits(allow_dms=False)) as sage:
        await sage.ready(LOUNGE)

        assert past.asked == []


@pytest.mark.parametrize(
    "limits",
    [Limits(allowed_guild_ids=frozenset({"2"})), Limits(allowed_channel_ids=frozenset({"20"}))],
)
async def test_places_that_are_not_allowed_are_not_asked(
    home: Home, past: Past, limits: Limits
) -> None:
    await first_life(home, past, LOUNGE)
    past.post(LOUNGE)
    async with life(home, past, limits=limits) as sage:
        await sage.ready(LOUNGE)

        assert past.asked == []


async def test_a_thread_of_an_allowed_channel_is_allowed(home: Home, past: Past) -> None:
    thread = place("40", "a talk", parent_id="10")
    await first_life(home, past, thread)
    past.post(thread)
    async with life(home, past, limits=Limits(allowed_channel_ids=frozenset({"10"}))) as sage:
        await sage.ready(thread)

        assert [channel for channel, _ in past.asked] == ["40"]


async def test_a_new_channel_starts_at_its_beginning(home: Home, past: Past) -> None:
    await first_life(home, past, LOUNGE)
    new = place(str(int(past.posted["10"][-1].message_id) + 1))
    said = past.post(new, "first here")
    async with life(home, past) as sage:
        await sage.ready(LOUNGE, new)

        assert sage.texts == ["re: first here"]
        assert past.asked == [(new.channel_id, new.channel_id)]
        assert sage.cursors()[new.channel_id] == said.message_id


async def test_what_was_said_before_the_bot_came_to_a_place_is_not_its_own(
    home: Home, past: Past
) -> None:
    joined = place("50")
    past.post(joined, "long ago")
    past.clock.tick(3600)
    await first_life(home, past, LOUNGE)
    said = past.post(joined, "hello bot")
    async with life(home, past) as sage:
        await sage.ready(LOUNGE, joined)

        assert sage.texts == ["re: hello bot"]
        assert len(sage.decisions()) == 2
        assert sage.cursors()["50"] == said.message_id


@pytest.mark.parametrize(("per_channel", "per_start"), [(3, 2000), (200, 3)])
async def test_what_is_over_the_limit_is_an_incident(
    home: Home, past: Past, per_channel: int, per_start: int
) -> None:
    await first_life(home, past, LOUNGE)
    missed = [past.post(LOUNGE, f"missed {n}") for n in range(5)]
    rules = Catchup(per_channel=per_channel, per_start=per_start)
    async with life(home, past, catchup=rules) as sage:
        await sage.ready(LOUNGE)

        assert sage.texts == ["re: missed 2", "re: missed 3", "re: missed 4"]
        assert sage.cursors()["10"] == missed[-1].message_id
        assert incidents(home) == [
            ("catchup_left_out", "missed messages were left out in philosophy")
        ]


async def test_exactly_the_limit_leaves_nothing_out(home: Home, past: Past) -> None:
    await first_life(home, past, LOUNGE)
    for _ in range(3):
        past.post(LOUNGE)
    async with life(home, past, catchup=Catchup(per_channel=3, per_start=3)) as sage:
        await sage.ready(LOUNGE)

        assert (len(sage.texts), incidents(home)) == (3, [])


async def test_young_ones_go_before_old_ones_of_any_channel(home: Home, past: Past) -> None:
    await first_life(home, past, *PLACES)
    for _ in range(3):
        past.post(CREATIVE, "old", mentioned_ids=frozenset({ME}))
    past.clock.tick(1800)
    past.post(LOUNGE, "young")
    async with life(home, past, catchup=Catchup(per_start=2)) as sage:
        await sage.ready(*PLACES)

        assert sage.texts == ["re: young"]
        assert [*sage.decisions().values()].count(EXPIRED) == 1


async def test_a_user_is_limited_as_when_the_messages_were_written(home: Home, past: Past) -> None:
    await first_life(home, past, LOUNGE)
    for _ in range(6):
        past.post(LOUNGE, "patient", author_id="500")
        past.clock.tick(timedelta(seconds=30).total_seconds())
    async with life(home, past, limits=Limits(max_requests_per_minute=2)) as sage:
        await sage.ready(LOUNGE)

        assert sage.texts == ["re: patient"] * 6
