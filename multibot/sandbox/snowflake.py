"""Discord's ids: a time in milliseconds, then a counter, so that id order is time order."""

from datetime import UTC, datetime

from multibot.clock import Clock

EPOCH_MS = 1_420_070_400_000
_TIME_SHIFT = 22


class Snowflakes:
    """Gives out ids that only ever grow, whatever the clock does."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> str:
        """Return a new id."""
        milliseconds = int(self._clock.now().timestamp() * 1000) - EPOCH_MS
        self._last = max(self._last + 1, milliseconds << _TIME_SHIFT)
        return str(self._last)


def time_of(snowflake: str) -> datetime:
    """Return the moment an id was made."""
    return datetime.fromtimestamp(((int(snowflake) >> _TIME_SHIFT) + EPOCH_MS) / 1000, UTC)
