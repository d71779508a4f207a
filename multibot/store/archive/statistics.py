"""How much was said, by whom, where and when: one pass over the turns, a page at a time."""

# ruff: noqa: S608 - statements are put together from constants; values are bound
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from multibot.store import connection
from multibot.store.archive import few, search
from multibot.store.archive.criteria import MATCHES, Criteria
from multibot.store.archive.who import Who

if TYPE_CHECKING:
    from multibot.store.archive.shared import SharedFile

# So many turns are looked at in one read.
PAGE = 5_000

_NUMBERS = f"""
SELECT c.bot_name, c.channel_id, c.user_id, c.session_id,
    CASE c.role WHEN 'assistant' THEN 0 WHEN 'user' THEN 1 ELSE 2 END,
    substr(c.timestamp, 1, 10), octet_length(c.content)
FROM conversations AS c
WHERE {{}} AND {MATCHES}
"""
_BETWEEN = _NUMBERS.format("c.id > :after AND c.id <= :last")
_THESE = _NUMBERS.format("c.id IN (SELECT value FROM json_each(:ids))")

_BOTS, _PEOPLE, _OCCASIONS, _BYTES = range(4)


@dataclass(frozen=True, slots=True)
class Amount:
    """Turns of people and of bots, what moved bots to speak up, and the text in bytes."""

    people: int = 0
    bots: int = 0
    occasions: int = 0
    bytes: int = 0

    @property
    def turns(self) -> int:
        """All of them."""
        return self.people + self.bots + self.occasions

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(
            self.people + other.people,
            self.bots + other.bots,
            self.occasions + other.occasions,
            self.bytes + other.bytes,
        )


@dataclass(slots=True)
class BotNumbers:
    """What one bot took part in: counted per channel and per day."""

    counted_channels: dict[str, list[int]] = field(default_factory=lambda: defaultdict(_zeros))
    counted_days: dict[str, list[int]] = field(default_factory=lambda: defaultdict(_zeros))
    # Of a session a number that stands for its id: there are many.
    sessions: set[int] = field(default_factory=set)
    users: set[str] = field(default_factory=set)

    @property
    def channels(self) -> dict[str, Amount]:
        """How much was said in each channel."""
        return {channel: _amount(each) for channel, each in self.counted_channels.items()}

    @property
    def days(self) -> dict[str, Amount]:
        """How many turns each day has that has any, the first day first; bytes are not counted."""
        return {day: _amount(each) for day, each in sorted(self.counted_days.items())}

    @property
    def amount(self) -> Amount:
        """How much was said at all."""
        return sum(self.channels.values(), Amount())


def _zeros() -> list[int]:
    return [0, 0, 0, 0]


def _amount(counted: list[int]) -> Amount:
    return Amount(counted[_PEOPLE], counted[_BOTS], counted[_OCCASIONS], counted[_BYTES])


def count(
    shared: "SharedFile", criteria: Criteria, tell: Callable[[int], object] = bool
) -> dict[str, BotNumbers]:
    """Count the turns that fit, by bot, in alphabetical order; `tell` hears how many so far.

    What another bot of the fleet said is of a bot in every history, and no bot is a user.
    """
    so_far = 0
    fleet = Who(shared).bots
    found: dict[str, BotNumbers] = defaultdict(BotNumbers)
    with connection.errors_of(shared.path):
        for rows in _pages(shared, criteria):
            # Millions of turns come through here: nothing is called that need not be.
            for bot, channel, user, session, kind, day, size in rows:
                if kind == _PEOPLE and user in fleet:
                    kind = _BOTS  # noqa: PLW2901 - a second name would be a second store per turn
                numbers = found[bot]
                amount = numbers.counted_channels[channel]
                amount[kind] += 1
                amount[_BYTES] += size
                numbers.counted_days[day][kind] += 1
                numbers.sessions.add(hash(session))
                if user not in fleet:
                    numbers.users.add(user)
            so_far += len(rows)
            tell(so_far)
    return dict(sorted(found.items()))


def _pages(shared: "SharedFile", criteria: Criteria) -> Iterator[list[tuple[Any, ...]]]:
    keys = few.keys(shared.reader, criteria)
    values = criteria.values()
    if keys is not None:
        for start in range(0, len(keys), PAGE):
            ids = json.dumps([key.id for key in keys[start : start + PAGE]])
            yield shared.reader.execute(_THESE, {**values, "ids": ids}).fetchall()
        return
    for after in range(0, search.newest(shared.reader), PAGE):
        between = {**values, "after": after, "last": after + PAGE}
        yield shared.reader.execute(_BETWEEN, between).fetchall()
