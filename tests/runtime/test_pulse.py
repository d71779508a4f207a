"""A bot's row says how it is, also when the store cannot be written."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

import pytest

from multibot.conversation.message import BotName
from multibot.errors import PermanentError, StoreUnavailableError
from multibot.runtime.pulse import Gauges, Outage, Pulse
from multibot.store.fleet import Fleet
from multibot.store.status import BotStatus
from tests.fakes import FakeClock

FULL = StoreUnavailableError("The disk is full; free some space.")


@dataclass
class FakeFleet:
    """Keeps the rows, or refuses them."""

    rows: list[BotStatus] = field(default_factory=list)
    refusal: Exception | None = None

    async def report(self, status: BotStatus) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.rows.append(status)


@dataclass
class FakeObserver:
    seen: list[tuple[str, Outage | None]] = field(default_factory=list)

    async def look(self, status: BotStatus, outage: Outage | None) -> None:
        self.seen.append((status.state, outage))


@dataclass
class Stage:
    pulse: Pulse
    fleet: FakeFleet
    observer: FakeObserver

    @property
    def shown(self) -> str:
        return self.fleet.rows[-1].state


@pytest.fixture
async def stage(clock: FakeClock) -> AsyncIterator[Stage]:
    """A bot that is ready, with its pulse beating."""
    pulse = Pulse(bot_name=BotName("sage"), names=("sage",), config_hash="h", clock=clock)
    pulse.logged_in("1", "Sage")
    pulse.ready()
    made = Stage(pulse, FakeFleet(), FakeObserver())
    beating = asyncio.create_task(pulse.run(cast("Fleet", made.fleet), made.observer))
    await clock.advance(0.1)
    yield made
    beating.cancel()
    await asyncio.wait({beating})


async def test_a_quiet_bot_beats_every_five_seconds_and_stays_ready(
    stage: Stage, clock: FakeClock
) -> None:
    before = len(stage.fleet.rows)
    await clock.advance(24 * 3600)

    assert len(stage.fleet.rows) - before == 24 * 3600 / 5
    assert {row.state for row in stage.fleet.rows} == {"ready"}
    assert clock.now() - stage.fleet.rows[-1].heartbeat_at < timedelta(seconds=6)  # type: ignore[operator]


async def test_a_change_is_written_at_once(stage: Stage, clock: FakeClock) -> None:
    stage.pulse.phase("parked", clock.now() + timedelta(hours=1))
    await clock.advance(0)

    row = stage.fleet.rows[-1]
    assert (row.state, row.waits_until_at) == ("parked", clock.now() + timedelta(hours=1))


async def test_what_is_waited_for_is_forgotten_when_it_came(stage: Stage, clock: FakeClock) -> None:
    stage.pulse.phase("backing_off", clock.now() + timedelta(seconds=10))
    stage.pulse.logged_in("1", "Sage")
    await clock.advance(0)

    assert stage.fleet.rows[-1].waits_until_at is None


async def test_a_store_that_fails_makes_a_degraded_bot_in_memory_at_once(
    stage: Stage, clock: FakeClock
) -> None:
    stage.fleet.refusal = FULL
    stage.pulse.store_failed(FULL, lost=1)

    assert stage.pulse.status.state == "degraded"
    assert stage.pulse.status.last_error == str(FULL)


async def test_it_says_degraded_as_soon_as_it_can_and_recovers_by_itself(
    stage: Stage, clock: FakeClock
) -> None:
    stage.fleet.refusal = FULL
    await clock.advance(30)
    assert stage.pulse.status.state == "degraded"
    stage.fleet.refusal = None
    await clock.advance(5)
    assert stage.shown == "degraded"
    await clock.advance(15)

    assert stage.shown == "ready"
    assert stage.fleet.rows[-1].last_error is None


async def test_an_outage_is_reported_once_it_is_over(stage: Stage, clock: FakeClock) -> None:
    began = clock.now()
    for _ in range(3):
        stage.pulse.store_failed(FULL, lost=1)
    await clock.advance(20)

    (outage,) = [outage for _, outage in stage.observer.seen if outage is not None]
    assert (outage.reason, outage.lost, outage.since) == (str(FULL), 3, began)
    assert outage.until is not None
    assert stage.pulse.outage is None


async def test_messages_that_fail_while_rows_can_be_written_keep_it_degraded(
    stage: Stage, clock: FakeClock
) -> None:
    """On a full disk a small write may find room where a large one does not."""
    for _ in range(10):
        stage.pulse.store_failed(FULL, lost=1)
        await clock.advance(5)

    assert {row.state for row in stage.fleet.rows[-5:]} == {"degraded"}


async def test_a_damaged_database_does_not_end_the_beat(stage: Stage, clock: FakeClock) -> None:
    stage.fleet.refusal = PermanentError("The database file is damaged; restore a backup.")
    await clock.advance(10)
    stage.fleet.refusal = None
    await clock.advance(20)

    assert stage.shown == "ready"


async def test_a_bot_that_drains_is_not_called_ready_or_degraded(
    stage: Stage, clock: FakeClock
) -> None:
    stage.pulse.phase("draining")
    stage.pulse.store_failed(FULL)
    stage.pulse.ready()
    await clock.advance(0)

    assert stage.shown == "draining"


async def test_a_lost_connection_keeps_what_the_bot_is_doing(
    stage: Stage, clock: FakeClock
) -> None:
    stage.pulse.disconnected()
    assert stage.pulse.status.state == "connecting"
    stage.pulse.phase("parked")
    stage.pulse.disconnected()
    assert stage.pulse.status.state == "parked"
    assert stage.pulse.status.gateway_state == "disconnected"


async def test_what_others_measure_is_in_the_row(stage: Stage, clock: FakeClock) -> None:
    stage.pulse.measure(
        Gauges(latency=lambda: 0.0421, ack_age=lambda: 12.0, loop_lag=lambda: 0.0017)
    )
    stage.pulse.counted(7)
    await clock.advance(5)

    row = stage.fleet.rows[-1]
    assert (row.latency_ms, row.loop_lag_ms, row.identifies) == (42.1, 1.7, 7)
    assert row.ack_at == row.heartbeat_at - timedelta(seconds=12)  # type: ignore[operator]


async def test_only_the_error_that_is_over_is_forgotten(stage: Stage) -> None:
    stage.pulse.failed("newer")
    stage.pulse.recovered("older")
    assert stage.pulse.status.last_error == "newer"
    stage.pulse.recovered("newer")
    assert stage.pulse.status.last_error is None
