"""When a bot may start a gateway session: Discord takes the token of one that starts too often.

The doubling counts the starts of the last hour and measures the wait from the start before, so a
session that lived `longest_wait` costs its successor nothing, and an hour without a start forgets
all. No separate rule says what a healthy session is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from multibot.config.fleet import Gateway

HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)
NOTHING = timedelta(0)
# Doubled so often, the shortest wait exceeds the longest one that can be set.
MOST_DOUBLINGS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimit:
    """What Discord itself still allows, and when it counts anew."""

    remaining: int
    reset_after: timedelta


@dataclass(frozen=True, slots=True)
class Permit:
    """How long the next start has to wait, and what the bot's state is until then."""

    wait: timedelta
    state: Literal["backing_off", "parked"]
    why: str


def next_start(
    starts: Sequence[datetime], now: datetime, rules: Gateway, limit: SessionLimit
) -> Permit:
    """Decide from the starts of the last 24 hours; one in the future counts as of now."""
    past = sorted(min(start, now) for start in starts)
    permits = (_spaced(past, now, rules), _of_today(past, now, rules), _of_discord(rules, limit))
    return max(permits, key=lambda permit: permit.wait)


def _spaced(past: Sequence[datetime], now: datetime, rules: Gateway) -> Permit:
    recent = sum(1 for start in past if now - start < HOUR)
    if recent < rules.starts_at_once:
        return Permit(NOTHING, "backing_off", "")
    doublings = min(recent - rules.starts_at_once, MOST_DOUBLINGS)
    gap = min(rules.first_wait * 2**doublings, rules.longest_wait)
    why = f"{recent} gateway starts in the last hour"
    return Permit(_until(past[-1] + gap, now), "backing_off", why)


def _of_today(past: Sequence[datetime], now: datetime, rules: Gateway) -> Permit:
    today = [start for start in past if now - start < DAY]
    if len(today) < rules.starts_per_day:
        return Permit(NOTHING, "parked", "")
    # So many have to leave the window before there is room for one.
    last_to_leave = today[len(today) - rules.starts_per_day]
    why = f"{len(today)} gateway starts in the last 24 hours"
    return Permit(_until(last_to_leave + DAY, now), "parked", why)


def _of_discord(rules: Gateway, limit: SessionLimit) -> Permit:
    if limit.remaining >= rules.park_below:
        return Permit(NOTHING, "parked", "")
    why = f"Discord allows only {limit.remaining} more gateway starts today"
    return Permit(max(limit.reset_after, timedelta(seconds=1)), "parked", why)


def _until(moment: datetime, now: datetime) -> timedelta:
    return max(moment - now, NOTHING)
