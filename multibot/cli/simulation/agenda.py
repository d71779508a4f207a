"""Virtual time: what is to happen, in the order in which it is due."""

import heapq
import itertools
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

Act = Callable[[], Awaitable[None]]

# A Monday; with it a simulation is the same whenever it is run.
START = datetime(2026, 1, 5, tzinfo=UTC)
DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)


class Agenda:
    """A clock that leaps from one act to the next."""

    def __init__(self, start: datetime = START) -> None:
        self.start = start
        self._now = start
        self._order = itertools.count()
        self._due: list[tuple[datetime, int, Act]] = []
        self._last_id = 0

    def now(self) -> datetime:
        """Return the virtual time."""
        return self._now

    def monotonic(self) -> float:
        """Return the virtual seconds since the start."""
        return (self._now - self.start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        """Move the time: nobody else runs meanwhile."""
        self._now += timedelta(seconds=seconds)

    def at(self, moment: datetime, act: Act) -> None:
        """Let something happen at a moment, or now when that has passed."""
        heapq.heappush(self._due, (max(moment, self._now), next(self._order), act))

    def after(self, seconds: float, act: Act) -> None:
        """Let something happen in so many seconds."""
        self.at(self._now + timedelta(seconds=seconds), act)

    async def run(self, end: datetime, tell: Callable[[datetime], None]) -> None:
        """Let everything happen that is due before the end."""
        while self._due and self._due[0][0] < end:
            moment, _, act = heapq.heappop(self._due)
            self._now = moment
            await act()
            tell(moment)
        self._now = end

    def new_id(self) -> str:
        """Make an id as Discord does: larger than every earlier one."""
        made = (self._now - DISCORD_EPOCH) // timedelta(milliseconds=1) << 22
        self._last_id = max(self._last_id + 1, made)
        return str(self._last_id)
