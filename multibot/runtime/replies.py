"""The answer to a message that is this bot's: made, posted, finished, and taken up again."""

import asyncio
import contextlib
import random
from dataclasses import dataclass
from datetime import timedelta

import structlog

from multibot.clock import Clock
from multibot.config.fleet import Bot
from multibot.conversation import chunking, prompt
from multibot.conversation.addressing import Reason
from multibot.conversation.message import InboundMessage
from multibot.conversation.prompt import Prompt
from multibot.conversation.session import SessionRules
from multibot.errors import MultibotError
from multibot.responder.protocol import Responder, ResponderError
from multibot.runtime import answering, deadline
from multibot.runtime.delivery import FAILURE_NOTICE, Delivery, DeliveryError
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


class PutOffError(MultibotError):
    """The process ends before this answer is begun; the next one takes it up."""


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


class Replies:
    """Makes and posts the answers of one bot."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._ending = asyncio.Event()

    def wind_down(self) -> None:
        """Begin no further answer; those that are being made or sent may end."""
        self._ending.set()

    @property
    def is_winding_down(self) -> bool:
        """Whether no further answer is begun."""
        return self._ending.is_set()

    async def reply(self, message: InboundMessage, left: Unfinished | None = None) -> bool:
        """See one turn through to its end; `left` is what an earlier try reached.

        False when Discord does not let this bot speak here, and another may.
        """
        try:
            return await self._reply(message, left)
        except DealtWithError:
            log.info("dealt_with")
        except WithdrawnError:
            await self._withdraw(message)
        return True

    async def _reply(self, message: InboundMessage, left: Unfinished | None) -> bool:
        around = self._around
        session = await around.store.ledger.begin(message, around.rules)
        with structlog.contextvars.bound_contextvars(session=session.session_id):
            posting = self._posting(message, session.session_id, is_resumed=left is not None)
            try:
                await self._post(message, posting, left)
            except PutOffError:
                log.info("put_off")
            except FencedOffError:
                log.info("fenced_off")
                await self.finish(message, "declined", Reason.CLAIMED_BY)
            except TooOldError as error:
                await self.finish(message, "expired", Reason.EXPIRED, str(error))
            except (ResponderError, DeliveryError) as error:
                return await self._fail(message, error, posting)
            else:
                await self.finish(message, "answered", Reason.ANSWERED)
                around.pulse.answered()
                log.info("answered", user=message.author_id)
            return True

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
        left: Unfinished | None,
    ) -> None:
        is_begun = left is not None and await posting.find_grown()
        age = self._around.pulse.world_time.now() - message.created_at
        if left is not None and not is_begun and age > self._around.bot.catchup.max_age:
            raise TooOldError(f"found unanswered after {age.total_seconds():.0f} s")
        if left is not None and left.state == "sending":
            await posting.resume()
            return
        await self._wait_for_place(message)
        await self._pause()
        asked = self._prompt(message)
        if self._around.bot.streaming:
            await posting.finish(await self._grow(posting, asked))
            return
        contents = self._parts(await self._make(message, asked))
        await (posting.finish(contents) if is_begun else posting.whole(contents))

    async def _make(self, message: InboundMessage, asked: Prompt) -> str:
        around = self._around
        if not around.bot.typing_indicator:
            return await answering.answer(around.responder, asked, around.clock)
        async with around.delivery.typing(message):
            return await answering.answer(around.responder, asked, around.clock)

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

    def _prompt(self, message: InboundMessage) -> Prompt:
        """Say what the model is asked: what the message says now, also if it has been edited."""
        around = self._around
        said = around.store.history.said(message.message_id)
        if said is None:
            raise WithdrawnError
        turns = around.store.history.context(
            message.channel_id,
            message.author_id,
            around.rules,
            around.bot.storage.max_history,
            around.bot.storage.context_max_age,
        )
        return prompt.build(
            bot_name=around.bot.name,
            system=around.bot.system_prompt,
            turns=turns,
            user_id=message.author_id,
            user_name=message.author_name,
            current=said,
        )

    def _parts(self, text: str) -> tuple[str, ...]:
        return chunking.split(text, self._around.bot.max_message_length)

    def _posting(self, message: InboundMessage, session_id: str, *, is_resumed: bool) -> Posting:
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
        )

    async def _withdraw(self, message: InboundMessage) -> None:
        """Take back what stands of an answer to a message that is gone."""
        log.info("withdrawn")
        try:
            await self._posting(message, "", is_resumed=True).withdraw()
        except DeliveryError as error:
            log.warning("not_withdrawn", error=str(error))
        await self.finish(message, "expired", Reason.EXPIRED, "deleted before it was answered")

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
        self, message: InboundMessage, error: ResponderError | DeliveryError, posting: Posting
    ) -> bool:
        log.error("turn_failed", error=str(error))
        ledger = self._around.store.ledger
        self._around.pulse.failed(str(error))
        is_refused = isinstance(error, DeliveryError) and error.is_permanent
        if is_refused and not posting.has_shown and ledger.holds_claim(message.message_id):
            await self.finish(message, "declined", Reason.FAILED, str(error))
            return False
        await self.finish(message, "failed", Reason.FAILED, str(error))
        is_unsaid = isinstance(error, ResponderError) and not posting.has_shown
        if is_unsaid and await ledger.notice_due(
            "failure", message.channel_id, FAILURE_NOTICE_WINDOW
        ):
            await self.say(message, FAILURE_NOTICE)
        return True
