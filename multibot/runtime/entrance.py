"""The way in for every message, new or missed: its place first, then the engine."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import structlog

from multibot.clock import Clock
from multibot.errors import StoreUnavailableError
from multibot.runtime.backlog import Arrival
from multibot.runtime.engine import Engine
from multibot.runtime.gate import Gate
from multibot.runtime.lanes import Ticket
from multibot.runtime.pulse import Pulse
from multibot.store.cursors import Cursors

# A message that fails so often on its way into a store that works is given up.
MOST_TRIES = 3
# By then a write is done, or its caller has been told that it is not.
LONGEST_WRITE_SECONDS = 10.0
SETTLE_POLL_SECONDS = 0.1

log = structlog.get_logger(__name__)


class Entrance:
    """Hands messages to the engine, and knows which of them found no way into the store."""

    def __init__(
        self,
        *,
        engine: Engine,
        cursors: Cursors,
        pulse: Pulse,
        clock: Clock,
        lost: Callable[[Arrival], None],
    ) -> None:
        self._engine = engine
        self._cursors = cursors
        self._pulse = pulse
        self._clock = clock
        self._lost = lost
        self._tries: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self.gate = Gate(self.let_in)

    async def live(self, arrival: Arrival) -> None:
        """Let in what arrives now, behind what was missed before it."""
        if self.gate.is_closed(arrival.channel_id):
            self.gate.keep(arrival)
        else:
            await self._take(arrival)

    def let_in(self, arrival: Arrival, *, late: bool = False) -> None:
        """Give a message its place at once, and see it through in a task of its own."""
        self._tasks.add(self.begin(self._take(arrival, late=late)))

    async def settle(self, channel_ids: Iterable[str]) -> None:
        """Wait until it is known what became of the messages let in to these channels."""
        end = self._clock.monotonic() + LONGEST_WRITE_SECONDS
        busy = [*channel_ids]
        while self._clock.monotonic() < end:
            busy = [each for each in busy if not self._cursors.is_idle(each)]
            if not busy:
                return
            await self._clock.sleep(SETTLE_POLL_SECONDS)

    def begin(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Start a task whose failure is said in the log."""
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("event_failed", exc_info=error)

    def _take(self, arrival: Arrival, *, late: bool = False) -> Coroutine[Any, Any, None]:
        if arrival.is_own:
            return self._pass_over(arrival)
        self._cursors.arrived(arrival.channel_id, arrival.message_id)
        ticket = self._engine.enter(arrival.channel_id, arrival.author_id)
        return self._see_through(arrival, ticket, late=late)

    async def _pass_over(self, arrival: Arrival) -> None:
        try:
            await self._cursors.pass_over(
                arrival.channel_id, arrival.message_id, is_dm=arrival.place.is_dm
            )
        except StoreUnavailableError as error:
            self._pulse.store_failed(error)

    async def _see_through(self, arrival: Arrival, ticket: Ticket, *, late: bool) -> None:
        is_its_fault = True
        try:
            await self._engine.arrive(arrival.read(), ticket, late=late)
        except StoreUnavailableError as error:
            is_its_fault = False
            # Expected while the disk is full or locked: the place in the code says nothing.
            log.error("message_not_stored", message=arrival.message_id, error=str(error))  # noqa: TRY400
            self._pulse.store_failed(error, lost=1)
        finally:
            if self._cursors.is_settled(arrival.channel_id, arrival.message_id):
                self._tries.pop(arrival.message_id, None)
            else:
                self._lose(arrival, is_its_fault=is_its_fault)

    def _lose(self, arrival: Arrival, *, is_its_fault: bool) -> None:
        """Have a message read again that found no way into the store, unless it never does."""
        if is_its_fault:
            self._tries[arrival.message_id] += 1
        if self._tries[arrival.message_id] < MOST_TRIES:
            self._cursors.hold(arrival.channel_id)
            self._lost(arrival)
        else:
            del self._tries[arrival.message_id]
            log.error("message_given_up", message=arrival.message_id)
        self._cursors.settled(arrival.channel_id, arrival.message_id)
