"""Reads what was missed, newest first and never more than allowed."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import datetime

import structlog

from multibot.clock import Clock
from multibot.config.fleet import Catchup
from multibot.runtime.backlog import (
    Arrival,
    Backlog,
    HistoryHiddenError,
    HistoryUnreachableError,
    Place,
    Source,
)
from multibot.store.cursors import is_newer

# So many channels are asked at once; Discord allows a bot 50 requests per second in all.
AT_ONCE = 4

log = structlog.get_logger(__name__)


class Reading:
    """Reads the histories of places until what is allowed for one start is used up."""

    def __init__(self, source: Source, rules: Catchup, clock: Clock) -> None:
        self._source = source
        self._rules = rules
        self._clock = clock
        self._left = rules.per_start

    def oldest(self) -> datetime:
        """Say when the oldest message was posted that is still answered."""
        return self._clock.now() - self._rules.max_age

    def of(self, place: Place, since: str) -> Backlog:
        """Begin with one place; nothing is read yet."""
        return Backlog(place, since, self._source.history(place, since), self._clock.now())

    async def young(self, backlogs: Sequence[Backlog]) -> None:
        """Read to the first message of each that is too old to be answered."""
        await asyncio.gather(*(self._read(each, to_the_end=False) for each in backlogs))

    async def rest(self, backlog: Backlog) -> None:
        """Read on to the end."""
        if not backlog.is_read:
            await self._read(backlog, to_the_end=True)

    async def _read(self, backlog: Backlog, *, to_the_end: bool) -> None:
        try:
            async for arrival in backlog.history:
                self._add(backlog, arrival)
                if backlog.is_cut:
                    break
                if backlog.old and not to_the_end:
                    return
        except HistoryHiddenError as error:
            log.debug("history_hidden", channel=backlog.place.channel_id, error=str(error))
        except HistoryUnreachableError as error:
            log.warning("history_unreachable", channel=backlog.place.channel_id, error=str(error))
            self._give_back(backlog)
        backlog.is_read = True

    def _add(self, backlog: Backlog, arrival: Arrival) -> None:
        backlog.shown.append(arrival.message_id)
        if arrival.edited is not None:
            backlog.edited.append(arrival.edited)
        if not is_newer(arrival.message_id, backlog.since):
            return
        backlog.newest = backlog.newest or arrival.message_id
        backlog.count += 1
        if backlog.count > self._rules.per_channel or self._left <= 0:
            backlog.is_cut = True
        elif not arrival.is_own:
            self._left -= 1
            is_young = arrival.created_at >= self.oldest()
            (backlog.young if is_young else backlog.old).append(arrival)

    def _give_back(self, backlog: Backlog) -> None:
        """Forget what was read: the place is read again, and the order in it is kept."""
        self._left += len(backlog.young) + len(backlog.old)
        backlog.young.clear()
        backlog.old.clear()
        backlog.has_failed = True


def batches(backlogs: Sequence[Backlog]) -> Iterator[Sequence[Backlog]]:
    """Cut into as many as are read at once."""
    for start in range(0, len(backlogs), AT_ONCE):
        yield backlogs[start : start + AT_ONCE]
