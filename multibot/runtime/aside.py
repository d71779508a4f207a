"""Work that takes long, beside the event loop: in a thread that no end of the process waits for."""

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

Outcome = TypeVar("Outcome")
LOWEST = 19


class _Errand:
    """Carries what a thread returns or raises to the loop that waits for it, if it still does."""

    def __init__(self, future: "asyncio.Future[Outcome]", work: Callable[[], Outcome]) -> None:
        self._future = future
        self._loop = future.get_loop()
        self._work = work

    def run(self) -> None:
        """Do the work; call it in the thread."""
        with self:
            self._tell(self._future.set_result, self._work())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        del kind, traceback
        if isinstance(error, Exception):
            self._tell(self._future.set_exception, error)
        return isinstance(error, Exception)

    def _tell(self, settle: Callable[..., None], value: object) -> None:
        def tell() -> None:
            if not self._future.done():
                settle(value)

        # A loop that has ended has nobody left to tell.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(tell)


def stand_back() -> None:
    """Leave the processors to whoever answers somebody, in this thread from now on.

    Only for work outside of Python: who waits for a processor with Python's lock keeps the loop
    waiting too. On Linux each thread has a niceness of its own.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LOWEST)


async def aside(work: Callable[[], Outcome]) -> Outcome:
    """Do this in a thread of its own. Whoever stops waiting leaves it to go on alone."""
    future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
    threading.Thread(target=_Errand(future, work).run, name="aside", daemon=True).start()
    return await future
