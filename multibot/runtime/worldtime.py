"""What time it is for Discord, by which messages are young or old, whatever the host believes.

The newest message seen would not do: it shows a clock that is slow, never one that is fast.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import structlog

from multibot.clock import Clock

# The header has whole seconds, and the answer takes a while: less than this is no difference.
TOLERANCE = timedelta(seconds=30)

log = structlog.get_logger(__name__)


class WorldTime:
    """The host's clock, put right by what Discord's answers say."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Return the time by which Discord dates messages."""
        return self._clock.now() - self._ahead

    def monotonic(self) -> float:
        """Return the host's seconds, which never go back."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait this many seconds."""
        await self._clock.sleep(seconds)

    def note(self, date: str | None) -> None:
        """Read the Date of an answer that has just come from Discord."""
        try:
            said = parsedate_to_datetime(date or "")
        except ValueError:
            return
        ahead = self._clock.now() - (said if said.tzinfo else said.replace(tzinfo=UTC))
        if abs(ahead - self._ahead) < TOLERANCE:
            return
        self._ahead = ahead if abs(ahead) >= TOLERANCE else timedelta()
        log.warning("clock_differs", ahead_s=round(self._ahead.total_seconds()))
