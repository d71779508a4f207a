"""Sessions are started within the budget, over restarts, crashes and clock steps."""

import asyncio
from datetime import timedelta

import pytest

from multibot.errors import StoreUnavailableError
from tests.fakes import settle
from tests.runtime.stage import DAY_SECONDS, Stage, end


async def test_a_session_is_counted_after_at_most_two_seconds(stage: Stage) -> None:
    gateway = stage.gateway()
    counting = asyncio.create_task(gateway.keep_count())
    task = asyncio.create_task(gateway.stay_connected())
    await stage.pass_time(2)

    assert len(stage.line.started) == len(stage.line.asked) == 1
    assert len(await stage.store.gateway.starts()) == 1
    assert stage.pulse.status.identifies == 1
    await stage.pass_time(DAY_SECONDS + 300)
    assert stage.pulse.status.identifies == 0
    await end(task)
    await end(counting)


async def test_a_fleet_does_not_start_at_one_moment(stage: Stage) -> None:
    tasks = [asyncio.create_task(stage.gateway(seed).stay_connected()) for seed in range(5)]
    await stage.pass_time(2)

    assert len(set(stage.line.started)) == 5
    assert max(stage.line.started) > 0.5
    for task in tasks:
        await end(task)


async def test_waiting_is_shown_with_its_end(stage: Stage) -> None:
    for _ in range(8):
        await stage.store.gateway.record_start()
    task = asyncio.create_task(stage.gateway().stay_connected())
    await stage.pass_time(1)

    status = stage.pulse.status
    assert (status.state, stage.line.started) == ("backing_off", [])
    assert status.waits_until_at is not None
    assert 80 <= (status.waits_until_at - status.started_at).total_seconds() <= 82
    # Its end is in a column of its own, and is not told twice.
    assert status.last_error == "8 gateway starts in the last hour"
    await stage.pass_time(82)
    assert len(stage.line.started) == 1
    assert len(stage.line.asked) == 2
    assert (stage.pulse.status.state, stage.pulse.status.waits_until_at) == ("connecting", None)
    await end(task)


async def test_a_wait_ends_also_after_the_clock_was_set_back(stage: Stage) -> None:
    for _ in range(12):
        await stage.store.gateway.record_start()
    stage.clock.set_wall(stage.clock.now() - timedelta(days=300))
    task = asyncio.create_task(stage.gateway().stay_connected())
    await stage.pass_time(303)
    assert len(stage.line.started) == 1
    await end(task)


async def test_a_start_that_cannot_be_counted_is_not_made(stage: Stage) -> None:
    """The count is what keeps the token; a disk that is full must not switch it off."""
    await stage.store.writer.close()
    with pytest.raises(StoreUnavailableError):
        await stage.line.start_session(stage.gateway().count_start)
    assert stage.line.started == []

    task = asyncio.create_task(stage.gateway().stay_connected())
    await settle()
    assert (stage.pulse.status.state, stage.line.started) == ("backing_off", [])
    await end(task)
