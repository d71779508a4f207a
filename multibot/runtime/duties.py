"""Work that goes on for as long as a bot lives: when a part of it fails, the process has to end.

A bot that goes on without its heartbeat, its sweep or its catch-up only seems to be well; one that
ends is started again.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

from multibot.errors import MultibotError

log = structlog.get_logger(__name__)


class DutyError(MultibotError):
    """A part of this bot that has to run all the time has failed."""


class Duties:
    """Owns the tasks of one process that nobody waits for."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._error: DutyError | None = None
        self.broken = asyncio.Event()

    def begin(self, name: str, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Start a duty. It may end and it may be cancelled, but it may not fail."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def check(self) -> None:
        """Raise DutyError when a duty has failed."""
        if self._error is not None:
            raise self._error

    async def end(self) -> None:
        """Cancel every duty and wait until it has ended."""
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        log.critical("duty_failed", duty=task.get_name(), exc_info=error)
        self._error = self._error or DutyError(f"The {task.get_name()} has failed: {error!r}.")
        self.broken.set()
