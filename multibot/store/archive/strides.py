"""How much one short transaction, or one read, takes: rows are counted, and so are their bytes.

A text may be as long as 256 KiB, a thousand times as long as most: rows alone say little of how
long something takes, or how much memory.
"""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from multibot.clock import Clock

# A transaction takes no more rows after so long; its COMMIT comes on top, and every bot waits for both.
STEP_SECONDS = 0.01
# The clock is asked once in so many rows, and after so many bytes: each row takes its words out of
# the search, or puts them in.
ROWS = 25
BYTES = 1 << 15
# What one transaction writes at most, however quick it is: its COMMIT takes its own time.
WRITTEN_BYTES = 1 << 19
# What one read holds at most.
HELD_BYTES = 1 << 21


def cut(sizes: Iterable[int], most: int) -> int:
    """Say how many of the next rows have so many bytes at most; one, however long it is."""
    together = itertools.accumulate(sizes)
    first = next(together, None)
    if first is None:
        return 0
    return 1 + sum(1 for _ in itertools.takewhile(lambda size: size <= most, together))


class Room:
    """What one transaction may still take: so many rows and bytes, and until the time is up."""

    def __init__(self, clock: Clock, rows: int | None = None) -> None:
        self._clock = clock
        self._until = clock.monotonic() + STEP_SECONDS
        self._rows = rows
        self._bytes = WRITTEN_BYTES
        self._is_begun = False

    @property
    def is_left(self) -> bool:
        """Whether another stride may be taken; a first one always, so that there is an end."""
        if not self._is_begun:
            return True
        has_rows = self._rows is None or self._rows > 0
        return has_rows and self._bytes > 0 and self._clock.monotonic() <= self._until

    @property
    def rows(self) -> int:
        """How many rows the next stride has at most."""
        return ROWS if self._rows is None else min(ROWS, self._rows)

    def take(self, rows: Sequence[tuple[Any, ...]]) -> tuple[Sequence[tuple[Any, ...]], int]:
        """Return as many of these rows, whose sizes come first, as one stride has, and their size."""
        some = rows[: cut((row[0] for row in rows), BYTES)]
        size = sum(row[0] for row in some)
        self._bytes -= size
        self._is_begun = True
        if self._rows is not None:
            self._rows -= len(some)
        return some, size
