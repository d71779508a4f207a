"""The answer to a message that is this bot's: made, posted, finished, and taken up again."""

import asyncio
import contextlib
import random
from dataclasses import dataclass
from datetime import timedelta

import structlog

from multibot.clock import Clock
from multibot.config.fleet import Bot
from multibot.conversation import chunking
from multibot.conversation.addressing import Reason
from multibot.conversation.message import InboundMessage
from multibot.conversation.prompt import Prompt
from multibot.conversation.session import SessionRules
from multibot.errors import MultibotError
from multibot.responder.protocol import Responder, ResponderError
from multibot.runtime import answering, asking, deadline
from multibot.runtime.asking import Asking
from multibot.runtime.delivery import FAILURE_NOTICE, Delivery, DeliveryError
from multibot.runtime.floor import Floor, FloorRefusedError, PutOffError
from multibot.runtime.overheard import Overheard
from multibot.runtime.posting import Posting
from multibot.runtime.pulse import Pulse
from multibot.store.inbox import DealtWithError, FinalState, WithdrawnError
from multibot.store.outbox import FencedOffError
from multibot.store.stores import BotStore
from multibot.store.unfinished import Unfinished

FAILURE_NOTICE_WINDOW = timedelta(minutes=10)
# Whoever has few ahead looks often, so that the channel does not stand still; hundreds that wait
# must not keep the process busy with looking.
PLACE_POLL_SECONDS = 0.1
LONGEST_PLACE_POLL_SECONDS = 0.5
NOTHING_YET = (chunking.EMPTY_ANSWER,)

log = structlog.get_logger(__name__)


class TooOldError(MultibotError):
    """Nobody waits for this answer any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an answer needs besides its message."""

    bot: Bot
    rules: SessionRules
    store: BotStore
    responder: Responder
    delivery: Delivery
    pulse: Pulse
    clock: Clock
    chance: random.Random
    overheard: Overheard


class Replies:
    """Makes and posts the answers of one bot."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._asking = Asking(
            bot=around.bot,
            rules=around.rules,
            history=around.store.history,
            delivery=around.delivery,
            overheard=around.overheard,
        )
        self._ending = asyncio.Event()

    def wind_down(self) -> None:
        """Begin no further answer; those that are being made or sent may end."""
        self._ending.set()

    @property
    def is_winding_down(self) -> bool:
        """Whether no further answer is begun."""
        return self._ending.is_set()

    async def reply(
        self, message: InboundMessage, floor: Floor | None = None, left: Unfinished | None = None
    ) -> bool:
        """See one turn through to its end; `left` is what an earlier try reached.

        Without a floor nothing is counted. False when Discord does not let this bot speak here, and
        another may.
        """
        try:
            return await self._reply(message, floor, left)
        except DealtWithError:
            log.info("dealt_with")
            await self._settle(message, floor)
        except WithdrawnError:
            await self._withdraw(message, floor)
        return True

    async def _reply(
        self, message: InboundMessage, floor: Floor | None, left: Unfinished | None
    ) -> bool:
        around = self._around
        session = await around.store.ledger.begin(message, around.rules)
        with structlog.contextvars.bound_contextvars(session=session.session_id):
            posting = self._posting(message, session.session_id, floor, is_resumed=left is not None)
            try:
                await self._post(message, posting, floor, left)
            except PutOffError:
                log.info("put_off")
            except FencedOffError:
                log.info("fenced_off")
                await self._end(message, floor, "declined", Reason.CLAIMED_BY)
            except FloorRefusedError as refused:
                log.info("refused", why=str(refused))
                reason, detail = refused.ruling.reason, refused.ruling.detail
                state: FinalState = "expired" if reason is Reason.EXPIRED else "declined"
                await self._end(message, floor, state, reason, detail)
            except TooOldError as error:
                await self._end(message, floor, "expired", Reason.EXPIRED, str(error))
            except (ResponderError, DeliveryError) as error:
                return await self._fail(message, error, posting, floor)
            else:
                await self._end(message, floor, "answered", Reason.ANSWERED)
                around.pulse.answered()
                log.info("answered", user=message.author_id)
            return True

    async def _settle(self, message: InboundMessage, floor: Floor | None, why: str = "") -> None:
        """Count what stands of an answer, or give back the right to it."""
        if floor is not None:
            parts = self._around.store.outbox.parts(message.message_id)
            await floor.settle(parts[0].sent_message_id if parts else None, why)

    async def _end(
        self,
        message: InboundMessage,
        floor: Floor | None,
        state: FinalState,
        reason: Reason,
        detail: str = "",
    ) -> None:
        await self._settle(message, floor, f"not said, {reason}: {detail}")
        await self.finish(message, state, reason, detail)

    async def say(self, message: InboundMessage, text: str) -> None:
        """Say something that belongs to no conversation; nobody waits for it to arrive."""
        for number, part in enumerate(chunking.split(text)):
            nonce = f"n{number}-{message.message_id}"
            try:
                await self._around.delivery.send(message, part, nonce=nonce, first=number == 0)
            except DeliveryError as error:
                log.warning("notice_failed", error=str(error))
                return

    async def finish(
        self, message: InboundMessage, state: FinalState, reason: Reason, detail: str = ""
    ) -> None:
        """Note how a message ended."""
        await self._around.store.ledger.finish(message.message_id, state, reason, detail)

    async def _post(
        self,
        message: InboundMessage,
        posting: Posting,
        floor: Floor | None,
        left: Unfinished | None,
    ) -> None:
        is_begun = left is not None and await posting.find_grown()
        if left is not None and not is_begun:
            self._require_young(message, floor)
        if left is not None and left.state == "sending":
            await posting.resume()
            return
        await self._wait_for_place(message)
        await self._pause()
        asked = await self._asking.prompt(message, floor)
        if self._around.bot.streaming and (floor is None or floor.is_for_people):
            await posting.finish(await self._grow(posting, asked))
            return
        contents = await self._make(message, asked)
        if is_begun:
            await posting.finish(contents)
            return
        if floor is not None and await floor.take():
            contents = await self._make(message, await self._asking.prompt(message, floor))
        await posting.whole(contents)

    def _require_young(self, message: InboundMessage, floor: Floor | None) -> None:
        """Refuse what is only begun now, too late; bots wait for less than people, nobody for news."""
        if message.is_unprompted:
            raise TooOldError("interrupted before it was said")
        longest = self._around.bot.catchup.max_age
        if floor is not None and not floor.is_for_people:
            longest = floor.rules.retry_window
        age = self._age(message)
        if age > longest:
            raise TooOldError(f"found unanswered after {age.total_seconds():.0f} s")

    def _age(self, message: InboundMessage) -> timedelta:
        return self._around.pulse.world_time.now() - message.created_at

    async def _make(self, message: InboundMessage, asked: Prompt) -> tuple[str, ...]:
        around = self._around
        typing = around.delivery.typing(message) if around.bot.typing_indicator else None
        async with typing or contextlib.nullcontext():
            text = await answering.answer(around.responder, asked, around.clock)
        return self._parts(asking.addressed(text, asked))

    async def _grow(self, posting: Posting, asked: Prompt) -> tuple[str, ...]:
        """Show the answer while it is being made; return its final parts."""
        around = self._around
        text = ""
        stream = answering.growing(around.responder, asked, around.clock)
        try:
            async with contextlib.aclosing(stream):
                async for text in stream:
                    if posting.is_due and (contents := self._parts(text)) != NOTHING_YET:
                        await posting.grow(contents)
        except ResponderError:
            if posting.has_shown:
                await posting.finish(self._parts(f"{text}\n\n{FAILURE_NOTICE}"))
            raise
        return self._parts(text)

    def _parts(self, text: str) -> tuple[str, ...]:
        return chunking.split(text, self._around.bot.max_message_length)

    def _posting(
        self, message: InboundMessage, session_id: str, floor: Floor | None, *, is_resumed: bool
    ) -> Posting:
        around = self._around
        return Posting(
            message,
            session_id=session_id,
            author_name=around.pulse.display_name,
            outbox=around.store.outbox,
            delivery=around.delivery,
            clock=around.clock,
            chance=around.chance,
            is_resumed=is_resumed,
            leave=None if floor is None else lambda: floor.leave(self._age(message)),
        )

    async def _withdraw(self, message: InboundMessage, floor: Floor | None) -> None:
        """Take back what stands of an answer to a message that is gone."""
        log.info("withdrawn")
        try:
            await self._posting(message, "", floor, is_resumed=True).withdraw()
        except DeliveryError as error:
            log.warning("not_withdrawn", error=str(error))
        await self._end(message, floor, "expired", Reason.EXPIRED, "deleted before it was answered")

    async def _pause(self) -> None:
        """Wait as long as the bot is told to. Raise PutOffError when the process ends meanwhile."""
        around = self._around
        if seconds := around.chance.uniform(*around.bot.response_delay):
            with contextlib.suppress(TimeoutError):
                await deadline.within(around.clock, seconds, self._ending.wait())
        self._require_time()

    def _require_time(self) -> None:
        if self.is_winding_down:
            raise PutOffError

    async def _wait_for_place(self, message: InboundMessage) -> None:
        """Wait until fewer turns than allowed come before this one in its channel."""
        around = self._around
        limit = around.bot.limits.max_concurrent_responses
        while (ahead := around.store.ledger.turns_ahead(message)) >= limit:
            wait = PLACE_POLL_SECONDS * (ahead - limit + 1)
            await around.clock.sleep(min(wait, LONGEST_PLACE_POLL_SECONDS))
            self._require_time()

    async def _fail(
        self,
        message: InboundMessage,
        error: ResponderError | DeliveryError,
        posting: Posting,
        floor: Floor | None,
    ) -> bool:
        log.error("turn_failed", error=str(error))
        ledger = self._around.store.ledger
        self._around.pulse.failed(str(error))
        is_refused = isinstance(error, DeliveryError) and error.is_permanent
        if is_refused and not posting.has_shown and ledger.holds_claim(message.message_id):
            await self._end(message, floor, "declined", Reason.FAILED, str(error))
            return False
        await self._end(message, floor, "failed", Reason.FAILED, str(error))
        if floor is not None and not floor.is_for_people:
            return not is_refused
        is_unsaid = isinstance(error, ResponderError) and not posting.has_shown
        if is_unsaid and await ledger.notice_due(
            "failure", message.channel_id, FAILURE_NOTICE_WINDOW
        ):
            await self.say(message, FAILURE_NOTICE)
        return True
