"""Catch-up of a bot that many know: bounded requests, bounded writes, nothing replayed."""

import asyncio

import pytest

from multibot.home import Home
from multibot.runtime import catchup
from multibot.runtime.backlog import Place
from multibot.store import cursors
from multibot.store.cursors import Cursor
from tests.fakes import FakeClock
from tests.runtime.absence import (
    CREATIVE,
    LOUNGE,
    ME,
    Life,
    Past,
    first_life,
    incidents,
    life,
    place,
)

GUILDS = [[place(str(100 * guild + number)) for number in range(30)] for guild in range(1, 9)]


@pytest.fixture
def past(clock: FakeClock) -> Past:
    return Past(clock)


async def watch(sage: Life) -> list[str]:
    """Return what this process will have written."""
    statements: list[str] = []
    await sage.cast.store.writer.run(lambda at: at.set_trace_callback(statements.append))
    return statements


async def know(sage: Life, count: int) -> list[Place]:
    """Give the bot so many private conversations; return them latest first."""
    found = [Place(channel_id=str(5000 + number)) for number in range(count)]
    moves = [Cursor(each.channel_id, each.channel_id, is_dm=True) for each in found]
    await sage.cast.store.cursors.release(moves)
    return found[::-1]


async def test_a_guild_that_comes_late_to_the_very_first_start_is_not_replayed(
    home: Home, past: Past
) -> None:
    before = past.post(CREATIVE, "before the bot was here")
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)
        sage.catchup.listed(past.now(CREATIVE))
        await sage.rest()
        assert (sage.texts, past.asked) == ([], [])
        assert sage.cursors()["20"] == before.message_id

        past.post(CREATIVE, "missed", mentioned_ids=frozenset({ME}))
        sage.catchup.listed(past.now(CREATIVE))
        await sage.rest()
        await sage.clock.advance(2)
        await sage.rest()
        assert sage.texts == ["re: missed"]


async def test_the_first_start_writes_each_cursor_once(home: Home, past: Past) -> None:
    async with life(home, past) as sage:
        sage.catchup.connected()
        await sage.rest()
        written = await watch(sage)
        for _ in range(2):
            for guild in GUILDS:
                sage.catchup.listed(guild)
        sage.catchup.guilds_are_here()
        await sage.rest()

        places = sum(len(guild) for guild in GUILDS)
        assert len(sage.cursors()) == places
        assert sum("channel_cursors" in each for each in written) == places


async def test_other_writes_go_between_the_slices_of_many_cursors(home: Home, past: Past) -> None:
    async with life(home, past) as sage:
        writing = asyncio.create_task(know(sage, 2 * cursors.SLICE + 1))
        await asyncio.sleep(0)
        count = "SELECT count(*) FROM channel_cursors"
        found = await sage.cast.store.writer.run(lambda at: at.execute(count).fetchone())
        await writing

        assert found == (cursors.SLICE,)
        assert len(sage.cursors()) == 2 * cursors.SLICE + 1


async def test_silent_private_conversations_do_not_keep_guilds_waiting(
    home: Home, past: Past
) -> None:
    await first_life(home, past, LOUNGE)
    async with life(home, past) as sage:
        direct = await know(sage, catchup.DIRECT_FIRST + 20)
    said = past.post(LOUNGE, "missed")
    oldest = past.post(direct[-1], "missed in private")
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)

        asked = [channel for channel, _ in past.asked]
        assert asked.index("10") == catchup.DIRECT_FIRST
        assert len(asked) == catchup.DIRECT_FIRST + 21
        assert sage.decisions()[said.message_id] == ("answered", "answered")
        assert sage.decisions()[oldest.message_id] == ("answered", "answered")
        assert incidents(home) == []


async def test_very_many_private_conversations_are_not_all_asked(home: Home, past: Past) -> None:
    await first_life(home, past, LOUNGE)
    async with life(home, past) as sage:
        direct = await know(sage, catchup.DIRECT_AT_MOST + 3)
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)
        await sage.rest()

        asked = [channel for channel, _ in past.asked]
        assert asked == [each.channel_id for each in direct[: catchup.DIRECT_AT_MOST]]
        assert incidents(home) == [
            ("catchup_left_out", "3 private conversations were not looked at")
        ]
        sage.hears(past.post(direct[-1], "hello"))
        await sage.rest()
        assert sage.texts == ["re: hello"]


async def test_a_guild_that_was_away_and_silent_is_not_read(home: Home, past: Past) -> None:
    await first_life(home, past, LOUNGE, CREATIVE)
    async with life(home, past) as sage:
        await sage.ready(LOUNGE, CREATIVE)
        sage.catchup.listed(past.now(LOUNGE, CREATIVE))
        await sage.rest()
        await sage.clock.advance(2)
        await sage.rest()

        assert past.asked == []
