"""Turns that have the words a person searches for, newest or best first."""

import heapq
import itertools
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from multibot.errors import MultibotError
from multibot.store import connection
from multibot.store.archive import few, index, search, terms
from multibot.store.archive.criteria import Criteria
from multibot.store.archive.index import Found, Index
from multibot.store.archive.reading import Transcript
from multibot.store.archive.turn import Key
from multibot.store.transaction import Durability

if TYPE_CHECKING:
    from multibot.store.archive.shared import SharedFile

# Best first, so many are ranked, those stored last; what else has the words is as if it were not
# found. To rank everything that has a common word would take a second per million turns.
WINDOW = 1_000
# Newest first, so many that have the words are put in order as they are. Of more, the newest are met
# soon on a walk back through time, or else, after so many steps, all have to be put in order.
EXACT = 5_000
STEPS = 12
FIRST_STEP, LONGEST_STEP = 250, 8_000
# So many turns are searched outside of the index; more are taken into it first.
UNINDEXED = 500
MOMENT = 5_000


class Order(StrEnum):
    """What comes first."""

    NEWEST = "newest"
    BEST = "best"


class _Hit(NamedTuple):
    """Something found; the one with the largest worth comes first."""

    worth: tuple[object, ...]
    id: int
    # Known already where it was not in the file's index.
    found: Found | None = None


class Finding:
    """Searches the turns that fit, also those that the index has not taken in yet."""

    def __init__(
        self,
        shared: "SharedFile",
        criteria: Criteria,
        text: str,
        *,
        window: int = WINDOW,
        exact: int = EXACT,
        steps: int = STEPS,
    ) -> None:
        self._shared = shared
        self._window = window
        self._exact = exact
        self._steps = steps
        self._criteria = criteria
        self._values = {**criteria.values(), "expression": terms.expression(text)}
        self._main = Index(shared.reader, self._values)
        self.is_cut = False

    def find(self, order: Order, limit: int) -> list[Found]:
        """Return what was found, first things first.

        `is_cut` tells whether more have the words than were ranked.
        """
        with connection.errors_of(self._shared.path):
            in_file = self._best() if order is Order.BEST else self._newest(limit)
            hits = _first(limit, itertools.chain(in_file, self._unindexed(order, limit)))
            return self._found(hits)

    def _best(self) -> Iterator[_Hit]:
        if self._criteria == Criteria(with_occasions=self._criteria.with_occasions):
            ranks = self._main.ranked(self._window)
        else:
            keys = itertools.islice(self._fitting(), self._window)
            ranks = self._main.ranks([key.id for key in keys])
        self.is_cut = len(ranks) >= self._window
        fitting = self._main.fitting([*ranks])
        return (_Hit((-ranks[id_], id_), id_) for id_ in fitting)

    def _newest(self, limit: int) -> Iterator[_Hit]:
        keys = None
        if self._few is None and len(self._main.ids(self._exact + 1)) > self._exact:
            keys = self._met_on_the_way(limit)
        return (_Hit(key, key.id) for key in (self._fitting() if keys is None else keys))

    def _fitting(self) -> Iterator[Key]:
        """Find all that have the words and fit, those stored last first."""
        if self._few is None:
            return self._main.keys()
        return iter(sorted(self._main.among(self._few), key=lambda key: key.id, reverse=True))

    @cached_property
    def _few(self) -> list[Key] | None:
        return few.keys(self._shared.reader, self._criteria)

    def _met_on_the_way(self, limit: int) -> list[Key] | None:
        """Walk back through time; None where too few are met within some steps."""
        back = Transcript(self._shared, self._criteria).keys_back()
        found: list[Key] = []
        step = FIRST_STEP
        for _ in range(self._steps):
            keys = list(itertools.islice(back, step))
            found += self._main.among(keys)
            if len(found) >= limit or len(keys) < step:
                return found
            step = min(2 * step, LONGEST_STEP)
        return None

    def _unindexed(self, order: Order, limit: int) -> Iterator[_Hit]:
        """Search what the index has not taken in yet, some at a time."""
        low = search.watermark(self._shared.reader)
        newest = search.newest(self._shared.reader)
        while low < newest:
            memory, low = index.of_a_moment(self._shared.reader, low, low + MOMENT)
            try:
                yield from _of_a_moment(Index(memory, self._values), order, limit)
            finally:
                memory.close()

    def _found(self, hits: list[_Hit]) -> list[Found]:
        known = {hit.id: hit.found for hit in hits if hit.found is not None}
        missing = [hit.id for hit in hits if hit.found is None]
        known |= {each.turn.id: each for each in self._main.found(missing)}
        # One that was changed meanwhile is left out.
        return [known[hit.id] for hit in hits if hit.id in known]


def _of_a_moment(moment: Index, order: Order, limit: int) -> list[_Hit]:
    keys = list(moment.keys())
    if order is Order.BEST:
        ranks = moment.ranks([key.id for key in keys])
        hits = _first(limit, (_Hit((-rank, id_), id_) for id_, rank in ranks.items()))
    else:
        hits = _first(limit, (_Hit(key, key.id) for key in keys))
    found = {each.turn.id: each for each in moment.found([hit.id for hit in hits])}
    return [hit._replace(found=found[hit.id]) for hit in hits]


def _first(limit: int, hits: Iterable[_Hit]) -> list[_Hit]:
    return heapq.nlargest(limit, hits, key=lambda hit: hit.worth)


def catch_up(shared: "SharedFile", tell: Callable[[int], object]) -> bool:
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
