"""What people change on Discord after it was said: brought to what is stored of it.

An edit never makes a bot answer, or answer again. Whoever is not allowed to talk to the bot leaves
no trace by editing either, and may delete all the same.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta

import structlog

from multibot.clock import Clock
from multibot.config.fleet import Bot
from multibot.conversation import addressing
from multibot.conversation.addressing import Reason
from multibot.conversation.message import InboundMessage
from multibot.errors import StoreUnavailableError
from multibot.runtime import rules
from multibot.runtime.backlog import Backlog, lowest_id
from multibot.runtime.pulse import Pulse
from multibot.store.cursors import id_order, is_newer
from multibot.store.stores import BotStore

STORE_RETRY_SECONDS = 5.0
# So many changes wait for a store that is away; what comes after is lost to it.
MOST_WAITING = 1000
# A younger message that a history lacks may only not have got there yet.
SETTLED_AFTER = timedelta(seconds=30)

log = structlog.get_logger(__name__)


class Amendments:
    """Applies edits and deletions to the turns of one bot."""

    def __init__(self, *, bot: Bot, store: BotStore, pulse: Pulse, clock: Clock) -> None:
        self._rules = rules.of_listening(bot)
        self._edits = store.edits
        self._pulse = pulse
        self._clock = clock
        self._waiting = 0

    async def edited(self, messages: Sequence[InboundMessage]) -> None:
        """Take note of what messages say now."""
        allowed = [each for each in messages if self._is_allowed(each)]
        if allowed:
            await self._persist(lambda: self._edits.edited(allowed))

    async def deleted(self, message_ids: Collection[str]) -> None:
        """Take note that messages are gone."""
        await self._persist(lambda: self._edits.deleted(message_ids))

    async def compare(self, backlog: Backlog) -> bool:
        """Find what was changed while nobody listened, as far as a place's history shows it.

        False when that cannot be told yet, and the place has to be read again.
        """
        await self.edited(backlog.edited)
        missing = self._missing(backlog)
        settled = lowest_id(backlog.asked_at - SETTLED_AFTER)
        gone = [each for each in missing if is_newer(settled, each)]
        if gone:
            log.info("deleted_unseen", channel=backlog.place.channel_id, messages=len(gone))
            await self.deleted(gone)
        return len(gone) == len(missing)

    def _missing(self, backlog: Backlog) -> Collection[str]:
        """Name stored messages that the history, whole as far as it was read, does not have."""
        if not backlog.shown:
            return ()
        known = (*backlog.shown, backlog.place.last_message_id or "")
        oldest, newest = min(backlog.shown, key=id_order), max(known, key=id_order)
        place, shown = backlog.place.channel_id, frozenset(backlog.shown)
        try:
            return self._edits.missing(place, shown, oldest, newest)
        except StoreUnavailableError as error:
            self._pulse.store_failed(error)
            return ()

    def _is_allowed(self, message: InboundMessage) -> bool:
        decision = addressing.decide(message, self._pulse.member(), (), self._rules)
        return decision.reason is not Reason.NOT_ALLOWED

    async def _persist(self, write: Callable[[], Awaitable[None]]) -> None:
        """Try until the store takes it: Discord does not tell of a change twice."""
        self._waiting += 1
        try:
            while True:
                try:
                    return await write()
                except StoreUnavailableError as error:
                    self._pulse.store_failed(error)
                    if self._waiting > MOST_WAITING:
                        log.error("change_lost", error=str(error))  # noqa: TRY400 - the store is away
                        return None
                    await self._clock.sleep(STORE_RETRY_SECONDS)
        finally:
            self._waiting -= 1
