"""Turns of all bots in the order in which they were said, page by page: no read is long."""

# ruff: noqa: S608 - statements are put together from constants; values are bound
import collections
import heapq
import itertools
import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from multibot.store import connection
from multibot.store.archive import directory, few, strides
from multibot.store.archive.criteria import EARLIEST, LATEST, MATCHES, Criteria, SessionKey
from multibot.store.archive.turn import COLUMNS, Key, StoredTurn

if TYPE_CHECKING:
    from multibot.store.archive.shared import SharedFile

# So many turns are looked at in one read.
PAGE = 250

_SOURCE = """
FROM conversations AS c INDEXED BY idx_conversations_time
WHERE c.bot_name = :bot
    AND (c.timestamp, c.id) > (:after_time, :after_id)
    AND (c.timestamp, c.id) <= (:last_time, :last_id)
"""
_FORWARD = "ORDER BY c.timestamp, c.id"
_BACKWARD = "ORDER BY c.timestamp DESC, c.id DESC"
_NEXT = f"""
SELECT octet_length(c.content), c.timestamp, c.id {_SOURCE} {_FORWARD} LIMIT :page
"""
_PAGE_BEGIN = f"SELECT c.timestamp, c.id {_SOURCE} {_BACKWARD} LIMIT 1 OFFSET :page"
_KEYS = f"SELECT c.timestamp, c.id {_SOURCE} AND {MATCHES} {_BACKWARD}"
_THESE = f"FROM conversations AS c WHERE c.id IN (SELECT value FROM json_each(:ids)) AND {MATCHES}"
_SIZES = f"SELECT octet_length(c.content), c.timestamp, c.id {_THESE} {_FORWARD}"
_TURNS = f"SELECT {COLUMNS} {_THESE} {_FORWARD}"
_STORED_TURNS = f"SELECT {COLUMNS} {_THESE} ORDER BY c.id"
_OF_SESSION = f"""
SELECT octet_length(c.content), c.timestamp, c.id
FROM conversations AS c INDEXED BY idx_conversations_session
WHERE c.bot_name = :bot AND c.channel_id = :channel AND c.session_id = :session_id
    AND c.id > :id AND (c.timestamp, c.id) > (:after_time, :after_id) AND {MATCHES}
ORDER BY c.id
LIMIT :page
"""


class Span(NamedTuple):
    """What keys lie between: `after` is outside, `last` is inside."""

    after: Key
    last: Key

    def values(self, bot: str) -> dict[str, object]:
        """Return what the statements of one bot need."""
        (after_time, after_id), (last_time, last_id) = self
        return {
            "bot": bot,
            "after_time": after_time,
            "after_id": after_id,
            "last_time": last_time,
            "last_id": last_id,
        }


class Transcript:
    """The turns that fit, or the newest of them; what is stored while it is read may be left out."""

    def __init__(
        self,
        shared: "SharedFile",
        criteria: Criteria,
        newest: int | None = None,
        *,
        page: int = PAGE,
        most_apart: int = few.FEW,
    ) -> None:
        self._shared = shared
        self._criteria = criteria
        self._newest = newest
        self._page = page
        self._most_apart = most_apart
        self._values = {**criteria.values(), "page": page}

    def turns(self) -> Iterator[StoredTurn]:
        """Read them in order of time, oldest first."""
        with connection.errors_of(self._shared.path):
            if self._few is not None:
                yield from self._those(self._few)
                return
            streams = (self._forward(bot, self._span) for bot in self._bots)
            yield from heapq.merge(*streams, key=attrgetter("key"))

    def keys_back(self) -> Iterator[Key]:
        """Read where all of them stand, the newest first, on a walk through time."""
        with connection.errors_of(self._shared.path):
            streams = (self._backward(bot, self._whole) for bot in self._bots)
            yield from heapq.merge(*streams, reverse=True)

    def sessions(self) -> Iterator[SessionKey]:
        """Name the sessions that they are of, in the order of the first turn of each."""
        seen = set()
        for turn in self.turns():
            if turn.session_id not in seen:
                seen.add(turn.session_id)
                yield turn.session

    def of_session(self, key: SessionKey) -> Iterator[StoredTurn]:
        """Read those of one session, in the order in which they were stored."""
        values = self._span.values(key.bot_name)
        values |= {"channel": key.channel_id, "session_id": key.session_id}
        last = 0
        with connection.errors_of(self._shared.path):
            while page := self._page_of(_OF_SESSION, **values, id=last):
                yield from self._read(_STORED_TURNS, page)
                last = page[-1].id

    @cached_property
    def _few(self) -> Sequence[Key] | None:
        if not self._criteria.is_narrow:
            return None
        keys = few.keys(self._shared.reader, self._criteria, self._most_apart)
        return keys if keys is None or self._newest is None else keys[-self._newest :]

    @cached_property
    def _bots(self) -> list[str]:
        return list(filter(self._criteria.allows_bot, directory.bots(self._shared.reader)))

    @property
    def _whole(self) -> Span:
        since, until = self._criteria.since or EARLIEST, self._criteria.until or LATEST
        return Span(Key(since, 0), Key(until, 0))

    @cached_property
    def _span(self) -> Span:
        if self._newest is None:
            return self._whole
        keys = self._ends(self._newest) if self._few is None else self._few
        if not keys:
            return self._whole
        return Span(Key(keys[0].timestamp, keys[0].id - 1), keys[-1])

    def _ends(self, count: int) -> list[Key]:
        """Read the newest keys, and keep the first and the last of them."""
        newest = self.keys_back()
        last = list(itertools.islice(newest, 1))
        first = collections.deque(itertools.islice(newest, count - 1), maxlen=1)
        return [*first, *last]

    def _those(self, keys: Sequence[Key]) -> Iterator[StoredTurn]:
        for start in range(0, len(keys), self._page):
            ids = [key.id for key in keys[start : start + self._page]]
            while page := self._page_of(_SIZES, ids=json.dumps(ids)):
                yield from self._read(_TURNS, page)
                ids = ids[ids.index(page[-1].id) + 1 :]

    def _forward(self, bot: str, span: Span) -> Iterator[StoredTurn]:
        while page := self._page_of(_NEXT, **span.values(bot)):
            yield from self._read(_TURNS, page)
            span = Span(page[-1], span.last)

    def _backward(self, bot: str, span: Span) -> Iterator[Key]:
        while True:
            begin = self._end(_PAGE_BEGIN, bot, span)
            page = span if begin is None else Span(begin, span.last)
            yield from map(Key._make, self._rows(_KEYS, **page.values(bot)))
            if begin is None:
                return
            span = Span(span.after, begin)

    def _end(self, sql: str, bot: str, span: Span) -> Key | None:
        found = self._rows(sql, **span.values(bot))
        return Key(*found[0]) if found else None

    def _page_of(self, sql: str, **values: object) -> list[Key]:
        """Find out where the next turns stand whose texts may be held at once: of one, at least."""
        rows = self._rows(sql, **values)
        count = strides.cut((size for size, *_ in rows), strides.HELD_BYTES)
        return [Key(*key) for _, *key in rows[:count]]

    def _read(self, sql: str, page: Sequence[Key]) -> Iterator[StoredTurn]:
        ids = json.dumps([key.id for key in page])
        return map(StoredTurn._make, self._rows(sql, ids=ids))

    def _rows(self, sql: str, **values: object) -> list[tuple[Any, ...]]:
        return self._shared.reader.execute(sql, {**self._values, **values}).fetchall()
