"""What people write: made up after the hours of a day, or played again from a file."""

import gzip
import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import orjson

from multibot.clock import from_text
from multibot.errors import UsageError

HOUR = timedelta(hours=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# How much of a day's talk falls into each of its hours: a night, a working day, an evening.
HOURS = (3, 2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 10, 9, 9, 10, 11, 13, 16, 18, 19, 17, 12, 7)
PEOPLE = 40
# People talk by turns: so many messages together, so many seconds apart, on average.
TURNS, GAP_SECONDS = 9.0, 25.0
# Of so many messages one is for a bot.
ASKED = 0.05
LINES = (
    "has anyone seen the news today?",
    "I finally finished that book",
    "what should I cook tonight?",
    "my laptop is slow again, any advice?",
    "that was a good game",
    "I never thought of it that way",
    "does somebody know how to fix this?",
    "good morning everyone",
    "I have to decide about the new job",
    "we should meet some time",
    "why does it always rain at the weekend?",
    "look what I made",
)


@dataclass(frozen=True, slots=True)
class Remark:
    """One message of a person, so long after the beginning; `is_asking` wants a bot's answer."""

    after: timedelta
    channel: str
    author: str
    content: str
    is_asking: bool = False


class Written(NamedTuple):
    """One line of a file."""

    at: timedelta
    channel: str
    author: str
    content: str


def made_up(
    channels: Sequence[str], per_day: float, length: timedelta, chance: random.Random
) -> Iterator[Remark]:
    """Make a guild's traffic up; half of it is in the first channel."""
    weights = [len(channels) - 1 or 1, *(1 for _ in channels[1:])]
    found: list[Remark] = []
    for hour in range(-(-length // HOUR)):
        expected = per_day * HOURS[hour % 24] / sum(HOURS) / TURNS
        for _ in range(_how_many(expected, chance)):
            [channel] = chance.choices(channels, weights)
            found += _talk(hour * HOUR + HOUR * chance.random(), channel, chance)
    yield from sorted((each for each in found if each.after < length), key=lambda each: each.after)


def _how_many(expected: float, chance: random.Random) -> int:
    """Draw from Poisson's distribution: how many gaps fit into one hour."""
    if expected <= 0:
        return 0
    gaps = itertools.accumulate(chance.expovariate(expected) for _ in itertools.count())
    return sum(1 for _ in itertools.takewhile(lambda until: until < 1, gaps))


def _talk(begin: timedelta, channel: str, chance: random.Random) -> Iterator[Remark]:
    speakers = [f"person {chance.randrange(PEOPLE)}" for _ in range(chance.randint(1, 4))]
    after = begin
    while True:
        is_asking = chance.random() < ASKED
        yield Remark(after, channel, chance.choice(speakers), chance.choice(LINES), is_asking)
        if chance.random() < 1 / TURNS:
            return
        after += timedelta(seconds=chance.expovariate(1 / GAP_SECONDS))


class Replay:
    """Chat of files, to be played in several guilds, each from another place on."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._lines = [line for path in paths for line in _read(path)]
        if not self._lines:
            raise UsageError("there is no message in the chat.", remedy="Name another file.")

    @property
    def channels(self) -> list[str]:
        """Name the channels in the order in which they first occur."""
        return list(dict.fromkeys(line.channel for line in self._lines))

    def play(self, share: float, length: timedelta) -> Iterator[Remark]:
        """Play from this share of the lines on, round the end if need be.

        A pause of more than an hour is one of an hour: files are often cut out of longer ones. Between
        the end and the beginning there is always one, so that the shortest file fills the time.
        """
        count = len(self._lines)
        first = int(share * count)
        before: timedelta | None = None
        after = timedelta()
        for number in itertools.count(first):
            line = self._lines[number % count]
            if before is not None:
                gap = line.at - before
                is_next = number % count != 0 and timedelta() <= gap <= HOUR
                after += gap if is_next else HOUR
            if after >= length:
                return
            before = line.at
            yield Remark(after, line.channel, line.author, line.content)


def _read(path: Path) -> Iterator[Written]:
    opened = gzip.open if path.name.endswith(".gz") else open
    try:
        with opened(path, "rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _written(line, f"{path}:{number}")
    except (OSError, EOFError) as error:
        raise UsageError(f"the chat cannot be read: {error}.", where=str(path)) from error


def _written(line: bytes, where: str) -> Written:
    try:
        said = orjson.loads(line)
        # A time without a zone cannot be taken from one that has one.
        at = from_text(said["timestamp"]) - EPOCH
        fields = (said.get("channel", "chat"), said["author"], said["content"])
        return Written(at, *(str.strip(each) for each in fields))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            "this is no message.",
            where=where,
            remedy='A line is {"channel": ..., "timestamp": ISO 8601 with zone, "author": ..., '
            '"content": ...}.',
        ) from error
