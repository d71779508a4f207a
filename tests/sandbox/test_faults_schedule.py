"""When a fault happens: what the clock, the count and chance make of it."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multibot.errors import UsageError
from multibot.sandbox.faults import Fault, Faults
from tests.fakes import FakeClock


class Diary:
    """Notes when deeds are due and when states begin and end."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.lines: list[tuple[float, str]] = []

    def begin(self, fault: Fault) -> None:
        self.lines.append((self.clock.monotonic(), "begin"))

    def end(self, fault: Fault) -> None:
        self.lines.append((self.clock.monotonic(), "end"))


@pytest.fixture
async def faults(clock: FakeClock) -> AsyncIterator[Faults]:
    faults = Faults(clock)
    yield faults
    faults.close()


@pytest.fixture
def diary(faults: Faults, clock: FakeClock) -> Diary:
    diary = Diary(clock)
    faults.subscribe(diary)
    return diary


def happened(faults: Faults, bot: str | None = "sage") -> bool:
    return faults.met("request", bot) is not None


# -- occasions -------------------------------------------------------------------------------------


async def test_fault_stays_until_it_is_cleared(faults: Faults) -> None:
    fault = faults.add("500")
    assert [happened(faults) for _ in range(3)] == [True] * 3

    faults.clear(fault.id)

    assert not happened(faults)
    assert faults.listed() == []


async def test_times_is_at_most_so_often(faults: Faults) -> None:
    fault = faults.add("500", times=2)

    assert [happened(faults) for _ in range(4)] == [True, True, False, False]
    assert (fault.state, fault.fired) == ("over", 2)
    assert faults.listed() == [fault]


async def test_fault_is_armed_from_after_until_until(faults: Faults, clock: FakeClock) -> None:
    fault = faults.add("500", after=10, until=20)
    states = []
    for _ in range(4):
        states.append((clock.monotonic(), fault.state, happened(faults)))
        clock.tick(9.5 if states[1:] else 10)

    assert states == [
        (0, "waiting", False),
        (10, "armed", True),
        (19.5, "armed", True),
        (29, "over", False),
    ]


async def test_every_is_once_in_each_so_many_seconds(faults: Faults, clock: FakeClock) -> None:
    faults.add("500", every=10, after=5)
    hits = []
    for _ in range(36):
        if happened(faults):
            hits.append(clock.monotonic())
        clock.tick(1)

    assert hits == [5, 15, 25, 35]


async def test_bot_may_be_a_pattern_and_an_unknown_caller_is_no_bot(faults: Faults) -> None:
    faults.add("500", bot="s*")

    assert [happened(faults, bot) for bot in ("sage", "logic", None)] == [True, False, False]


async def test_fault_without_bot_meets_unknown_callers_too(faults: Faults) -> None:
    faults.add("500")

    assert happened(faults, None)


async def test_first_fault_that_fits_is_the_one_that_happens(faults: Faults) -> None:
    first, second = faults.add("500", times=1), faults.add("503")

    met = [faults.met("request", "sage") for _ in range(2)]

    assert met == [first, second]


@given(seed=st.integers(0, 10_000))
async def test_chance_is_the_seeds(seed: int) -> None:
    def hits() -> list[bool]:
        faults = Faults(FakeClock())
        faults.add("500", probability=0.3, seed=seed)
        return [happened(faults) for _ in range(200)]

    first = hits()

    assert hits() == first
    assert 20 < sum(first) < 110


async def test_finished_faults_are_forgotten_in_the_end(faults: Faults) -> None:
    for _ in range(300):
        faults.add("500", times=1)
        happened(faults)

    assert len(faults.listed()) < 150


# -- deeds and states --------------------------------------------------------------------------------


async def test_deed_is_done_at_once(faults: Faults, diary: Diary) -> None:
    fault = faults.add("close")

    assert diary.lines == [(0, "begin")]
    assert fault.state == "over"


async def test_deed_is_done_when_its_time_comes(
    faults: Faults, diary: Diary, clock: FakeClock
) -> None:
    faults.add("close", after=10)

    await clock.advance(60)

    assert diary.lines == [(10, "begin")]


async def test_deed_is_done_again_and_again_until_it_is_over(
    faults: Faults, diary: Diary, clock: FakeClock
) -> None:
    faults.add("close", after=2, every=5, until=17)

    await clock.advance(60)

    assert diary.lines == [(2, "begin"), (7, "begin"), (12, "begin")]


async def test_deed_is_done_so_many_times(faults: Faults, diary: Diary, clock: FakeClock) -> None:
    fault = faults.add("close", every=5, times=3)

    await clock.advance(60)

    assert diary.lines == [(0, "begin"), (5, "begin"), (10, "begin")]
    assert fault.state == "over"


async def test_cleared_deed_is_not_done_any_more(
    faults: Faults, diary: Diary, clock: FakeClock
) -> None:
    faults.add("close", every=5)
    await clock.advance(6)

    faults.clear()
    await clock.advance(60)

    assert diary.lines == [(0, "begin"), (5, "begin")]


async def test_state_begins_and_ends(faults: Faults, diary: Diary, clock: FakeClock) -> None:
    faults.add("guild-unavailable", after=10, until=30)

    await clock.advance(60)

    assert diary.lines == [(10, "begin"), (30, "end")]


async def test_cleared_state_ends_once(faults: Faults, diary: Diary, clock: FakeClock) -> None:
    faults.add("guild-unavailable", until=30)

    faults.clear()
    await clock.advance(60)

    assert diary.lines == [(0, "begin"), (0, "end")]


async def test_state_that_never_began_does_not_end(
    faults: Faults, diary: Diary, clock: FakeClock
) -> None:
    faults.add("guild-unavailable", after=10)

    faults.clear()
    await clock.advance(60)

    assert diary.lines == []


async def test_session_limit_is_over_when_it_resets(faults: Faults, clock: FakeClock) -> None:
    faults.add("session-limit", remaining=0, reset_after=60)
    assert faults.standing("session-limit", "sage")

    await clock.advance(60)

    assert not faults.standing("session-limit", "sage")


async def test_closing_leaves_the_faults_and_stops_what_was_to_come(
    faults: Faults, diary: Diary, clock: FakeClock
) -> None:
    standing = faults.add("500")
    faults.add("close", after=10)

    faults.close()
    await clock.advance(60)

    assert diary.lines == []
    assert standing.is_armed


async def test_one_wrong_fault_adds_none_of_a_scenario(faults: Faults) -> None:
    with pytest.raises(UsageError):
        faults.play([{"kind": "500"}, {"kind": "flood"}])

    assert faults.listed() == []


async def test_clearing_what_is_not_there_is_refused(faults: Faults) -> None:
    faults.add("500")

    with pytest.raises(UsageError, match="no fault f7"):
        faults.clear("f1", "f7")

    assert len(faults.listed()) == 1
