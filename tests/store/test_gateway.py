"""What counts against Discord's limits is kept in rows, over restarts and clock steps."""

import asyncio
from datetime import timedelta

from multibot.conversation.message import BotName
from multibot.home import Home
from multibot.store.stores import BotStore
from tests.fakes import FakeClock
from tests.store.conftest import OpenBot
from tests.store.material import SPARK, START, rows

TEN_MINUTES = timedelta(minutes=10)


async def test_gateway_starts_are_counted_per_bot_and_over_restarts(
    home: Home, open_bot: OpenBot, clock: FakeClock
) -> None:
    sage, spark = open_bot(), open_bot(SPARK)
    await sage.gateway.record_start()
    await spark.gateway.record_start()
    clock.tick(5)
    await sage.gateway.record_start()

    assert rows(home.database, "SELECT bot_name, started_at FROM gateway_starts ORDER BY id") == [
        ("sage", "2026-01-01T12:00:00.000Z"),
        ("spark", "2026-01-01T12:00:00.000Z"),
        ("sage", "2026-01-01T12:00:05.000Z"),
    ]
    again = open_bot()
    assert await again.gateway.starts() == (START, START + timedelta(seconds=5))
    assert (again.gateway.count_starts(), spark.gateway.count_starts()) == (2, 1)


async def test_a_start_counts_for_24_hours(store: BotStore, clock: FakeClock) -> None:
    await store.gateway.record_start()
    clock.tick(86_399.999)
    assert (await store.gateway.starts(), store.gateway.count_starts()) == ((START,), 1)
    clock.tick(0.001)
    assert (await store.gateway.starts(), store.gateway.count_starts()) == ((), 0)


async def test_starts_from_before_the_clock_went_back_age_from_then_on(
    open_bot: OpenBot, clock: FakeClock
) -> None:
    """They count as of the moment that saw them first, for 24 hours and not for ever."""
    sage, spark = open_bot(), open_bot(SPARK)
    await sage.gateway.record_start()
    await spark.gateway.record_start()
    back = START - timedelta(days=300)
    clock.set_wall(back)

    assert await sage.gateway.starts() == (back,)
    clock.tick(3600)
    assert await open_bot().gateway.starts() == (back,)
    clock.tick(23 * 3600)
    assert await sage.gateway.starts() == ()
    assert await spark.gateway.starts() == (back + timedelta(days=1),)


async def test_refusals_are_counted_for_the_whole_host(
    home: Home, open_bot: OpenBot, clock: FakeClock
) -> None:
    bots = [open_bot(BotName(f"bot{number}")) for number in range(4)]
    await asyncio.gather(*(each.gateway.count_refusal(403) for each in bots for _ in range(25)))
    await bots[0].gateway.count_refusal(429)
    clock.tick(60)
    await bots[1].gateway.count_refusal(403)

    assert [each.gateway.refusals(TEN_MINUTES) for each in bots] == [102] * 4
    assert rows(home.database, "SELECT minute, status, count FROM http_errors") == [
        ("2026-01-01T12:00:00.000Z", 403, 100),
        ("2026-01-01T12:00:00.000Z", 429, 1),
        ("2026-01-01T12:01:00.000Z", 403, 1),
    ]


async def test_a_refusal_counts_for_ten_minutes_at_least(store: BotStore, clock: FakeClock) -> None:
    clock.tick(59.9)
    await store.gateway.count_refusal(403)
    clock.tick(600)
    assert store.gateway.refusals(TEN_MINUTES) == 1
    clock.tick(60)
    assert store.gateway.refusals(TEN_MINUTES) == 0


async def test_refusals_from_before_the_clock_went_back_do_not_count(
    store: BotStore, clock: FakeClock
) -> None:
    await store.gateway.count_refusal(403)
    clock.set_wall(START - timedelta(days=1))
    assert store.gateway.refusals(TEN_MINUTES) == 0
