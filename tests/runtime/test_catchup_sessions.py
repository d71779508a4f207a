"""Catch-up while things happen: new messages, new sessions, trouble with Discord and the store."""

import asyncio
from dataclasses import replace

import pytest

from multibot.home import Home
from tests.fakes import FakeClock
from tests.runtime.absence import (
    CREATIVE,
    DIRECT,
    LOUNGE,
    ME,
    Past,
    first_life,
    life,
)

ANSWERED = ("answered", "answered")
PLACES = (LOUNGE, CREATIVE)


@pytest.fixture
def past(clock: FakeClock) -> Past:
    return Past(clock)


async def test_new_messages_wait_behind_those_that_were_missed(home: Home, past: Past) -> None:
    await first_life(home, past, *PLACES)
    past.post(LOUNGE, "missed", author_id="500")
    past.hold = asyncio.Event()
    async with life(home, past) as sage:
        sage.catchup.connected()
        sage.catchup.listed(past.now(*PLACES))
        sage.hears(past.post(LOUNGE, "live", author_id="500"))
        sage.hears(past.post(CREATIVE, "elsewhere", mentioned_ids=frozenset({ME})))
        sage.catchup.guilds_are_here()
        await sage.rest()
        assert sage.texts == ["re: elsewhere"]

        past.hold.set()
        await sage.rest()
        assert sage.texts == ["re: elsewhere", "re: missed", "re: live"]
        assert sage.cursors()["10"] == past.posted["10"][-1].message_id


async def test_new_messages_do_not_wait_for_ever(home: Home, past: Past) -> None:
    """A killed process still finds again what it had not read."""
    await first_life(home, past, LOUNGE)
    missed = past.post(LOUNGE, "missed")
    past.hold = asyncio.Event()
    async with life(home, past) as sage:
        before = sage.cursors()["10"]
        await sage.ready(LOUNGE)
        sage.hears(past.post(LOUNGE, "live"))
        await sage.clock.advance(10)
        await sage.rest()

        assert sage.texts == ["re: live"]
        assert sage.cursors()["10"] == before
    past.hold = None
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)

        assert sage.texts == ["re: missed"]
        assert sage.cursors()["10"] == past.posted["10"][-1].message_id
        assert sage.decisions()[missed.message_id] == ANSWERED


async def test_two_sessions_in_quick_succession_catch_up_once(home: Home, past: Past) -> None:
    await first_life(home, past, LOUNGE)
    past.post(LOUNGE, "missed")
    async with life(home, past) as sage:
        past.hold = asyncio.Event()
        await sage.ready(LOUNGE)
        past.post(LOUNGE, "missed too")
        await sage.ready(LOUNGE)
        past.hold.set()
        await sage.rest()

        assert sage.texts == ["re: missed", "re: missed too"]


async def test_a_new_session_without_a_restart_catches_up(home: Home, past: Past) -> None:
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)
        sage.hears(past.post(LOUNGE, "live"))
        await sage.rest()
        said = past.post(LOUNGE, "missed")
        await sage.ready(LOUNGE)

        assert sage.texts == ["re: live", "re: missed"]
        assert sage.cursors()["10"] == said.message_id


async def test_what_comes_by_both_ways_is_answered_once(home: Home, past: Past) -> None:
    await first_life(home, past, LOUNGE)
    said = past.post(LOUNGE, "twice")
    async with life(home, past) as sage:
        sage.catchup.connected()
        for _ in range(3):
            sage.hears(said)
        sage.catchup.listed(past.now(LOUNGE))
        sage.catchup.guilds_are_here()
        for _ in range(3):
            sage.hears(said)
        await sage.rest()

        assert sage.texts == ["re: twice"]


async def test_a_channel_that_may_not_be_read_is_passed_over(home: Home, past: Past) -> None:
    await first_life(home, past, *PLACES)
    hidden, missed = past.post(LOUNGE), past.post(CREATIVE, "<@900>", mentioned_ids=frozenset({ME}))
    past.hidden.add("10")
    async with life(home, past) as sage:
        await sage.ready(*PLACES)

        assert sage.cursors() == {"10": hidden.message_id, "20": missed.message_id}
        assert sage.texts == ["re: <@900>"]


async def test_a_history_that_cannot_be_had_is_asked_for_again(home: Home, past: Past) -> None:
    await first_life(home, past, LOUNGE)
    missed = [past.post(LOUNGE, f"missed {n}", author_id="500") for n in range(3)]
    past.failures = 1
    async with life(home, past) as sage:
        before = sage.cursors()["10"]
        sage.catchup.connected()
        sage.catchup.listed(past.now(LOUNGE))
        sage.catchup.guilds_are_here()
        await sage.clock.advance(0.5)
        assert (sage.texts, sage.cursors()["10"]) == ([], before)
        await sage.rest()
        await sage.clock.advance(5)
        await sage.rest()

        assert sage.texts == ["re: missed 0", "re: missed 1", "re: missed 2"]
        assert sage.cursors()["10"] == missed[-1].message_id


async def test_a_guild_that_was_away_is_looked_at_again(home: Home, past: Past) -> None:
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)
        past.post(LOUNGE, "while it was away")
        sage.catchup.listed(past.now(LOUNGE))
        await sage.clock.advance(1)
        await sage.rest()
        assert sage.texts == ["re: while it was away"]

        past.asked.clear()
        sage.catchup.listed(past.now(LOUNGE))
        await sage.rest()
        assert past.asked == []


async def test_a_message_that_could_not_be_handled_is_read_again(home: Home, past: Past) -> None:
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)
        said = past.post(LOUNGE, "unlucky")

        async def fail() -> None:
            raise RuntimeError("a bug")

        sage.hears(replace(said, read=fail))  # type: ignore[arg-type]
        await sage.rest()
        await sage.clock.advance(2)
        await sage.rest()

        assert sage.texts == ["re: unlucky"]
        assert sage.cursors()["10"] == said.message_id
        assert not sage.catchup._entrance._tries


async def test_a_message_that_never_can_be_handled_is_given_up(home: Home, past: Past) -> None:
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)
        said = past.post(LOUNGE, "cursed")

        async def fail() -> None:
            raise RuntimeError("a bug")

        past.posted["10"][-1] = replace(said, read=fail)  # type: ignore[arg-type]
        sage.hears(past.posted["10"][-1])
        for _ in range(4):
            await sage.rest()
            await sage.clock.advance(30)
        after = past.post(LOUNGE, "fine")
        sage.hears(after)
        await sage.rest()

        assert sage.texts == ["re: fine"]
        assert sage.cursors()["10"] == after.message_id
        assert len(past.asked) == 2


async def test_own_messages_are_passed_over(home: Home, past: Past) -> None:
    await first_life(home, past, LOUNGE)
    own = past.post(LOUNGE, "mine", author_id=ME)
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)
        assert own.message_id not in sage.decisions()
        assert sage.cursors()["10"] == own.message_id

        said = past.post(LOUNGE, "mine too", author_id=ME)
        sage.hears(said)
        await sage.rest()
        assert sage.cursors()["10"] == said.message_id


async def test_a_first_start_counts_as_soon_as_a_guild_is_described(home: Home, past: Past) -> None:
    """A bot killed before all guilds were there was here all the same."""
    async with life(home, past) as sage:
        sage.catchup.connected()
        sage.catchup.listed(past.now(LOUNGE))
        await sage.rest()
    past.post(LOUNGE, "missed")
    async with life(home, past) as sage:
        await sage.ready(*PLACES)

        assert sage.texts == ["re: missed"]


async def test_somebody_new_is_answered_in_private_without_delay(home: Home, past: Past) -> None:
    await first_life(home, past, LOUNGE)
    async with life(home, past) as sage:
        sage.catchup.connected()
        await sage.rest()
        said = past.post(DIRECT, "hello")
        sage.hears(said)
        await sage.rest()

        assert sage.texts == ["re: hello"]
        assert sage.cursors()["77"] == said.message_id
