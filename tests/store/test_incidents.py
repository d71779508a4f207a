"""What went wrong is kept once per hour and kind, with how often and when."""

import subprocess
import sys
from datetime import timedelta

from multibot.home import Home
from multibot.store.incidents import Kind, recent
from multibot.store.stores import BotStore
from tests.fakes import FakeClock
from tests.store.conftest import OpenBot
from tests.store.material import SPARK, START

HOUR = timedelta(hours=1)


async def test_the_same_trouble_within_an_hour_is_counted(
    home: Home, store: BotStore, clock: FakeClock
) -> None:
    began = clock.now()
    await store.incidents.record(Kind.DEGRADED, "the disk is full")
    clock.tick(3599)
    await store.incidents.record(Kind.DEGRADED, "another program holds the lock")
    clock.tick(3600)
    await store.incidents.record(Kind.DEGRADED, "the disk is full again")

    (incident,) = recent(home.database, began)
    assert (incident.count, incident.detail) == (3, "the disk is full again")
    assert (incident.first_at, incident.last_at) == (began, clock.now())


async def test_after_more_than_an_hour_it_is_another_one(
    home: Home, store: BotStore, clock: FakeClock
) -> None:
    await store.incidents.record(Kind.CRASH)
    clock.tick(3601)
    await store.incidents.record(Kind.CRASH)

    assert [each.count for each in recent(home.database, START - HOUR)] == [1, 1]


async def test_kinds_and_bots_are_counted_apart(home: Home, open_bot: OpenBot) -> None:
    sage, spark = open_bot(), open_bot(SPARK)
    for store in (sage, spark, sage):
        await store.incidents.record(Kind.CRASH)
    await sage.incidents.record(Kind.PARKED)

    found = {(each.bot_name, each.kind): each.count for each in recent(home.database, START - HOUR)}
    assert found == {("sage", "crash"): 2, ("spark", "crash"): 1, ("sage", "parked"): 1}


async def test_the_newest_comes_first_and_older_ones_than_asked_for_do_not_come(
    home: Home, store: BotStore, clock: FakeClock
) -> None:
    for kind in (Kind.CRASH, Kind.WATCHDOG, Kind.PARKED):
        await store.incidents.record(kind)
        clock.tick(60)

    found = recent(home.database, clock.now() - timedelta(seconds=120))
    assert [each.kind for each in found] == ["parked", "watchdog"]


async def test_an_earlier_moment_may_be_given(
    home: Home, store: BotStore, clock: FakeClock
) -> None:
    hung = clock.now() - timedelta(minutes=2)
    await store.incidents.record(Kind.WATCHDOG, "no tick", at=hung)

    assert recent(home.database, hung)[0].last_at == hung


async def test_a_clock_set_back_counts_on_and_never_goes_back(
    home: Home, store: BotStore, clock: FakeClock
) -> None:
    at = clock.now()
    await store.incidents.record(Kind.CRASH)
    clock.set_wall(at - timedelta(days=1))
    await store.incidents.record(Kind.CRASH)

    (incident,) = recent(home.database, at)
    assert (incident.count, incident.last_at) == (2, at)


async def test_half_a_surrogate_pair_in_the_detail_is_kept_readable(
    home: Home, store: BotStore
) -> None:
    await store.incidents.record(Kind.CRASH, "broken \ud83d text")

    assert recent(home.database, START - HOUR)[0].detail == "broken ? text"


def test_without_a_database_there_are_none(home: Home) -> None:
    assert recent(home.database, START) == ()


def test_reading_is_light() -> None:
    program = "import sys, multibot.store.incidents; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert {"aiosql", "asyncio", "sqlite_utils", "structlog"}.isdisjoint(done.stdout.split())
