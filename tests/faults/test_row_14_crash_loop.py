"""Row 14: a bot that crashes again and again starts at most 300 gateway sessions in 24 hours.

Days on a virtual clock; budget and store are the real ones, and each process reads them anew.
"""

import asyncio
from itertools import takewhile

import pytest

from multibot.home import Home
from multibot.store.stores import open_store
from tests.fakes import FakeClock
from tests.faults import book
from tests.runtime.stage import DAY_SECONDS, Stage, end, gaps, staged

DAYS = book.times(70, 11) / 10
MOST_A_DAY = 300


class CrashError(Exception):
    """The bot's own fault."""


async def one_process(stage: Stage) -> None:
    """Live from the opening of the store to the crash, and until supervisord starts the next."""
    await stage.store.close()
    stage.store = open_store(stage.home, stage.config.name, stage.clock)
    task = asyncio.create_task(stage.gateway().stay_connected())
    await stage.pass_time(DAY_SECONDS, task)
    assert isinstance(task.exception(), CrashError)
    await stage.pass_time(0.5)


def busiest_day(started: list[float]) -> int:
    """Count the starts of the worst 24 hours there were."""
    return max(
        sum(1 for _ in takewhile(lambda each: each - first < DAY_SECONDS, started[number:]))  # noqa: B023 - used at once
        for number, first in enumerate(started)
    )


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("life", [1.5, 6.0, 31.0, 61.0])
async def test_a_crash_loop_starts_at_most_300_sessions_in_24_hours(
    home: Home, clock: FakeClock, life: float
) -> None:
    async def crash() -> bool:
        await stage.clock.sleep(life)
        raise CrashError

    async with staged(home, clock) as stage:
        stage.line.life = crash
        while clock.monotonic() < DAYS * DAY_SECONDS:
            await one_process(stage)
        started = stage.line.started

    assert 280 <= busiest_day(started) <= MOST_A_DAY
    assert started[4] < 5 * (life + 3)
    assert min(gaps(started[10:])) >= 300
    book.note(
        book.Entry(
            row=14,
            fault=f"crash {life} s after each gateway start",
            count=len(started),
            unit="starts",
            result=f"{busiest_day(started)} in the busiest 24 hours of {DAYS} virtual days",
        )
    )


@pytest.mark.timeout(600)
async def test_a_crash_before_the_login_is_over_counts_as_well(
    home: Home, clock: FakeClock
) -> None:
    """Discord counts an IDENTIFY that nobody lived to see answered."""

    async def crash() -> bool:
        raise CrashError

    async with staged(home, clock) as stage:
        stage.line.life = crash
        while clock.monotonic() < 2 * 3600:
            await one_process(stage)
        started = stage.line.started
        task = asyncio.create_task(stage.gateway().keep_count())
        await stage.pass_time(1)
        assert stage.pulse.status.identifies == len(started)
        await end(task)

    assert min(gaps(started[10:])) >= 300
