"""Bots stop and start side by side."""

from collections.abc import Callable

import pytest

from multibot.errors import TemporaryError
from multibot.home import Home
from multibot.supervise import lifecycle
from multibot.supervise.control import ProcessState
from tests.fakes import FakeClock
from tests.supervise.fake_control import FakeControl, patience


def test_all_are_asked_before_any_has_stopped(clock: FakeClock) -> None:
    control = FakeControl("sage", "spark", looks_to_stop=5)

    stopped = lifecycle.stop(control, ["spark", "sage"], patience(clock))

    assert control.asked == ["stop sage", "stop spark"]
    assert stopped == ("sage", "spark")
    assert clock.monotonic() < 1


def test_one_that_does_not_run_is_not_named_as_stopped(clock: FakeClock) -> None:
    control = FakeControl("sage")
    control.set("spark", ProcessState.FATAL)

    assert lifecycle.stop(control, ["sage", "spark", "absent"], patience(clock)) == ("sage",)


def test_each_starts_again_when_it_has_ended(clock: FakeClock) -> None:
    control = FakeControl("sage", "spark", looks_to_stop=3)

    lifecycle.restart(control, ["sage", "spark"], patience(clock))

    pids = {name: process.pid for name, process in control.processes().items()}
    assert pids == {"sage": 201, "spark": 202}


def test_a_bot_on_its_way_down_is_started_after_it(clock: FakeClock) -> None:
    control = FakeControl("sage", looks_to_stop=3)
    control.stop("sage")

    lifecycle.start(control, ["sage"], patience(clock))

    assert control.processes()["sage"].pid == 201


@pytest.mark.parametrize("act", [lifecycle.stop, lifecycle.restart])
def test_one_that_cannot_be_killed_is_named(clock: FakeClock, act: Callable[..., object]) -> None:
    control = FakeControl("sage", looks_to_stop=10_000)

    with pytest.raises(TemporaryError, match="sage did not stop, not even when killed"):
        act(control, ["sage"], patience(clock))

    assert clock.monotonic() == pytest.approx(25, abs=1)


def test_the_end_stops_all_bots_before_supervisord(clock: FakeClock, home: Home) -> None:
    home.run.mkdir(parents=True)
    home.bot_environment("sage").write_text("A=1\n")
    control = FakeControl("sage", "spark")

    assert lifecycle.end(control, home, patience(clock)) == ("sage", "spark")

    assert control.asked == ["stop all", "stop sage", "stop spark", "shutdown"]
    assert list(home.run.iterdir()) == []


def test_the_end_of_one_already_ending_is_waited_for(clock: FakeClock, home: Home) -> None:
    control = FakeControl("sage")
    control.daemon_state = "ending"

    assert lifecycle.end(control, home, patience(clock)) == ()
    assert control.daemon_state == "gone"
