"""The numbers of `multibot history stats`, as people and programs are shown them."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from multibot.cli import paging
from multibot.cli.bars import EIGHTHS, bars
from multibot.cli.printable import printable_line
from multibot.wording import counted

if TYPE_CHECKING:
    from multibot.store.archive.directory import Channel
    from multibot.store.archive.statistics import Amount, BotNumbers

BUSIEST = 10
BAR_WIDTH = 30
# Other programs may have written times of their own.
DAY = re.compile(r"\d{4}-\d\d-\d\d")
UNITS = ("B", "KB", "MB", "GB", "TB")
STEP = 1000


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """What was counted by bot, the channels it was counted in, and how large the file is."""

    bots: Mapping[str, "BotNumbers"]
    channels: Sequence["Channel"]
    file_bytes: int
    wal_bytes: int

    def lines(self, days: int) -> Iterator[str]:
        """Write it for people, with pictures of the busiest channels and of the last days."""
        if self.bots:
            yield from self._summary()
            yield ""
            yield from _table(self._bot_rows())
            yield ""
            yield from _table(self._channel_rows())
            yield ""
            yield from _table(self._day_rows(days))

    def as_json(self) -> Iterator[str]:
        """Write it as one object."""
        days = self._days
        body = {
            **_amount(self._total),
            "people": len(self._people),
            "sessions": self._sessions,
            "first_day": min(days, default=None),
            "last_day": max(days, default=None),
            "file_bytes": self.file_bytes,
            "wal_bytes": self.wal_bytes,
            "bots": [_bot(name, each) for name, each in self.bots.items()],
            "channels": [_channel(channel, amount) for channel, amount in self._busiest],
            "days": [{"day": day, **_turns(days[day])} for day in sorted(days)],
        }
        yield json.dumps(body, indent=2)

    def _summary(self) -> Iterator[str]:
        total, days = self._total, self._days
        people = len(self._people)
        yield (
            f"{counted(total.turns, 'turn')} in {counted(self._sessions, 'session')} with"
            f" {people:,} {'person' if people == 1 else 'people'}, {min(days)} to {max(days)}"
        )
        occasions = f", {counted(total.occasions, 'occasion')}" if total.occasions else ""
        yield (
            f"{total.people:,} of people, {total.bots:,} of bots{occasions}; {size(total.bytes)} of text,"
            f" in a file of {size(self.file_bytes)} and a log of {size(self.wal_bytes)}"
        )

    def _bot_rows(self) -> Iterator[tuple[str, ...]]:
        yield ("BOT", "TURNS", "SESSIONS", "PEOPLE", "CHANNELS", "TEXT", "LAST DAY")
        for name, each in self.bots.items():
            counts = (each.amount.turns, len(each.sessions), len(each.users), len(each.channels))
            yield name, *(f"{n:,}" for n in counts), size(each.amount.bytes), max(each.days)

    def _channel_rows(self) -> Iterator[tuple[str, ...]]:
        found = self._busiest[:BUSIEST]
        yield ("BUSIEST CHANNELS", "BOT", "TURNS", "")
        drawn = _drawn([amount.turns for _, amount in found])
        for (channel, amount), bar in zip(found, drawn, strict=True):
            yield _called(channel), channel.place.bot_name, f"{amount.turns:,}", bar

    def _day_rows(self, count: int) -> Iterator[tuple[str, ...]]:
        yield ("DAY", "TURNS", "")
        known = [date.fromisoformat(day) for day in self._days if DAY.fullmatch(day)]
        if not known:
            return
        first, last = min(known), max(known)
        shown = min(count, (last - first).days + 1)
        days = [(last - timedelta(days=ago)).isoformat() for ago in reversed(range(shown))]
        turns = [self._days[day].turns if day in self._days else 0 for day in days]
        for day, number, bar in zip(days, turns, _drawn(turns), strict=True):
            yield day, f"{number:,}", bar

    @cached_property
    def _total(self) -> "Amount":
        from multibot.store.archive.statistics import Amount

        return sum((each.amount for each in self.bots.values()), Amount())

    @cached_property
    def _sessions(self) -> int:
        return sum(len(each.sessions) for each in self.bots.values())

    @cached_property
    def _people(self) -> set[str]:
        return set().union(*(each.users for each in self.bots.values()))

    @cached_property
    def _days(self) -> dict[str, "Amount"]:
        found: dict[str, Amount] = {}
        for each in self.bots.values():
            for day, amount in each.days.items():
                found[day] = found[day] + amount if day in found else amount
        return found

    @cached_property
    def _busiest(self) -> list[tuple["Channel", "Amount"]]:
        amounts = {name: each.channels for name, each in self.bots.items()}
        found = [
            (channel, amount)
            for channel in self.channels
            if (amount := amounts.get(channel.place.bot_name, {}).get(channel.place.channel_id))
        ]
        return sorted(found, key=lambda pair: (-pair[1].turns, pair[0].place))


def size(count: int) -> str:
    """Write a number of bytes for people."""
    number, unit = float(count), 0
    while number >= STEP and unit < len(UNITS) - 1:
        number, unit = number / STEP, unit + 1
    return f"{number:.1f} {UNITS[unit]}" if unit else f"{count} {UNITS[0]}"


def _table(rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    """Align columns: numbers to the right, what is no number to the left."""
    cells = list(rows)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        each = zip(row, widths, cells[-1], strict=True)
        yield "  ".join(_cell(text, width, below) for text, width, below in each).rstrip()


def _cell(text: str, width: int, below: str) -> str:
    is_number = below[:1].isdigit() and not below.count("-")
    return text.rjust(width) if is_number else text.ljust(width)


def _drawn(values: Sequence[int]) -> list[str]:
    return bars(values, BAR_WIDTH, is_plain=not paging.can_show(EIGHTHS))


def _called(channel: "Channel") -> str:
    if channel.type == "dm":
        return f"DM {channel.place.channel_id}"
    return f"#{printable_line(channel.name) or channel.place.channel_id}"


def _turns(amount: "Amount") -> dict[str, int]:
    return {"turns": amount.turns, "people_turns": amount.people, "bot_turns": amount.bots}


def _amount(amount: "Amount") -> dict[str, int]:
    return {**_turns(amount), "text_bytes": amount.bytes}


def _bot(name: str, numbers: "BotNumbers") -> dict[str, object]:
    return {
        "bot_name": name,
        **_amount(numbers.amount),
        "people": len(numbers.users),
        "sessions": len(numbers.sessions),
        "channels": len(numbers.channels),
        "first_day": min(numbers.days),
        "last_day": max(numbers.days),
    }


def _channel(channel: "Channel", amount: "Amount") -> dict[str, object]:
    return {
        "bot_name": channel.place.bot_name,
        "channel_id": channel.place.channel_id,
        "channel_name": channel.name,
        "channel_type": channel.type,
        **_amount(amount),
    }
