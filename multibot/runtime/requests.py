"""The requests of one client: each is seen through, whether or not somebody still waits for it.

A request of discord.py that is cancelled while it waits out a global rate limit takes the end of
that limit with it: every later request of the client waits for ever.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from multibot.runtime.breaker import RequestRefusedError

Send = Callable[..., Coroutine[Any, Any, Any]]


class Requests:
    """Sends each request in a task of its own, so that its caller may be cancelled at any time."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._running: set[asyncio.Task[Any]] = set()
        self._is_closed = False

    async def send(self, *what: Any, **how: Any) -> Any:
        """Send one request and return its answer."""
        if self._is_closed:
            raise RequestRefusedError("This bot's connection is closed; nothing is sent any more")
        task = asyncio.create_task(self._send(*what, **how))
        self._running.add(task)
        task.add_done_callback(self._ended)
        await asyncio.wait({task})
        if task.cancelled():
            raise RequestRefusedError("This bot's connection was closed before Discord answered")
        return task.result()

    async def drop(self) -> None:
        """End those under way, before what they use is closed."""
        tasks = set(self._running)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def close(self) -> None:
        """End those under way and send no more."""
        self._is_closed = True
        await self.drop()

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._running.discard(task)
        if not task.cancelled():
            # Its caller may have gone; then nobody else asks, and asyncio would complain.
            task.exception()
