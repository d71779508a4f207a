"""Local times without a zone: the zone's rules, its folds and its gaps."""

from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multibot.clock import to_text
from multibot.importing.times import LocalTimes, UnreadableTimeError
from tests.faults.book import times

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def read(*written: str, zone: tzinfo = BERLIN) -> list[str]:
    reading = LocalTimes(zone, NOW)
    return [reading.read(each)[11:19] for each in written]


def test_a_local_time_is_read_in_its_zone() -> None:
    reading = LocalTimes(BERLIN, NOW)

    assert reading.read("2025-07-08T10:00:00.897817") == "2025-07-08T08:00:00.897Z"
    assert reading.read("2025-12-08T10:00:00") == "2025-12-08T09:00:00.000Z"


def test_a_time_with_its_own_offset_needs_no_zone() -> None:
    assert read("2025-07-08T10:00:00Z", "2025-07-08T10:00:00-07:00") == ["10:00:00", "17:00:00"]


def test_the_hour_that_comes_twice_follows_the_order_of_the_file() -> None:
    """On 26 October 2025 the clocks of Berlin went from 3:00 back to 2:00."""
    day = "2025-10-26T"

    assert read(f"{day}02:30:00") == ["00:30:00"]
    assert read(*(f"{day}{at}" for at in ("01:59:00", "02:10:00", "02:50:00", "02:05:00"))) == [
        *("23:59:00", "00:10:00", "00:50:00", "01:05:00")
    ]
    assert read(f"{day}02:50:00", f"{day}02:05:00", f"{day}02:20:00", f"{day}03:00:00") == [
        *("00:50:00", "01:05:00", "01:20:00", "02:00:00")
    ]


def test_a_clock_that_was_set_back_is_believed() -> None:
    assert read("2025-07-08T10:00:00", "2025-07-08T09:59:00") == ["08:00:00", "07:59:00"]


def test_a_time_that_the_clock_jumped_over_is_read_as_if_it_had_not() -> None:
    """On 30 March 2025 the clocks of Berlin went from 2:00 to 3:00."""
    assert read("2025-03-30T02:30:00", "2025-03-30T03:30:00") == ["01:30:00", "01:30:00"]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (None, "it has no time"),
        (1_720_432_800, "its time is no text"),
        ("yesterday", "'yesterday' is not a time"),
        ("", "'' is not a time"),
        ("2025-13-01T00:00:00", "is not a time"),
        ("0001-01-01T00:00:00", "is not a time"),
        ("9999-12-31T23:59:59-12:00", "is not a time"),
        ("2026-01-01T01:06:00", "its time, 2026-01-01T00:06:00.000Z, is in the future"),
    ],
)
def test_what_is_no_time_is_refused_with_the_reason(written: Any, reason: str) -> None:
    with pytest.raises(UnreadableTimeError, match=reason):
        LocalTimes(BERLIN, NOW).read(written)


def test_a_clock_that_was_a_little_fast_is_forgiven() -> None:
    assert read("2026-01-01T01:05:00") == ["00:05:00"]


ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Australia/Lord_Howe"]
)


@given(name=ZONES, written=st.datetimes(datetime(1950, 1, 1), datetime(2025, 12, 31)))  # noqa: DTZ001 - local times
@settings(max_examples=times(5000, 60), deadline=None, derandomize=True)
def test_every_local_time_is_read_as_its_zone_says(name: str, written: datetime) -> None:
    """Also in odd hours; a time alone means the first pass of an hour that comes twice."""
    zone = ZoneInfo(name)

    assert LocalTimes(zone, NOW).read(written.isoformat()) == to_text(
        written.replace(tzinfo=zone, fold=0).astimezone(UTC)
    )
