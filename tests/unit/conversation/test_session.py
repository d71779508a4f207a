from datetime import UTC, datetime, timedelta, timezone

import pytest

from multibot.conversation.message import SessionId
from multibot.conversation.session import (
    OpenSession,
    SessionRules,
    close_reason,
    continues,
    display_id,
)

START = datetime(2024, 1, 8, 14, 30, tzinfo=UTC)
RULES = SessionRules()
MS = timedelta(milliseconds=1)


def opened(active_for: float = 0) -> OpenSession:
    return OpenSession(SessionId("s"), START, START + timedelta(seconds=active_for))


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("active_for", "at", "reason"),
    [
        (0, after(0), None),
        (0, after(299.999), None),
        (0, after(300), None),
        (0, after(300) + MS, "gap"),
        (3500, after(3600), None),
        (3500, after(3600) + MS, "timeout"),
        (3500, after(3800), "timeout"),
        (3500, after(3801), "gap"),
        (100, after(50), None),
        (100, after(-99_999), None),
    ],
)
def test_both_limits_are_strict(active_for: float, at: datetime, reason: str | None) -> None:
    """At exactly the limit it is the same session; a clock that went back closes nothing."""
    assert close_reason(opened(active_for), at, RULES) == reason
    assert continues(opened(active_for), at, RULES) is (reason is None)


def test_the_limits_are_settings() -> None:
    rules = SessionRules(gap=timedelta(seconds=10), timeout=timedelta(seconds=15))

    assert continues(opened(), after(10), rules)
    assert close_reason(opened(), after(10) + MS, rules) == "gap"
    assert close_reason(opened(8), after(15) + MS, rules) == "timeout"


def test_a_session_is_named_by_its_start_in_utc() -> None:
    cet = timezone(timedelta(hours=1))

    assert display_id(START, timedelta(seconds=3600)) == "2024-01-08_14-30-00_3600s"
    assert display_id(START.astimezone(cet), timedelta(hours=1)) == "2024-01-08_14-30-00_3600s"
