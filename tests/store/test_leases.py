"""Work that one process does for all: one holder, by a number that rises, for as long as it lives."""

from datetime import timedelta

import pytest

from multibot.home import Home
from multibot.store.leases import LONGEST, Lease, Leases
from multibot.store.stores import BotStore
from tests.fakes import FakeClock
from tests.store.crowd import ended, spawn, start, together
from tests.store.material import LEASE, rows

SIX = [f"bot{number}" for number in range(6)]


@pytest.fixture
def one(clock: FakeClock) -> Leases:
    return Leases("one", clock)


@pytest.fixture
def two(clock: FakeClock) -> Leases:
    return Leases("two", clock)


async def take(store: BotStore, leases: Leases, length: timedelta = LEASE) -> Lease | None:
    return await store.writer.run(lambda writing: leases.take(writing, "work", length))


async def taken(store: BotStore, leases: Leases) -> Lease:
    lease = await take(store, leases)
    assert lease is not None
    return lease


async def test_a_lease_has_one_holder_until_exactly_its_end(
    store: BotStore, clock: FakeClock, one: Leases, two: Leases
) -> None:
    lease = await taken(store, one)
    clock.tick(LEASE.total_seconds() - 0.001)
    assert await take(store, two) is None
    assert not lease.is_over(clock.now())
    clock.tick(0.001)
    assert lease.is_over(clock.now())

    assert await take(store, two) == Lease("work", "two", 2, clock.now() + LEASE)


async def test_a_renewed_lease_is_held_on(
    store: BotStore, clock: FakeClock, one: Leases, two: Leases
) -> None:
    lease = await taken(store, one)
    clock.tick(40)
    renewed = await store.writer.run(lambda writing: one.renew(writing, lease, LEASE))
    clock.tick(40)

    assert renewed == Lease("work", "one", 1, lease.expires_at + timedelta(seconds=40))
    assert await take(store, two) is None


async def test_a_holder_that_was_away_goes_on_only_if_nobody_came(
    store: BotStore, clock: FakeClock, one: Leases, two: Leases
) -> None:
    lease = await taken(store, one)
    clock.tick(3600)
    assert await store.writer.run(lambda writing: one.is_ours(writing, lease))
    assert await store.writer.run(lambda writing: one.renew(writing, lease, LEASE))
    clock.tick(3600)
    await taken(store, two)

    assert not await store.writer.run(lambda writing: one.is_ours(writing, lease))
    assert await store.writer.run(lambda writing: one.renew(writing, lease, LEASE)) is None
    await store.writer.run(lambda writing: one.release(writing, lease))
    assert one.current(store.reader, "work") == Lease("work", "two", 2, clock.now() + LEASE)


async def test_a_released_lease_is_free_at_once_and_its_numbers_rise_on(
    store: BotStore, one: Leases, two: Leases
) -> None:
    lease = await taken(store, one)
    await store.writer.run(lambda writing: one.release(writing, lease))

    assert (await taken(store, two)).fence == 2


async def test_a_process_started_again_takes_over_from_its_own_past(
    store: BotStore, one: Leases
) -> None:
    past, present = await taken(store, one), await taken(store, one)

    assert (past.fence, present.fence) == (1, 2)
    assert not await store.writer.run(lambda writing: one.is_ours(writing, past))


async def test_a_clock_set_back_blocks_nobody(
    store: BotStore, clock: FakeClock, one: Leases, two: Leases
) -> None:
    """A lease that ends later than any lease can was written before."""
    lease = await taken(store, one)
    clock.set_wall(clock.now() - timedelta(days=1))

    assert lease.is_over(clock.now())
    assert (await taken(store, two)).fence == 2


async def test_no_lease_is_longer_than_the_clamp(
    store: BotStore, clock: FakeClock, one: Leases, two: Leases
) -> None:
    lease = await take(store, one, timedelta(days=1))

    assert lease is not None
    assert lease.expires_at == clock.now() + LONGEST
    assert await take(store, two) is None


def test_nobody_has_what_nobody_took(store: BotStore, one: Leases) -> None:
    assert one.current(store.reader, "work") is None


def test_six_processes_want_it_at_once_and_one_has_it(home: Home) -> None:
    """Each fails where another holds at the same time; no number is given out twice."""
    count = 10
    printed = together("compete", home, SIX, count)

    fences = [int(line) for lines in printed for line in lines]
    assert sorted(fences) == list(range(1, 6 * count + 1))
    assert all(list(map(int, lines)) == sorted(map(int, lines)) for lines in printed)


def test_a_killed_holder_is_replaced_after_its_lease(home: Home) -> None:
    first = spawn("hold", home, "one", 500)
    second = spawn("hold", home, "two", 500)
    with ended([first, second]):
        assert first.stdout is not None
        assert second.stdout is not None
        start([first])
        assert first.stdout.readline() == "one 1\n"
        first.kill()
        first.wait()
        ((until,),) = rows(home.database, "SELECT expires_at FROM leases")
        start([second])
        assert second.stdout.readline() == "two 2\n"
        assert rows(home.database, "SELECT taken_at >= ? FROM leases", until) == [(1,)]
