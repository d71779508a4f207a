"""The formula of gateway starts: what it allows, how long it makes wait, what it never exceeds."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multibot.config.fleet import Gateway
from multibot.runtime.budget import DAY, HOUR, Permit, SessionLimit, next_start

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
PLENTY = SessionLimit(remaining=1000, reset_after=timedelta(0))
RULES = Gateway()


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def ago(*numbers: float) -> list[datetime]:
    return [NOW - seconds(number) for number in numbers]


def permit(starts: list[datetime], rules: Gateway = RULES, limit: SessionLimit = PLENTY) -> Permit:
    return next_start(starts, NOW, rules, limit)


@pytest.mark.parametrize("count", range(5))
def test_five_starts_in_an_hour_are_made_at_once(count: int) -> None:
    assert permit(ago(*[0.0] * count)).wait == seconds(0)


@pytest.mark.parametrize(
    ("count", "wait"),
    [(5, 10), (6, 20), (7, 40), (8, 80), (9, 160), (10, 300), (11, 300), (290, 300)],
)
def test_then_the_wait_doubles_up_to_the_longest(count: int, wait: float) -> None:
    found = permit(ago(*[0.0] * count))

    assert (found.wait, found.state) == (seconds(wait), "backing_off")
    assert found.why == f"{count} gateway starts in the last hour"


def test_the_wait_is_counted_from_the_start_before() -> None:
    """A session that lived that long costs its successor nothing."""
    assert permit(ago(500, 400, 300, 200, 7)).wait == seconds(3)
    assert permit(ago(500, 400, 300, 200, 10)).wait == seconds(0)
    assert permit(ago(*range(300, 3600, 60))).wait == seconds(0)


def test_a_start_counts_within_the_hour_only() -> None:
    recent = [3.0, 2.0, 1.0, 0.0]
    assert permit(ago(3600, *recent)).wait == seconds(0)
    assert permit(ago(3599.999, *recent)).wait == seconds(10)


def test_the_order_of_the_starts_does_not_matter() -> None:
    assert permit(ago(7, 200, 300, 400, 500)).wait == seconds(3)


def test_after_300_in_a_day_the_bot_is_parked_until_one_leaves_the_window() -> None:
    spread = [400.0 + 280 * number for number in range(300)]
    found = permit(ago(*spread))

    assert found.state == "parked"
    assert found.wait == DAY - seconds(400 + 280 * 299)
    assert permit(ago(*spread[:299])).wait == seconds(0)


def test_more_starts_than_allowed_wait_for_as_many_to_leave() -> None:
    """A setting that was lowered, or a start of another program with this store."""
    rules = Gateway(starts_per_day=2)
    assert permit(ago(80_000, 70_000, 60_000), rules).wait == DAY - seconds(70_000)


def test_a_start_of_exactly_24_hours_ago_no_longer_counts() -> None:
    rules = Gateway(starts_per_day=1)
    assert permit(ago(86_400), rules).wait == seconds(0)
    assert permit(ago(86_399.5), rules).wait == seconds(0.5)


@pytest.mark.parametrize(("remaining", "wait"), [(100, 0), (99, 3600), (50, 3600), (0, 3600)])
def test_below_100_of_discords_own_limit_the_bot_is_parked(remaining: int, wait: float) -> None:
    found = permit([], limit=SessionLimit(remaining=remaining, reset_after=HOUR))

    assert found.wait == seconds(wait)
    assert (found.state == "parked") == (remaining < 100)


def test_a_limit_that_never_resets_is_not_asked_without_a_pause() -> None:
    nothing = SessionLimit(remaining=0, reset_after=timedelta(0))
    assert permit([], limit=nothing).wait == seconds(1)


def test_the_longest_of_the_waits_counts() -> None:
    starts = ago(*[0.0] * 10)
    soon = SessionLimit(remaining=1, reset_after=seconds(20))
    late = SessionLimit(remaining=1, reset_after=seconds(2000))

    assert (permit(starts, limit=soon).wait, permit(starts, limit=soon).state) == (
        seconds(300),
        "backing_off",
    )
    assert (permit(starts, limit=late).wait, permit(starts, limit=late).state) == (
        seconds(2000),
        "parked",
    )


def test_every_number_is_a_setting() -> None:
    rules = Gateway(
        starts_at_once=2,
        first_wait=seconds(1),
        longest_wait=seconds(3),
        starts_per_day=6,
        park_below=7,
    )
    waits = [permit(ago(*[0.0] * count), rules).wait for count in range(6)]
    assert waits == [seconds(number) for number in (0, 0, 1, 2, 3, 3)]
    assert permit(ago(*[0.0] * 6), rules).wait == DAY
    six = SessionLimit(remaining=6, reset_after=HOUR)
    assert permit([], rules, six).wait == HOUR


def test_a_start_in_the_future_counts_as_of_now() -> None:
    future = [NOW + timedelta(days=30)] * 5
    assert permit(future).wait == seconds(10)
    assert permit(future * 60).wait == DAY


@given(
    lives=st.lists(st.floats(0, 2000), min_size=40, max_size=150),
    steps=st.lists(st.floats(0, 200_000), max_size=3),
)
def test_no_life_and_no_clock_set_back_buys_more_starts(
    lives: list[float], steps: list[float]
) -> None:
    """In real time, whatever the wall clock says after it was set back."""
    rules = Gateway(starts_at_once=3, longest_wait=seconds(100), starts_per_day=20)
    real, wall = 0.0, NOW
    rows: list[datetime] = []
    made: list[float] = []
    for number, life in enumerate(lives):
        if number % 30 == 20 and steps:
            wall -= seconds(steps.pop())
        # The store clamps for good when it is read.
        rows = [min(row, wall) for row in rows]
        wait = next_start(rows, wall, rules, PLENTY).wait
        real, wall = real + wait.total_seconds(), wall + wait
        rows.append(wall)
        made.append(real)
        real, wall = real + life, wall + seconds(life)

    for first, last in zip(made, made[rules.starts_per_day :], strict=False):
        assert last - first >= DAY.total_seconds() - 1e-3
    for earlier, (last, following) in zip(made, pairwise(made[2:]), strict=False):
        if following - earlier < HOUR.total_seconds() - 1e-3:
            assert following - last >= rules.first_wait.total_seconds() - 1e-3
