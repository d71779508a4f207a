"""Times as the old files hold them: local ones without a zone, and a zone to read them in."""

import functools
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo

from multibot.clock import from_text, to_text

# A clock that was a little fast is no reason to leave anything out.
SLACK = timedelta(minutes=5)
_HOUR = timedelta(hours=1)
# What stands behind the hour in what almost all files have; milliseconds are what is kept.
_BEHIND_HOUR = re.compile(r"(:[0-5]\d:[0-5]\d)(?:\.(\d{3})(?:\d{3})?)?", re.ASCII)
_UP_TO_HOUR = 13
_HOURS_REMEMBERED = 4096


class UnreadableTimeError(ValueError):
    """Not a time, or none at which anything can have been said."""


class LocalTimes:
    """Reads the times of one conversation, in its order. A `zone` of None is this machine's own.

    In the hour that a clock passes through twice, a time means the first pass, unless the one
    before it was later: then the second. A time that the clock jumped over is read as if it had not
    jumped.
    """

    def __init__(self, zone: tzinfo | None, now: datetime) -> None:
        self._zone = zone
        self._hours = _hours_of(zone)
        self._latest = to_text(now + SLACK)
        self._before = ""

    def read(self, value: object) -> str:
        """Return a time as the database has them; raise UnreadableTimeError where it is none."""
        if not isinstance(value, str):
            raise UnreadableTimeError("it has no time" if value is None else "its time is no text")
        behind = _BEHIND_HOUR.fullmatch(value, _UP_TO_HOUR)
        hour = self._hours(value[:_UP_TO_HOUR]) if behind else None
        if behind is not None and hour is not None:
            at = f"{hour}{behind[1]}.{behind[2] or '000'}Z"
        else:
            at = self._slowly(value)
        if at > self._latest:
            raise UnreadableTimeError(f"its time, {at}, is in the future")
        self._before = at
        return at

    def _slowly(self, value: str) -> str:
        try:
            return to_text(self._moment(datetime.fromisoformat(value.strip())))
        except (ValueError, OverflowError, OSError) as error:
            raise UnreadableTimeError(f"{value[:40]!r} is not a time") from error

    def _moment(self, written: datetime) -> datetime:
        if written.tzinfo is not None:
            return written.astimezone(UTC)
        first = _in_zone(written, self._zone)
        if not self._before or first >= (before := from_text(self._before)):
            return first
        second = _in_zone(written.replace(fold=1), self._zone)
        return second if second > first and second >= before else first


def _in_zone(written: datetime, zone: tzinfo | None) -> datetime:
    return written.replace(tzinfo=zone).astimezone(UTC)


@functools.lru_cache(maxsize=8)
def _hours_of(zone: tzinfo | None) -> Callable[[str], str | None]:
    """Return what gives the UTC hour of a local one; None for hours that need a closer look."""

    @functools.lru_cache(maxsize=_HOURS_REMEMBERED)
    def hour(written: str) -> str | None:
        try:
            begin = datetime.fromisoformat(f"{written}:00")
            moments = [_in_zone(each, zone) for each in (begin, begin + _HOUR)]
            folded = [
                _in_zone(each.replace(fold=1), zone)
                for each in (begin, begin + _HOUR - timedelta(seconds=1))
            ]
        except (ValueError, OverflowError, OSError):
            return None
        is_plain = moments[1] - moments[0] == _HOUR == folded[1] - folded[0] + timedelta(seconds=1)
        if not is_plain or folded[0] != moments[0] or moments[0].minute or moments[0].second:
            return None
        return moments[0].isoformat()[:_UP_TO_HOUR]

    return hour
