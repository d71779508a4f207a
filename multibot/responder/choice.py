"""Which line to say: by lot, but never one that was just said."""

import functools
import hashlib
import math
from collections.abc import Callable, Sequence

from multibot.responder.script import PLACEHOLDER

_SHORTEST_MARK = 6


class Choice:
    """Draws lots for one answer. The same key and earlier answers always give the same lots."""

    def __init__(self, key: str, answers: Sequence[str]) -> None:
        self._key = key
        self._drawn = 0
        self._spoken = [_even(answer) for answer in reversed(answers)]
        self._taken: set[str] = set()

    def one_in(self, chances: int) -> bool:
        """Come true once in so many times."""
        return self._draw() % chances == 0

    def line(self, lines: Sequence[str], fitness: Callable[[str], float] | None = None) -> str:
        """Take a line: one not said yet, else the one said longest ago; of those the fittest."""
        free = [line for line in lines if line not in self._taken] or list(lines)
        fitting = _greatest(free, self._age)
        if fitness:
            fitting = _greatest(fitting, fitness)
        taken = fitting[self._draw() % len(fitting)]
        self._taken.add(taken)
        return taken

    def has_fresh(self, lines: Sequence[str]) -> bool:
        """Tell whether a line is left that was not said yet."""
        return bool(self.fresh(lines))

    def fresh(self, lines: Sequence[str]) -> list[str]:
        """Return the lines that were not said yet."""
        return [line for line in lines if line not in self._taken and self._age(line) == math.inf]

    def next(self, lines: Sequence[str]) -> str:
        """Take the first line that was not said yet, else the one said longest ago."""
        taken = max(
            (line for line in lines if line not in self._taken), key=self._age, default=lines[0]
        )
        self._taken.add(taken)
        return taken

    def used_lately(self, lines: Sequence[str], answers: int) -> bool:
        """Tell whether one of the last answers was made with one of these lines."""
        return any(self._age(line) < answers for line in lines)

    def said_lately(self, words: str, answers: int) -> bool:
        """Tell whether one of the last answers holds these words."""
        return any(_even(words) in spoken for spoken in self._spoken[:answers])

    def was_said(self, words: str) -> bool:
        """Tell whether any answer holds these words."""
        return self.said_lately(words, len(self._spoken))

    def _age(self, line: str) -> float:
        mark = _mark(line)
        ages = (age for age, spoken in enumerate(self._spoken) if mark and mark in spoken)
        return next(ages, math.inf)

    def _draw(self) -> int:
        self._drawn += 1
        lot = f"{self._key}\0{self._drawn}".encode("utf-8", "surrogatepass")
        return int.from_bytes(hashlib.blake2b(lot, digest_size=6).digest())


def _greatest(lines: Sequence[str], measure: Callable[[str], float]) -> list[str]:
    """Return the lines that measure most."""
    measures = [measure(line) for line in lines]
    most = max(measures)
    return [line for line, each in zip(lines, measures, strict=True) if each == most]


@functools.lru_cache(maxsize=4096)
def _mark(line: str) -> str:
    """Return the longest stretch of a line that does not depend on what is filled in."""
    stretches = PLACEHOLDER.sub("\0", line).split("\0")
    mark = max((_even(stretch) for stretch in stretches), key=len)
    return mark if len(mark) >= _SHORTEST_MARK else ""


def _even(text: str) -> str:
    return " ".join(text.split()).casefold()
