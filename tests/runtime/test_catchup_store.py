"""Catch-up with a store that is full for a while: nothing is given up, and nothing is passed over."""

import pytest

from multibot.home import Home
from multibot.runtime.backlog import Place
from tests.fakes import FakeClock
from tests.runtime.absence import CREATIVE, DIRECT, LOUNGE, Life, Past, first_life, life

# More than any page has room for.
LONG = "and so on " * 600
# SQLite makes as much of 1 as there is already.
FULL, ROOMY = 1, 1_000_000
BEATS = 12


@pytest.fixture
def past(clock: FakeClock) -> Past:
    return Past(clock)


async def room(sage: Life, pages: int) -> None:
    """Let the database grow to so many pages, and at least be as large as it is."""
    await sage.cast.store.writer.run(
        lambda writing: writing.execute(f"PRAGMA max_page_count = {pages}").fetchone()
    )


async def beat(sage: Life) -> None:
    """Write the bot's row, as it does every five seconds."""
    await sage.clock.advance(5)
    await sage.cast.pulse.write(sage.cast.store.fleet)
    await sage.rest()


async def test_a_full_store_never_costs_a_message(home: Home, past: Past) -> None:
    await first_life(home, past, LOUNGE)
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)
        await room(sage, FULL)
        said = past.post(LOUNGE, LONG)
        sage.hears(said)
        for _ in range(BEATS):
            await beat(sage)
        assert said.message_id not in sage.decisions()

        await room(sage, ROOMY)
        for _ in range(5):
            await beat(sage)
        assert sage.decisions()[said.message_id] == ("answered", "answered")


async def test_discord_is_asked_less_and_less_often_while_nothing_can_be_stored(
    home: Home, past: Past
) -> None:
    """Heartbeats go on: a full store may have room for a row that is there already."""
    await first_life(home, past, LOUNGE)
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)
        await room(sage, FULL)
        sage.hears(past.post(LOUNGE, LONG))
        for _ in range(2 * BEATS):
            await beat(sage)
        # After 1 and 5 seconds, then each 25.
        assert 4 <= len(past.asked) <= 8
        await room(sage, ROOMY)


@pytest.mark.parametrize("where", [DIRECT, CREATIVE])
async def test_nothing_is_lost_in_a_place_of_which_nothing_was_known(
    home: Home, past: Past, where: Place
) -> None:
    """While the store was away a new gateway session came, and afterwards others spoke first."""
    await first_life(home, past, LOUNGE)
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)
        await room(sage, FULL)
        said = past.post(where, LONG)
        sage.hears(said)
        await sage.rest()
        past.clock.tick(1800)
        await sage.ready(LOUNGE)
        await room(sage, ROOMY)
        sage.hears(past.post(LOUNGE, "later"))
        for _ in range(5):
            await beat(sage)

        assert said.message_id in sage.decisions()


async def test_what_stood_there_before_the_very_first_start_is_not_read_for_a_lost_message(
    home: Home, past: Past
) -> None:
    before = past.post(LOUNGE, "before the bot was here")
    async with life(home, past) as sage:
        await room(sage, FULL)
        sage.catchup.connected()
        sage.catchup.listed([*past.now(LOUNGE)])
        said = past.post(LOUNGE, LONG)
        sage.hears(said)
        await sage.rest()
        await room(sage, ROOMY)
        for _ in range(5):
            await beat(sage)

        assert said.message_id in sage.decisions()
        assert before.message_id not in sage.decisions()


async def test_a_store_that_takes_no_heartbeat_is_waited_for(home: Home, past: Past) -> None:
    """Discord is not asked again and again for what cannot be stored anyway."""
    await first_life(home, past, LOUNGE)
    async with life(home, past) as sage:
        await sage.ready(LOUNGE)
        await room(sage, FULL)
        sage.hears(past.post(LOUNGE, LONG))
        await sage.rest()
        past.asked.clear()
        for _ in range(BEATS):
            await sage.clock.advance(5)
            await sage.rest()
        assert past.asked == []


async def test_a_message_lost_during_the_very_first_start_is_found_again(
    home: Home, past: Past
) -> None:
    """discord.py says that it is ready two seconds after READY; that must not pass it over."""
    async with life(home, past) as sage:
        sage.catchup.connected()
        sage.catchup.listed(past.now(LOUNGE))
        await sage.rest()
        await room(sage, FULL)
        said = past.post(LOUNGE, LONG)
        sage.hears(said)
        await sage.rest()
        sage.catchup.listed(past.now(LOUNGE))
        sage.catchup.guilds_are_here()
        await room(sage, ROOMY)
        sage.hears(past.post(LOUNGE, "later"))
        for _ in range(5):
            await beat(sage)

        assert sage.decisions()[said.message_id] == ("answered", "answered")
