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
