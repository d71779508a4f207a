"""What becomes an incident, and what does not."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from multibot.conversation.message import BotName
from multibot.errors import ConfigError
from multibot.home import Home
from multibot.runtime.pulse import Outage
from multibot.runtime.troubles import Troubles, record_end, record_failure
from multibot.store.incidents import Incident, recent
from multibot.store.migrate import migrate
from multibot.store.status import BotStatus
from multibot.store.stores import BotStore, open_store
from tests.fakes import FakeClock


@pytest.fixture
async def store(home: Home, clock: FakeClock) -> AsyncIterator[BotStore]:
    await asyncio.to_thread(migrate, home, clock)
    store = open_store(home, BotName("sage"), clock)
    yield store
    await store.close()


@pytest.fixture
def status(clock: FakeClock) -> BotStatus:
    return BotStatus(
        bot_name="sage",
        pid=4711,
        boot_id="this boot",
        started_at=clock.now(),
        state="ready",
        gateway_state="ready",
        config_hash="h",
        version="1",
        heartbeat_at=clock.now(),
    )


def found(home: Home, clock: FakeClock) -> list[Incident]:
    return list(recent(home.database, clock.now() - timedelta(days=2)))


async def test_a_gateway_lost_for_over_five_minutes_is_told_once(
    home: Home, store: BotStore, status: BotStatus, clock: FakeClock
) -> None:
    troubles = Troubles(store.incidents, clock)
    lost = replace(status, state="connecting", gateway_state="disconnected", last_error="no route")
    await troubles.look(status, None)
    for _ in range(60):
        await troubles.look(lost, None)
        clock.tick(5)
    assert found(home, clock) == []
    for _ in range(100):
        clock.tick(5)
        await troubles.look(lost, None)

    (incident,) = found(home, clock)
    assert (incident.kind, incident.count) == ("gateway_lost", 1)
    assert "no route" in incident.detail


async def test_a_gateway_that_comes_back_in_time_is_no_incident(
    home: Home, store: BotStore, status: BotStatus, clock: FakeClock
) -> None:
    troubles = Troubles(store.incidents, clock)
    for gateway in ("disconnected", "ready") * 5:
        await troubles.look(replace(status, gateway_state=gateway), None)
        clock.tick(290)

    assert found(home, clock) == []


async def test_parking_is_told_when_it_begins_and_is_no_lost_gateway(
    home: Home, store: BotStore, status: BotStatus, clock: FakeClock
) -> None:
    troubles = Troubles(store.incidents, clock)
    parked = replace(status, state="parked", gateway_state="disconnected", last_error="12 left")
    for _ in range(10):
        await troubles.look(parked, None)
        clock.tick(600)

    (incident,) = found(home, clock)
    assert (incident.kind, incident.detail, incident.count) == ("parked", "12 left", 1)


async def test_an_outage_is_told_with_its_length_and_its_losses(
    home: Home, store: BotStore, status: BotStatus, clock: FakeClock
) -> None:
    began = clock.now()
    clock.tick(34)
    outage = Outage(
        reason="The disk is full.", since=began, failed_at=0.0, lost=2, until=clock.now()
    )
    await Troubles(store.incidents, clock).look(status, outage)

    (incident,) = found(home, clock)
    assert (incident.kind, incident.first_at) == ("degraded", began)
    assert "34 s" in incident.detail
    assert "2 tries to store a message failed" in incident.detail


@pytest.mark.parametrize("state", ["starting", "connecting", "ready", "degraded", "parked"])
async def test_a_process_that_ended_without_a_goodbye_is_told_by_the_next_one(
    home: Home, store: BotStore, status: BotStatus, clock: FakeClock, tmp_path: Path, state: str
) -> None:
    last_sign = clock.now()
    clock.tick(30)
    previous = replace(status, state=state)
    await record_end(store.incidents, previous, tmp_path / "none", boot_id="this boot")

    (incident,) = found(home, clock)
    assert (incident.kind, incident.first_at) == ("crash", last_sign)
    assert f"process 4711 ended without saying goodbye, while it was {state}" in incident.detail


async def test_a_process_that_said_goodbye_and_a_first_start_are_no_incidents(
    home: Home, store: BotStore, status: BotStatus, clock: FakeClock, tmp_path: Path
) -> None:
    for previous in (replace(status, state="stopped"), None):
        await record_end(store.incidents, previous, tmp_path / "none", boot_id="this boot")

    assert found(home, clock) == []


async def test_a_machine_that_went_down_is_named(
    home: Home, store: BotStore, status: BotStatus, clock: FakeClock, tmp_path: Path
) -> None:
    await record_end(store.incidents, status, tmp_path / "none", boot_id="another boot")

    assert "with the whole machine" in found(home, clock)[0].detail


async def test_a_watchdogs_note_is_told_instead_of_a_crash(
    home: Home, store: BotStore, status: BotStatus, clock: FakeClock, tmp_path: Path
) -> None:
    note = tmp_path / "sage.exit"
    note.write_text(json.dumps({"pid": 4711, "exit_code": 70, "error": "stood still for 60 s"}))
    await record_end(store.incidents, status, note, boot_id="this boot")

    (incident,) = found(home, clock)
    assert (incident.kind, incident.detail) == ("watchdog", "stood still for 60 s")


@pytest.mark.parametrize("content", ["", "[]", "{", '{"exit_code": "x"}'])
async def test_a_broken_note_is_no_obstacle(
    home: Home, store: BotStore, status: BotStatus, clock: FakeClock, tmp_path: Path, content: str
) -> None:
    note = tmp_path / "sage.exit"
    note.write_text(content)
    await record_end(store.incidents, status, note, boot_id="this boot")

    assert found(home, clock)[0].kind == "crash"


async def test_an_error_that_ended_the_process_is_told(
    home: Home, store: BotStore, status: BotStatus, clock: FakeClock, tmp_path: Path
) -> None:
    crashed = replace(status, state="crashed")
    await record_end(store.incidents, crashed, tmp_path / "none", boot_id="this boot")

    assert "an error that it was not made for" in found(home, clock)[0].detail


async def test_a_failure_for_good_is_kept_where_there_is_a_database(
    home: Home, clock: FakeClock
) -> None:
    error = ConfigError("the files are wrong")
    await record_failure(home, "sage", error, clock)
    assert list(home.root.iterdir()) == []

    await asyncio.to_thread(migrate, home, clock)
    await record_failure(home, "sage", error, clock)

    assert [(each.kind, each.detail) for each in found(home, clock)] == [
        ("failed", "the files are wrong")
    ]
