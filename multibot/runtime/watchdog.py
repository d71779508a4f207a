"""Ends a process that only seems to live: its loop stands still, its writer or its memory is gone.

A thread of its own puts a tick into the event loop every second and waits until the loop has run
it. Only time in which the thread itself ran is counted: a process that was stopped (SIGSTOP, a
suspended laptop, a starved machine) gets the same patience afterwards as before.
"""

import asyncio
import contextlib
import faulthandler
import json
import math
import mmap
import os
import signal
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from multibot.clock import Clock, to_text
from multibot.errors import ExitCode, MultibotError
from multibot.runtime import care

STEP_SECONDS = 1.0
# One step counts for no more than this, however long it took: nobody ran for the rest of it.
LONGEST_STEP_SECONDS = 2 * STEP_SECONDS
# The last words may hang as well, on a full pipe or a dead disk; the process ends all the same.
LAST_WORDS_SECONDS = 5.0
# A loop that keeps Python's lock keeps this thread out too. Then the kernel ends the process, by
# its processor time: a stopped process uses none.
HOGGING_FACTOR = 1.1
# A process that cannot have so little fails here and there, and is better begun anew.
LEAST_MEMORY_BYTES = 1 << 20


class StillLoopError(MultibotError):
    """The event loop stood still."""

    exit_code = ExitCode.WATCHDOG


class DeadWriterError(MultibotError):
    """The thread that writes the database has ended; the process cannot go on without it."""


class Countdown:
    """Adds up how long a loop has not run, in steps."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._still = 0.0

    def fed(self) -> None:
        """Begin again: the loop has run."""
        self._still = 0.0

    def is_over(self, step: float) -> bool:
        """Count one more step; true once the limit is reached."""
        self._still += min(step, LONGEST_STEP_SECONDS)
        return self._still >= self._limit


@dataclass(frozen=True, slots=True, kw_only=True)
class LastWords:
    """Says why a process ends, by ways that need no loop, no store and no logging lock."""

    bot_name: str
    clock: Clock
    note: Path
    descriptor: int = 1

    def say(self, error: MultibotError, *, stacks: bool) -> None:
        """Write one line and a note for the next start, then what every thread is doing."""
        if stat.S_ISFIFO(os.fstat(self.descriptor).st_mode):
            # Nobody may be reading; the stacks are written while holding Python's lock.
            os.set_blocking(self.descriptor, False)
        with contextlib.suppress(OSError):
            os.write(self.descriptor, self._line(error))
        care.note_exit(self.note, error)
        if stacks:
            faulthandler.dump_traceback(self.descriptor, all_threads=True)

    def _line(self, error: MultibotError) -> bytes:
        body = {
            "timestamp": to_text(self.clock.now()),
            "bot": self.bot_name,
            "error": str(error),
            "exit_code": int(error.exit_code),
            "event": "ended_by_watchdog",
            "level": "critical",
            "logger": __name__,
        }
        return json.dumps(body).encode() + b"\n"


class Watchdog:
    """Watches one event loop and one writer; `look` is one step, the thread takes it each second."""

    def __init__(
        self,
        *,
        limit: float,
        clock: Clock,
        last_words: LastWords,
        writer_is_dead: Callable[[], bool],
        end: Callable[[int], None] = os._exit,
    ) -> None:
        self._limit = limit
        self._clock = clock
        self._last_words = last_words
        self._writer_is_dead = writer_is_dead
        self._end = end
        self._countdown = Countdown(limit)
        self._loop = asyncio.get_running_loop()
        self._ticked = True
        self._lag = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Start the thread. Call it in the main thread."""
        faulthandler.register(
            signal.SIGPROF, self._last_words.descriptor, all_threads=True, chain=True
        )
        self._set_kernel_timer()
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()
        signal.setitimer(signal.ITIMER_PROF, 0)
        faulthandler.unregister(signal.SIGPROF)

    def take_lag(self) -> float:
        """Return the longest wait of a tick since the last call, in seconds."""
        lag, self._lag = self._lag, 0.0
        return lag

    def look(self, step: float) -> None:
        """Look once, this many seconds after the last look; ends the process when it must."""
        if self._writer_is_dead():
            self._finish(DeadWriterError())
        elif self._ticked:
            self._countdown.fed()
            self._ticked = False
            self._loop.call_soon_threadsafe(self._tick, self._clock.monotonic())
        elif self._countdown.is_over(step):
            self._finish(StillLoopError(f"The event loop stood still for {self._limit:g} s."))

    def _tick(self, sent_at: float) -> None:
        self._lag = max(self._lag, self._clock.monotonic() - sent_at)
        self._ticked = True

    def _watch(self) -> None:
        try:
            self._watch_until_stopped()
        except (MemoryError, OSError, RuntimeError):
            # A closed loop is that of a process that ends in good order. Anything else that fails
            # here does so for want of memory, and last words would as well.
            if not self._loop.is_closed():
                self._end(int(ExitCode.BUG))

    def _watch_until_stopped(self) -> None:
        before = self._clock.monotonic()
        while not self._stopped.wait(STEP_SECONDS):
            now = self._clock.monotonic()
            self._set_kernel_timer()
            # Asked of the kernel: this thread's own heap may have room where others have none.
            mmap.mmap(-1, LEAST_MEMORY_BYTES).close()
            self.look(now - before)
            before = now

    def _set_kernel_timer(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, math.ceil(self._limit * HOGGING_FACTOR))

    def _finish(self, error: MultibotError) -> None:
        words = threading.Thread(
            target=self._last_words.say,
            args=(error,),
            kwargs={"stacks": error.exit_code is ExitCode.WATCHDOG},
            daemon=True,
        )
        words.start()
        words.join(LAST_WORDS_SECONDS)
        self._end(int(error.exit_code))
