"""Waiting for bots to become ready."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from multibot.home import Home
from multibot.store.status import BotStatus
from multibot.supervise.control import ProcessState
from multibot.supervise.readiness import Condition, State
from multibot.supervise.watch import Hopes, Watch
from tests.fakes import FakeClock
from tests.supervise.fake_control import FakeControl, patience


@dataclass
class Fleet:
    """Bots that run, each becoming ready at a moment; a watch over them."""

    clock: FakeClock
    ready_after: dict[str, float]
    control: FakeControl = field(init=False)
    waits: dict[str, float] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.control = FakeControl(*self.ready_after)

    def rows(self) -> dict[str, BotStatus]:
        return {
            name: BotStatus(
                bot_name=name,
                pid=self.control.table[name].pid,
                boot_id="b",
                started_at=datetime(2026, 1, 1, tzinfo=UTC),
                state="ready" if self.clock.monotonic() >= after else "connecting",
                gateway_state="",
                config_hash="new",
                version="1",
                heartbeat_at=self.clock.now() - timedelta(seconds=1),
                waits_until_at=datetime(2026, 1, 1, 13, tzinfo=UTC) if self._waits(name) else None,
            )
            for name, after in self.ready_after.items()
        }

    def _waits(self, name: str) -> bool:
        return self.clock.monotonic() < self.waits.get(name, 0)

    def wait(self, seconds: float = 60, **hopes: object) -> dict[str, Condition]:
        watch = Watch(
            home=Home(Path("/nowhere")),
            control=self.control,
            read_rows=self.rows,
            clock=self.clock,
        )
        everything = {"bot_names": self.ready_after, "tell": self._tell, **hopes}
        return watch.wait(Hopes(**everything), patience(self.clock), seconds)  # type: ignore[arg-type]  # a test's shorthand

    def _tell(self, condition: Condition) -> None:
        self.told.append(condition.bot_name)


def test_each_is_told_once_in_the_order_in_which_they_become_ready(clock: FakeClock) -> None:
    fleet = Fleet(clock, {"sage": 3, "spark": 1})

    assert fleet.wait() == {}
    assert fleet.told == ["spark", "sage"]
    assert 3 <= clock.monotonic() < 4


def test_the_rest_is_returned_when_the_time_is_up(clock: FakeClock) -> None:
    fleet = Fleet(clock, {"sage": 1, "spark": 100})

    missing = fleet.wait(seconds=10)

    assert {name: condition.state for name, condition in missing.items()} == {
        "spark": State.CONNECTING
    }
    assert 10 <= clock.monotonic() < 11


def test_a_bot_that_has_failed_for_good_is_not_waited_for(clock: FakeClock) -> None:
    fleet = Fleet(clock, {"sage": 1, "spark": 2})
    fleet.control.set("spark", ProcessState.FATAL)

    missing = fleet.wait()

    assert missing["spark"].state is State.FAILED
    assert clock.monotonic() < 2


def test_ready_with_another_configuration_is_not_what_was_hoped_for(clock: FakeClock) -> None:
    fleet = Fleet(clock, {"sage": 0, "spark": 0})

    missing = fleet.wait(hashes={"sage": "newer", "spark": "new"})

    assert list(missing) == ["sage"]
    assert missing["sage"].is_ready
    assert fleet.told == ["spark"]


def test_an_interruption_ends_the_wait(clock: FakeClock) -> None:
    fleet = Fleet(clock, {"sage": 100})

    missing = fleet.wait(interrupted=lambda: clock.monotonic() > 2)

    assert list(missing) == ["sage"]
    assert clock.monotonic() < 3


def test_when_supervisord_goes_all_bots_are_stopped(clock: FakeClock) -> None:
    fleet = Fleet(clock, {"sage": 100})
    fleet.control.daemon_state = "gone"

    assert fleet.wait()["sage"].state is State.STOPPED


def test_of_a_bot_that_must_wait_it_is_told_at_once_and_only_once(clock: FakeClock) -> None:
    fleet = Fleet(clock, {"sage": 30, "spark": 1}, waits={"sage": 25})
    waits: list[tuple[str, float]] = []

    fleet.wait(tell_of_wait=lambda c: waits.append((c.bot_name, clock.monotonic())))

    assert waits == [("sage", 0)]
