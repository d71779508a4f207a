"""Turns that have the words a person searches for, newest or best first."""

import json
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from multibot.errors import MultibotError
from multibot.store import connection
from multibot.store.archive import few, index, search, terms
from multibot.store.archive.criteria import Criteria
from multibot.store.archive.index import Found, Index
from multibot.store.archive.turn import Key
from multibot.store.transaction import Durability

if TYPE_CHECKING:
    from collections.abc import Callable

    from multibot.store.archive.shared import SharedFile

# So many turns, those stored last, are put in order; what else has the words is as if it were not
# found. To rank everything that has a common word would take a second per million turns.
WINDOW = 1_000
# So many turns are searched outside of the index; more are taken into it first.
UNINDEXED = 500
MOMENT = 5_000
LAST_ID = 2**63 - 1


class Order(StrEnum):
    """What comes first."""

    NEWEST = "newest"
    BEST = "best"


class _Hit(NamedTuple):
    key: Key
    rank: float
    # Known already where it was not in the file's index.
    found: Found | None


class Finding:
    """Searches the turns that fit; complete but for the window, also where the index is behind."""

    def __init__(
        self, shared: "SharedFile", criteria: Criteria, text: str, *, window: int = WINDOW
    ) -> None:
        self._shared = shared
        self._window = window
        self._criteria = criteria
        self._values = {**criteria.values(), "expression": terms.expression(text), "ids": None}
        self.is_cut = False

    def find(self, order: Order, limit: int) -> list[Found]:
        """Return what was found, first things first; `is_cut` tells whether the window was full."""
        with connection.errors_of(self._shared.path):
            hits = self._hits(*self._reach(), is_ranked=order is Order.BEST)
            self.is_cut = len(hits) >= self._window
            hits.sort(key=lambda hit: hit.key, reverse=True)
            if order is Order.BEST:
                hits.sort(key=lambda hit: hit.rank)
            return self._found(hits[:limit])

    def _reach(self) -> tuple[int, int]:
        """Keep to what can fit, where that is few; return the ends of its ids."""
        keys = few.keys(self._shared.reader, self._criteria)
        if keys is None:
            return 0, LAST_ID
        ids = [key.id for key in keys]
        self._values["ids"] = json.dumps(ids)
        return min(ids, default=0), max(ids, default=0)

    def _hits(self, low: int, high: int, *, is_ranked: bool) -> list[_Hit]:
        indexed = search.watermark(self._shared.reader)
        hits = self._unindexed(max(low, indexed + 1), high)
        main = Index(self._shared.reader, self._values)
        keys = main.keys(low, min(high, indexed), self._window - len(hits))
        ranks = main.ranks([key.id for key in keys]) if is_ranked else {}
        hits += [_Hit(key, ranks.get(key.id, 0.0), None) for key in keys]
        return hits

    def _unindexed(self, low: int, high: int) -> list[_Hit]:
        """Search what the index has not taken in yet, newest first, some at a time."""
        hits: list[_Hit] = []
        top = min(high, search.newest(self._shared.reader))
        while top >= low and len(hits) < self._window:
            bottom = max(low, top - MOMENT + 1)
            hits += self._of_a_moment(bottom, top, self._window - len(hits))
            top = bottom - 1
        return hits

    def _of_a_moment(self, low: int, high: int, limit: int) -> list[_Hit]:
        memory = index.of_a_moment(self._shared.reader, low - 1, high)
        try:
            moment = Index(memory, self._values)
            ids = [key.id for key in moment.keys(low, high, limit)]
            ranks = moment.ranks(ids)
            found = moment.found(ids)
            return [_Hit(each.turn.key, ranks[each.turn.id], each) for each in found]
        finally:
            memory.close()

    def _found(self, hits: list[_Hit]) -> list[Found]:
        known = {hit.key.id: hit.found for hit in hits if hit.found is not None}
        missing = [hit.key.id for hit in hits if hit.found is None]
        main = Index(self._shared.reader, self._values)
        known |= {each.turn.id: each for each in main.found(missing)}
        # One that was changed meanwhile is left out.
        return [known[hit.key.id] for hit in hits if hit.key.id in known]


def catch_up(shared: "SharedFile", tell: "Callable[[int], object]") -> bool:
    """Bring an index up to date that is far behind; return whether searching is quick now.

    `tell` hears how many turns are left, now and then.
    """
    left = search.behind(shared.reader)
    if left <= UNINDEXED:
        return True
    tell(left)
    try:
        while left > 0 and (done := shared.write(search.fill, Durability.SOFT)):
            left -= done
            tell(left)
    except (MultibotError, OSError):
        # Not to be written, or held by somebody: what is missing is searched without the index.
        return False
    return True
