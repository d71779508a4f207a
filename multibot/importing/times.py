"""Times as the old files hold them: local ones without a zone, and a zone to read them in."""

from datetime import UTC, datetime, timedelta, tzinfo

from multibot.clock import to_text

# A clock that was a little fast is no reason to leave anything out.
SLACK = timedelta(minutes=5)


class UnreadableTimeError(ValueError):
    """Not a time, or none at which anything can have been said."""


class LocalTimes:
    """Reads the times of one file, in its order. A `zone` of None is this machine's own.

    In the hour that a clock passes through twice, a time means the first pass, unless the one
    before it in the file was later: then the second. A time that the clock jumped over is read as
    if it had not jumped.
    """

    def __init__(self, zone: tzinfo | None, now: datetime) -> None:
        self._zone = zone
        self._latest = now + SLACK
        self._before = datetime.min.replace(tzinfo=UTC)

    def read(self, value: object) -> str:
        """Return a time as the database has them; raise UnreadableTimeError where it is none."""
        if not isinstance(value, str):
            raise UnreadableTimeError("it has no time" if value is None else "its time is no text")
        try:
            moment = self._moment(datetime.fromisoformat(value.strip()))
            text = to_text(moment)
        except (ValueError, OverflowError, OSError) as error:
            raise UnreadableTimeError(f"{value[:40]!r} is not a time") from error
        if moment > self._latest:
            raise UnreadableTimeError(f"its time, {text}, is in the future")
        self._before = moment
        return text

    def _moment(self, written: datetime) -> datetime:
        if written.tzinfo is not None:
            return written.astimezone(UTC)
        first = self._in_zone(written)
        if first >= self._before:
            return first
        second = self._in_zone(written.replace(fold=1))
        return second if second > first and second >= self._before else first

    def _in_zone(self, written: datetime) -> datetime:
        return written.replace(tzinfo=self._zone).astimezone(UTC)
