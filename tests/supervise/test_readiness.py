"""The one word for a bot: it is ready only if everything says so."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from multibot.home import Home
from multibot.store.status import BotStatus
from multibot.supervise.control import Process, ProcessState
from multibot.supervise.readiness import (
    Condition,
    State,
    exit_note,
    forget_exits,
    judge,
)

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
RUNNING = Process(bot_name="sage", state=ProcessState.RUNNING, pid=7, started=1)
READY = BotStatus(
    bot_name="sage",
    pid=7,
    boot_id="b",
    started_at=NOW - timedelta(minutes=2),
    state="ready",
    gateway_state="connected",
    config_hash="h",
    version="1",
    ready_at=NOW - timedelta(minutes=1),
    heartbeat_at=NOW - timedelta(seconds=3),
)


def condition(
    process: Process | None = RUNNING, row: BotStatus | None = READY, note: str | None = None
) -> Condition:
    return judge("sage", process, row, NOW, note)


def test_ready_when_running_connected_and_beating() -> None:
    assert condition() == Condition(
        bot_name="sage",
        state=State.READY,
        process=ProcessState.RUNNING,
        pid=7,
        ready_for=60.0,
        heartbeat_age=3.0,
        logins=0,
        gateway="connected",
        config_hash="h",
    )


def test_what_the_row_measures_is_taken_over_with_its_age() -> None:
    row = replace(
        READY,
        state="parked",
        ack_at=NOW - timedelta(seconds=40),
        last_event_at=NOW - timedelta(days=3),
        last_answer_at=NOW - timedelta(days=4),
        waits_until_at=NOW + timedelta(minutes=5),
        latency_ms=42.1,
        loop_lag_ms=1.5,
        identifies=7,
    )

    judged = condition(row=row)

    assert (judged.ack_age, judged.event_age, judged.answer_age) == (40, 3 * 86400, 4 * 86400)
    assert (judged.waits_for, judged.waits_until) == (300, NOW + timedelta(minutes=5))
    assert (judged.latency_ms, judged.lag_ms, judged.logins) == (42.1, 1.5, 7)


def test_a_bot_that_heard_nothing_for_weeks_is_ready_all_the_same() -> None:
    long_ago = NOW - timedelta(days=30)

    assert condition(row=replace(READY, last_event_at=long_ago, last_answer_at=long_ago)).is_ready


@pytest.mark.parametrize("state", [s for s in ProcessState if s is not ProcessState.RUNNING])
def test_never_ready_unless_supervisord_says_running(state: ProcessState) -> None:
    assert not condition(replace(RUNNING, state=state)).is_ready


@pytest.mark.parametrize("age", [20, 21, 3600, -20, -3600])
def test_an_old_heartbeat_and_one_from_the_future_are_stale(age: int) -> None:
    row = replace(READY, heartbeat_at=NOW - timedelta(seconds=age))

    assert condition(row=row).state is State.STALE


@pytest.mark.parametrize("age", [0, 19.9, -19.9])
def test_a_young_heartbeat_is_fresh(age: float) -> None:
    assert condition(row=replace(READY, heartbeat_at=NOW - timedelta(seconds=age))).is_ready


def test_without_any_heartbeat_it_is_stale() -> None:
    assert condition(row=replace(READY, heartbeat_at=None)).state is State.STALE


def test_the_row_of_an_earlier_process_says_nothing() -> None:
    judged = condition(row=replace(READY, pid=6, last_error="old"))

    assert (judged.state, judged.config_hash, judged.error) == (State.STARTING, None, None)


def ago(seconds: float) -> int:
    return int((NOW - timedelta(seconds=seconds)).timestamp())


def test_the_row_of_an_earlier_process_says_nothing_also_where_the_number_comes_again() -> None:
    """As in a container that was killed and is up again within seconds."""
    judged = condition(replace(RUNNING, started=ago(2)), replace(READY, last_error="old"))

    assert (judged.state, judged.config_hash, judged.error) == (State.STARTING, None, None)


@pytest.mark.parametrize(
    ("started", "row_started", "heartbeat"),
    [
        (120.0, 119.5, 3),
        # Set back a little between the two: supervisord moves its time only then.
        (117.0, 120.0, 3),
        # Set back an hour while the bot was starting, and an hour ago.
        (120.0, 3719.5, 3),
        # Set back an hour since: the bot started in what is now the future.
        (-3000.0, -3000.5, 3),
    ],
)
def test_a_clock_set_back_hides_no_bot(
    started: float, row_started: float, heartbeat: float
) -> None:
    row = replace(
        READY,
        started_at=NOW - timedelta(seconds=row_started),
        heartbeat_at=NOW - timedelta(seconds=heartbeat),
    )

    assert condition(replace(RUNNING, started=ago(started)), row).is_ready


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("starting", State.STARTING),
        ("connecting", State.CONNECTING),
        ("degraded", State.DEGRADED),
        ("backing_off", State.BACKING_OFF),
        ("parked", State.PARKED),
        ("draining", State.STOPPING),
        ("stopped", State.STOPPING),
        ("something new", State.STALE),
    ],
)
def test_a_living_bot_is_what_its_row_says(said: str, state: State) -> None:
    assert condition(row=replace(READY, state=said)).state is state


def test_a_process_younger_than_startsecs_is_starting() -> None:
    assert condition(replace(RUNNING, state=ProcessState.STARTING)).state is State.STARTING


def test_a_stopping_process_is_stopping_whatever_the_row_says() -> None:
    stopping = replace(RUNNING, state=ProcessState.STOPPING)

    assert condition(stopping).state is State.STOPPING
    assert condition(stopping, None).state is State.STOPPING


@pytest.mark.parametrize(
    ("state", "exit_status", "expected"),
    [
        (ProcessState.STOPPED, 0, State.STOPPED),
        (ProcessState.EXITED, 0, State.STOPPED),
        (ProcessState.EXITED, 78, State.FAILED),
        (ProcessState.EXITED, 1, State.STARTING),
        (ProcessState.FATAL, 0, State.FAILED),
        (ProcessState.UNKNOWN, 0, State.FAILED),
        (ProcessState.BACKOFF, 0, State.BACKING_OFF),
    ],
)
def test_without_a_process_supervisord_decides(
    state: ProcessState, exit_status: int, expected: State
) -> None:
    process = Process(bot_name="sage", state=state, exit_status=exit_status)

    judged = condition(process)

    assert (judged.state, judged.pid) == (expected, None)


def test_without_supervisord_it_is_stopped() -> None:
    judged = condition(None, replace(READY, last_error="gone"))

    assert (judged.state, judged.error) == (State.STOPPED, "gone")


def test_why_it_failed_is_taken_from_the_nearest_source() -> None:
    failed = Process(bot_name="sage", state=ProcessState.EXITED, exit_status=78, error="spawn")
    row = replace(READY, last_error="row")

    assert condition(failed, row, "note").error == "note"
    assert condition(failed, row).error == "row"
    assert condition(failed, None).error == "spawn"
    assert condition(replace(failed, error=""), None).error == "it ended with exit code 78"


def test_an_exit_note_is_read_and_forgotten(home: Home) -> None:
    home.run.mkdir(parents=True)
    path = home.bot_exit("sage")
    assert exit_note(home, "sage") is None
    path.write_text(json.dumps({"pid": 1, "exit_code": 78, "error": "refused"}))
    assert exit_note(home, "sage") == "refused"

    for broken in ("", "[]", "{", '{"error": 3}', "\udcff"):
        path.write_text(broken, errors="surrogateescape")
        assert exit_note(home, "sage") is None

    forget_exits(home, ["sage", "spark"])
    assert not path.exists()
