"""Only what differs is touched."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from multibot.supervise import update
from multibot.supervise.control import Differences, ProcessState
from multibot.supervise.update import Change, Outcome, Wish
from tests.fakes import FakeClock
from tests.supervise.fake_control import FakeControl, patience


@dataclass
class FakeRow:
    pid: int
    config_hash: str
    started_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    state: str = "ready"
    gateway_state: str = "connected"
    ready_at: datetime | None = None
    heartbeat_at: datetime | None = None
    ack_at: datetime | None = None
    last_event_at: datetime | None = None
    last_answer_at: datetime | None = None
    waits_until_at: datetime | None = None
    latency_ms: float | None = None
    loop_lag_ms: float | None = None
    identifies: int = 0
    last_error: str | None = None


def wish(*names: str, everything: bool = True) -> Wish:
    return Wish(
        hashes=dict.fromkeys(names, "new"), selected=frozenset(names), everything=everything
    )


def applied(
    control: FakeControl, wished: Wish, clock: FakeClock, rows: Mapping[str, FakeRow] | None = None
) -> dict[str, Outcome]:
    changes = update.apply(control, wished, rows or {}, patience(clock))
    assert changes == tuple(sorted(changes))
    return {change.bot_name: change.outcome for change in changes}


def test_nothing_is_asked_of_bots_that_run_as_the_files_say(clock: FakeClock) -> None:
    control = FakeControl("sage", "spark")
    rows = {"sage": FakeRow(100, "new")}

    assert applied(control, wish("sage", "spark"), clock, rows) == {
        "sage": Outcome.UNCHANGED,
        "spark": Outcome.UNCHANGED,
    }
    assert control.asked == []


def test_a_bot_with_another_configuration_restarts(clock: FakeClock) -> None:
    control = FakeControl("sage", "spark")
    rows = {"sage": FakeRow(100, "old"), "spark": FakeRow(101, "new")}

    outcomes = applied(control, wish("sage", "spark"), clock, rows)

    assert outcomes == {"sage": Outcome.RESTARTED, "spark": Outcome.UNCHANGED}
    assert control.asked == ["stop sage", "start sage"]


def test_what_an_earlier_process_ran_with_does_not_matter(clock: FakeClock) -> None:
    rows = {"sage": FakeRow(99, "old")}

    assert applied(FakeControl("sage"), wish("sage"), clock, rows) == {"sage": Outcome.UNCHANGED}


def test_new_changed_and_gone_programs(clock: FakeClock) -> None:
    control = FakeControl("changed", "gone", "same")
    control.differences = Differences(("new",), ("changed",), ("gone",))

    outcomes = applied(control, wish("changed", "new", "same"), clock)

    assert outcomes == {
        "changed": Outcome.RESTARTED,
        "gone": Outcome.STOPPED,
        "new": Outcome.STARTED,
        "same": Outcome.UNCHANGED,
    }
    assert set(control.table) == {"changed", "new", "same"}
    assert control.table["same"].pid == 102
    assert all(p.state is ProcessState.RUNNING for p in control.table.values())


def test_bots_that_do_not_run_are_started_and_those_waiting_to_retry_again(
    clock: FakeClock,
) -> None:
    control = FakeControl()
    for name, state in (("a", "STOPPED"), ("b", "EXITED"), ("c", "FATAL"), ("d", "BACKOFF")):
        control.set(name, ProcessState[state])

    outcomes = applied(control, wish("a", "b", "c", "d"), clock)

    assert outcomes == {
        "a": Outcome.STARTED,
        "b": Outcome.STARTED,
        "c": Outcome.STARTED,
        "d": Outcome.RESTARTED,
    }
    assert {p.state for p in control.table.values()} == {ProcessState.RUNNING}


def test_a_selection_leaves_all_other_bots_alone(clock: FakeClock) -> None:
    control = FakeControl("gone", "sage", "spark")
    control.set("logic", ProcessState.STOPPED)
    control.differences = Differences(("new",), ("spark",), ("gone",))

    outcomes = applied(control, wish("sage", everything=False), clock)

    assert outcomes == {"sage": Outcome.UNCHANGED}
    assert control.asked == []


def test_a_change_is_a_name_and_an_outcome() -> None:
    assert Change("a", Outcome.STOPPED) < Change("b", Outcome.STARTED)
