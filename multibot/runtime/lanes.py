"""Order: messages of one session wait for each other, others never do."""

import asyncio
from collections.abc import Hashable


class Ticket:
    """One place in a lane; taken at once, given back exactly once with `leave`."""

    def __init__(self, before: "asyncio.Future[None] | None") -> None:
        self._before = before
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def turn(self) -> None:
        """Wait until everyone who came earlier has left."""
        if self._before is not None and not self._before.done():
            await asyncio.shield(self._before)

    def leave(self) -> None:
        """Let the next one go, but never before those who came earlier."""
        if self._before is None or self._before.done():
            self._open()
        else:
            self._before.add_done_callback(lambda _: self._open())

    def _open(self) -> None:
        if not self.done.done():
            self.done.set_result(None)


class Lanes:
    """Any number of queues by key; a lane that is empty takes no memory."""

    def __init__(self) -> None:
        self._last: dict[Hashable, asyncio.Future[None]] = {}

    def enter(self, key: Hashable) -> Ticket:
        """Take the next place in a lane, without waiting."""
        ticket = Ticket(self._last.get(key))
        self._last[key] = ticket.done
        ticket.done.add_done_callback(lambda done: self._forget(key, done))
        return ticket

    def __len__(self) -> int:
        return len(self._last)

    def _forget(self, key: Hashable, done: "asyncio.Future[None]") -> None:
        if self._last.get(key) is done:
            del self._last[key]


class Gates:
    """At most so many at once for each key; those over it wait in the order they came."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._gates: dict[Hashable, tuple[asyncio.Semaphore, int]] = {}

    def enter(self, key: Hashable) -> "Gate":
        """Make the context manager that holds one of the places while it is open."""
        return Gate(self, key)

    def __len__(self) -> int:
        return len(self._gates)

    def take(self, key: Hashable) -> asyncio.Semaphore:
        """Count one more user of a gate."""
        semaphore, users = self._gates.get(key) or (asyncio.Semaphore(self._limit), 0)
        self._gates[key] = (semaphore, users + 1)
        return semaphore

    def give_back(self, key: Hashable) -> None:
        """Count one user less; a gate nobody uses is dropped."""
        semaphore, users = self._gates[key]
        if users == 1:
            del self._gates[key]
        else:
            self._gates[key] = (semaphore, users - 1)


class Gate:
    """One holder's place in a `Gates` key."""

    def __init__(self, gates: Gates, key: Hashable) -> None:
        self._gates = gates
        self._key = key
        self._semaphore: asyncio.Semaphore | None = None

    async def __aenter__(self) -> None:
        semaphore = self._gates.take(self._key)
        try:
            await semaphore.acquire()
        except asyncio.CancelledError:
            self._gates.give_back(self._key)
            raise
        self._semaphore = semaphore

    async def __aexit__(self, *_: object) -> None:
        if self._semaphore is not None:
            self._semaphore.release()
            self._gates.give_back(self._key)
