"""Places that have to be read again: a history was not to be had, or a message found no way in."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

from multibot.clock import Clock
from multibot.runtime.backlog import Place
from multibot.runtime.pulse import Pulse
from multibot.store.cursors import id_order

# Waits before a place is read again; they grow until nothing of it is owed any more.
RETRY_SECONDS = (1.0, 5.0, 25.0, 120.0, 600.0)
# While the store fails: what waits for it must not get too old to be answered in the meantime.
STORE_RETRY_SECONDS = RETRY_SECONDS[:3]


@dataclass(frozen=True, slots=True)
class Debt:
    """A place, and the message after which it has to be read again."""

    place: Place
    since: str


class Owed:
    """What is owed outlives gateway sessions: only a reading that went well ends it."""

    def __init__(self, pulse: Pulse, clock: Clock) -> None:
        self._pulse = pulse
        self._clock = clock
        self._debts: dict[str, Debt] = {}
        self._has_any = asyncio.Event()
        self._failures = 0

    def __contains__(self, channel_id: str) -> bool:
        return channel_id in self._debts

    @property
    def channel_ids(self) -> Iterable[str]:
        """Where something is owed."""
        return self._debts.keys()

    def add(self, place: Place, since: str) -> None:
        """Have a place read again from here on, or from where that was due already."""
        earlier = self._debts.get(place.channel_id)
        first = min(since, earlier.since, key=id_order) if earlier else since
        self._debts[place.channel_id] = Debt(place, first)
        self._has_any.set()

    @contextlib.asynccontextmanager
    async def due(self) -> AsyncIterator[Sequence[Debt]]:
        """Wait until it is time to read something again; it stays owed unless that goes well."""
        await self._wait()
        debts = tuple(self._debts.values())
        self._debts = {}
        self._has_any.clear()
        try:
            yield debts
        except BaseException:
            for debt in debts:
                self.add(debt.place, debt.since)
            raise
        is_again = any(debt.place.channel_id in self._debts for debt in debts)
        self._failures = self._failures + 1 if is_again else 0

    async def _wait(self) -> None:
        await self._has_any.wait()
        waits = RETRY_SECONDS if self._pulse.outage is None else STORE_RETRY_SECONDS
        await self._clock.sleep(waits[min(self._failures, len(waits) - 1)])
        while self._pulse.store_is_away:
            await self._clock.sleep(RETRY_SECONDS[0])
