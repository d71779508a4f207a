"""One answer on its way to Discord: each part stands there once, whatever happens in between."""

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from multibot.clock import Clock
from multibot.conversation.message import InboundMessage
from multibot.runtime.delivery import Delivery, DeliveryError, Standing
from multibot.store.outbox import Outbox, OutboxPart

# How long a part that Discord did not take waits before the next try, give or take a fifth.
RETRY_SECONDS = (5.0, 25.0, 120.0, 600.0)
RETRY_SPREAD = 0.2
# Discord allows five edits in five seconds for a channel.
GROW_SECONDS = 1.2
# No text Discord holds is equal to this one: a part that says it is edited.
UNKNOWN = ""

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Posting:
    """Carries the parts of one answer, in order, from the outbox to Discord.

    `leave` is asked each time before an answer whose text is complete sets out; it raises where the
    answer may not be said any more.
    """

    def __init__(  # noqa: PLR0913 - the surroundings of one answer, wired once, by keyword
        self,
        message: InboundMessage,
        *,
        session_id: str,
        author_name: str,
        outbox: Outbox,
        delivery: Delivery,
        clock: Clock,
        chance: random.Random,
        is_resumed: bool = False,
        leave: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._message = message
        self._session_id = session_id
        self._author_name = author_name
        self._outbox = outbox
        self._delivery = delivery
        self._clock = clock
        self._chance = chance
        self._leave = leave
        # A part that was on its way before may stand on Discord already.
        self._look_first = is_resumed
        self._shown: list[Standing] = []
        self._grown_at: float | None = None
        self._is_gone = False
        self._found_standing: dict[int, Standing] = {}

    async def whole(self, contents: Sequence[str]) -> None:
        """Post an answer whose text is complete; it is stored before the first part leaves."""
        await self._complete(await self._outbox.stage(self._message.message_id, contents))

    @property
    def is_due(self) -> bool:
        """Whether a growing answer may be shown again; a cheap question for each piece."""
        since = self._grown_at
        return not self._is_gone and (
            since is None or self._clock.monotonic() - since >= GROW_SECONDS
        )

    @property
    def has_shown(self) -> bool:
        """Whether something of this answer stands on Discord."""
        return bool(self._shown)

    async def grow(self, contents: Sequence[str]) -> None:
        """Show how far an answer has come; what Discord does not take now, the end will mend.

        Raises DeliveryError for what Discord will never take.
        """
        self._grown_at = self._clock.monotonic()
        try:
            for part, content in enumerate(contents):
                await self._show(part, content)
        except DeliveryError as error:
            if error.is_gone and self._shown:
                self._is_gone = True
            elif error.is_permanent:
                raise
            self._look_first = True
            log.debug("growing_failed", error=str(error))

    async def finish(self, contents: Sequence[str]) -> None:
        """Make the messages of a grown answer say the final text, and keep it as turns."""
        if self._look_first:
            # Before the texts that were sent are replaced by the final ones.
            await self.find_grown()
        await self._complete(await self._outbox.finalise(self._message.message_id, contents))

    async def resume(self) -> None:
        """Carry on with an answer whose text was stored before."""
        await self._complete(self._outbox.parts(self._message.message_id))

    async def withdraw(self) -> None:
        """Delete what stands of an answer that is not complete, and will not be."""
        await self.find_grown()
        await self._complete(await self._outbox.abandon(self._message.message_id))

    async def find_grown(self) -> bool:
        """Look for parts that may have arrived unnoticed; say whether any part stands on Discord."""
        for part in self._outbox.parts(self._message.message_id):
            if part.state == "pending" and (found := await self._persist(self._found(part))):
                await self._outbox.mark_shown(self._message.message_id, part.part, found.sent_id)
                self._found_standing[part.part] = found
        self._look_first = False
        return any(each.sent_message_id for each in self._outbox.parts(self._message.message_id))

    async def _show(self, part: int, content: str) -> None:
        if part == len(self._shown):
            self._shown.append(await self._first_shown(part, content))
        shown = self._shown[part]
        if shown.content == content:
            return
        # Until the answer is there, nobody knows which of the two texts stands.
        self._shown[part] = Standing(shown.sent_id, UNKNOWN)
        await self._delivery.edit(self._message, shown.sent_id, content)
        self._shown[part] = Standing(shown.sent_id, content)

    async def _first_shown(self, part: int, content: str) -> Standing:
        opened = await self._outbox.open_part(self._message.message_id, part, content)
        if opened.sent_message_id is not None:
            return Standing(opened.sent_message_id, UNKNOWN)
        # What was stored first is what is looked for should this request get lost.
        standing = await self._found(opened)() if self._look_first else None
        if standing is None:
            standing = await self._send(opened)
        await self._outbox.mark_shown(self._message.message_id, part, standing.sent_id)
        return standing

    async def _complete(self, parts: Sequence[OutboxPart]) -> None:
        for part in parts:
            if part.state == "abandoned":
                await self._remove(part)
            elif part.state != "sent":
                sent_id, is_gone = await self._persist(self._placing(part))
                await self._outbox.mark_sent(
                    *(self._message, self._session_id, part, sent_id, self._author_name),
                    is_gone=is_gone,
                )

    def _placing(self, part: OutboxPart) -> Callable[[], Awaitable[tuple[str, bool]]]:
        """Say how to make a part stand on Discord with its final text.

        Gives the message's id, and whether somebody has deleted it already.
        """

        async def place() -> tuple[str, bool]:
            standing = self._known(part)
            if standing is None and self._look_first:
                standing = await self._found(part)()
            if standing is None:
                if self._leave is not None and part.part == 0:
                    await self._leave()
                # Whatever happens to this request, the next try has to look.
                self._look_first = True
                standing = await self._send(part)
                self._look_first = False
            return standing.sent_id, not await self._settle_text(part, standing)

        return place

    def _known(self, part: OutboxPart) -> Standing | None:
        if part.part < len(self._shown):
            return self._shown[part.part]
        if part.part in self._found_standing:
            return self._found_standing[part.part]
        return Standing(part.sent_message_id, UNKNOWN) if part.sent_message_id else None

    async def _settle_text(self, part: OutboxPart, standing: Standing) -> bool:
        """Edit what does not say the final text; Discord trims the white space around it.

        False when the message is not there any more.
        """
        if standing.content.strip() == part.content.strip():
            return True
        try:
            await self._delivery.edit(self._message, standing.sent_id, part.content)
        except DeliveryError as error:
            if not error.is_gone:
                raise
            # Somebody deleted it while it grew: it was said, and is not said again.
            log.warning("part_gone", part=part.part, error=str(error))
            return False
        return True

    def _found(self, part: OutboxPart) -> Callable[[], Awaitable[Standing | None]]:
        """Say how to look for a part that may have arrived unnoticed."""

        async def find() -> Standing | None:
            candidates = await self._delivery.find(
                self._message, part.content, first=part.part == 0
            )
            unknown = (each for each in candidates if not self._outbox.is_known(each.sent_id))
            return next(unknown, None)

        return find

    async def _remove(self, part: OutboxPart) -> None:
        sent_id = part.sent_message_id
        if sent_id is not None:
            await self._persist(lambda: self._delivery.delete(self._message, sent_id))
        await self._outbox.drop(self._message.message_id, part.part)

    async def _send(self, part: OutboxPart) -> Standing:
        return await self._delivery.send(
            self._message, part.content, nonce=part.nonce, first=part.part == 0
        )

    async def _persist(self, act: Callable[[], Awaitable[T]]) -> T:
        """Try again with growing waits; raise what Discord will never take at once."""
        for wait in RETRY_SECONDS:
            try:
                return await act()
            except DeliveryError as error:
                if error.is_permanent:
                    raise
                spread = self._chance.uniform(1 - RETRY_SPREAD, 1 + RETRY_SPREAD)
                log.warning("delivery_failed", error=str(error), retry_in_s=round(wait * spread, 1))
                await self._clock.sleep(wait * spread)
        return await act()
