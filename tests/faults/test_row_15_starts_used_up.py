"""Row 15: Discord allows only 50 more gateway starts: none is made until it counts anew."""

import asyncio
from datetime import timedelta

import pytest

from multibot.clock import from_text
from multibot.home import Home
from multibot.store.status import BotStatus, read_statuses
from tests.fakes import FakeClock
from tests.faults import book, crowd, running
from tests.faults.crowd import NO_BUDGET, Crowd
from tests.process.fleet import until
from tests.runtime.stage import end, staged

BOTS = book.times(20, 1)
REMAINING = 50
RESET_SECONDS = book.times(60, 8)


async def test_a_parked_bot_asks_nothing_until_the_reset(home: Home, clock: FakeClock) -> None:
    """Five hours on a virtual clock."""
    async with staged(home, clock) as stage:
        stage.line.remaining, stage.line.reset_after = REMAINING, timedelta(hours=5)
        task = asyncio.create_task(stage.gateway().stay_connected())
        await stage.pass_time(5 * 3600 - 1)

        status = stage.pulse.status
        assert (stage.line.started, len(stage.line.asked)) == ([], 1)
        assert status.state == "parked"
        assert "Discord allows only 50 more gateway starts" in str(status.last_error)
        assert status.waits_until_at is not None
        assert status.waits_until_at >= from_text("2026-01-01T17:00:00.000Z")

        stage.line.remaining = 1000
        await stage.pass_time(10)
        assert (len(stage.line.started), len(stage.line.asked)) == (1, 2)
        await end(task)


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_real_bots_are_parked_and_start_by_themselves_after_the_reset(home: Home) -> None:
    settings = {"gateway": {**NO_BUDGET, "park_below": 100}}
    async with Crowd(home, world=crowd.world(), count=BOTS, settings=settings) as fleet:
        await fleet.multibot("db", "migrate")
        fleet.world.faults.add("session-limit", remaining=REMAINING, reset_after=RESET_SECONDS)
        traffic = fleet.world.traffic
        parked: dict[str, BotStatus] = {}

        def are_parked() -> bool:
            rows = read_statuses(home.database)
            parked.update({bot: row for bot, row in rows.items() if row.state == "parked"})
            return len(parked) == BOTS

        async with running.by_hand(fleet, ready=False):
            await until(are_parked, "every bot parked")
            shown = traffic.shown()["bots"]
            assert [shown[bot]["identifies"] for bot in fleet.bots] == [0] * BOTS
            await until(lambda: len(fleet.pids()) == BOTS, "every bot ready")
            shown = traffic.shown()["bots"]
            starts = [
                each
                for each in traffic.connections(bot=None, after=0, limit=10_000)
                if each["what"] == "identify"
            ]

    assert [shown[bot]["identifies"] for bot in fleet.bots] == [1] * BOTS
    for bot in fleet.bots:
        assert "Discord allows only 50 more" in str(parked[bot].last_error)
        waits_until = parked[bot].waits_until_at
        assert waits_until is not None
        (start,) = [from_text(each["at"]) for each in starts if each["bot"] == bot]
        # The two sides take the time a moment apart.
        assert start >= waits_until - timedelta(seconds=0.5)
    book.note(
        book.Entry(
            row=15,
            fault=f"session_start_limit.remaining={REMAINING}",
            count=BOTS,
            unit="bots",
            result=f"0 IDENTIFYs for {RESET_SECONDS} s, parked, then one each",
        )
    )
