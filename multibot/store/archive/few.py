"""Where only few turns can fit: found by an index of their own, without a look at all the others."""

# ruff: noqa: S608 - statements are put together from constants; values are bound
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from multibot.store.archive import directory
from multibot.store.archive.criteria import MATCHES, Criteria, Place
from multibot.store.archive.turn import Key

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# More than this are met often enough on a walk through all, and would be much to put in order.
FEW = 20_000

_BY = "conversations AS c INDEXED BY idx_conversations"
_PLACE = "c.bot_name = :bot AND c.channel_id = :channel"
_SESSION = f"{_BY}_session WHERE {_PLACE} AND c.session_id = :session"
_CHANNEL = f"{_BY}_channel WHERE {_PLACE} AND c.deleted_at IS NULL"
_USER = f"{_BY}_user WHERE {_PLACE} AND c.user_id = :user AND c.deleted_at IS NULL"
_TIME = f"{_BY}_time WHERE c.bot_name = :bot AND c.timestamp >= :since AND c.timestamp < :until"


class _Range(NamedTuple):
    """Neighbours in an index."""

    source: str
    values: dict[str, object]

    def size(self, reader: "sqlite.Connection", most: int) -> int:
        """Count them, up to this number."""
        rows = f"SELECT 1 FROM {self.source} LIMIT :most"
        sql = f"SELECT count(*) FROM ({rows})"
        return int(reader.execute(sql, {**self.values, "most": most}).fetchone()[0])

    def keys(self, reader: "sqlite.Connection", criteria: Criteria) -> Iterator[Key]:
        """Read the keys of those that fit."""
        sql = f"SELECT c.timestamp, c.id FROM {self.source} AND {MATCHES}"
        values = {**criteria.values(), **self.values}
        return map(Key._make, reader.execute(sql, values).fetchall())


def keys(reader: "sqlite.Connection", criteria: Criteria, most: int = FEW) -> list[Key] | None:
    """Read the keys of all turns that fit, in order; None where they are many, or may be."""
    if not criteria.is_narrow and not criteria.is_of_a_time:
        return None
    ranges = []
    left = most
    for each in _ranges(reader, criteria):
        left -= each.size(reader, left + 1)
        if left < 0:
            return None
        ranges.append(each)
    return sorted(key for each in ranges for key in each.keys(reader, criteria))


def _ranges(reader: "sqlite.Connection", criteria: Criteria) -> Iterator[_Range]:
    if criteria.session is not None:
        bot, channel, session = criteria.session
        if criteria.allows_bot(bot):
            yield _Range(_SESSION, {"bot": bot, "channel": channel, "session": session})
    elif criteria.user_ids is not None:
        for place, user in itertools.product(_places(reader, criteria), criteria.user_ids):
            yield _Range(_USER, {**_values(place), "user": user})
    elif criteria.channel_ids is not None:
        yield from (_Range(_CHANNEL, _values(place)) for place in _places(reader, criteria))
    else:
        yield from (
            _Range(_TIME, {**criteria.values(), "bot": bot}) for bot in _bots(reader, criteria)
        )


def _bots(reader: "sqlite.Connection", criteria: Criteria) -> Iterator[str]:
    return filter(criteria.allows_bot, directory.bots(reader))


def _places(reader: "sqlite.Connection", criteria: Criteria) -> Iterator[Place]:
    if criteria.channel_ids is None:
        yield from (each for each in directory.places(reader) if criteria.allows_bot(each.bot_name))
        return
    for bot in _bots(reader, criteria):
        yield from (Place(bot, channel) for channel in criteria.channel_ids)


def _values(place: Place) -> dict[str, object]:
    return {"bot": place.bot_name, "channel": place.channel_id}
