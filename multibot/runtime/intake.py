"""Takes in what the histories of places hold: first what is still to be answered, then the rest."""

from collections.abc import Sequence

import structlog

from multibot.errors import StoreUnavailableError
from multibot.runtime.amendments import Amendments
from multibot.runtime.backlog import Backlog
from multibot.runtime.entrance import Entrance
from multibot.runtime.owed import Owed
from multibot.runtime.pulse import Pulse
from multibot.runtime.reading import Reading, batches
from multibot.store.cursors import Cursor, Cursors, id_order
from multibot.store.incidents import Incidents, Kind

NAMED_AT_MOST = 5

log = structlog.get_logger(__name__)


class Intake:
    """Lets in what was missed, moves the cursors behind it, and says what had to be left out."""

    def __init__(
        self,
        *,
        entrance: Entrance,
        cursors: Cursors,
        owed: Owed,
        amendments: Amendments,
        incidents: Incidents,
        pulse: Pulse,
    ) -> None:
        self._entrance = entrance
        self._cursors = cursors
        self._owed = owed
        self._amendments = amendments
        self._incidents = incidents
        self._pulse = pulse

    async def young(
        self, reading: Reading, backlogs: Sequence[Backlog], *, mentions_first: bool = False
    ) -> None:
        """Let in what is still to be answered, and then what waits behind it."""
        for batch in batches(backlogs):
            await reading.young(batch)
            if not mentions_first:
                self._let_in_young(batch)
        if mentions_first:
            self._let_in_young(sorted(backlogs, key=lambda each: not each.mentions_me))

    def _let_in_young(self, backlogs: Sequence[Backlog]) -> None:
        for backlog in backlogs:
            for arrival in reversed(backlog.young):
                self._entrance.let_in(arrival)
            backlog.young.clear()
            self._entrance.gate.open(backlog.place.channel_id)

    async def rest(self, reading: Reading, backlogs: Sequence[Backlog]) -> None:
        """Note what is too old to be answered, and let the cursors move again."""
        for backlog in backlogs:
            await reading.rest(backlog)
            if backlog.has_failed:
                self._owed.add(backlog.place, backlog.since)
                continue
            for arrival in reversed(backlog.old):
                self._entrance.let_in(arrival, late=True)
            if not await self._amendments.compare(backlog):
                self._owed.add(backlog.place, backlog.since)
            if backlog.place.channel_id in self._owed:
                continue
            known = (backlog.since, backlog.place.last_message_id or "", backlog.newest)
            here = Cursor(backlog.place.channel_id, max(known, key=id_order), backlog.place.is_dm)
            await self.release([here])
        await self._tell_what_is_left_out([each for each in backlogs if each.is_cut])

    async def release(self, cursors: Sequence[Cursor]) -> None:
        """Let cursors move again, from here on."""
        try:
            await self._cursors.release(cursors)
        except StoreUnavailableError as error:
            # They move on with the next message; until then the next start reads a little again.
            self._pulse.store_failed(error)

    async def tell(self, detail: str, channels: int) -> None:
        """Say what was left out: it is never silent."""
        log.warning("catchup_left_out", channels=channels, detail=detail)
        try:
            await self._incidents.record(Kind.CATCHUP_LEFT_OUT, detail)
        except StoreUnavailableError as error:
            self._pulse.store_failed(error)

    async def _tell_what_is_left_out(self, backlogs: Sequence[Backlog]) -> None:
        if not backlogs:
            return
        names = [each.place.name or "a private conversation" for each in backlogs[:NAMED_AT_MOST]]
        more = f" and {len(backlogs) - len(names)} more" if len(backlogs) > len(names) else ""
        detail = f"missed messages were left out in {', '.join(names)}{more}"
        await self.tell(detail, len(backlogs))
