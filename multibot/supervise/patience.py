"""Waiting for something outside to change, by looking again and again until a deadline."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from multibot.clock import Clock, SystemClock

INTERVAL = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How time passes for a command that waits."""

    clock: Clock
    pause: Callable[[float], None]

    def until(self, done: Callable[[], bool], seconds: float) -> bool:
        """Look until it is done or the time is up; say whether it was done."""
        deadline = self.clock.monotonic() + seconds
        while not done():
            if self.clock.monotonic() >= deadline:
                return False
            self.pause(INTERVAL)
        return True


def real() -> Patience:
    """Wait on the machine's own clock."""
    return Patience(clock=SystemClock(), pause=time.sleep)
