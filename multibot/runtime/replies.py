"""The answer to a message that is this bot's: made, posted, finished, and taken up again."""

import random
from dataclasses import dataclass
from datetime import timedelta

import structlog

from multibot.clock import Clock
from multibot.config.fleet import Bot
from multibot.conversation import chunking, prompt
from multibot.conversation.addressing import Reason
from multibot.conversation.message import InboundMessage, SessionId, Turn
from multibot.conversation.prompt import Prompt
from multibot.conversation.session import SessionRules
from multibot.responder.protocol import Responder, ResponderError
from multibot.runtime import answering
from multibot.runtime.delivery import Delivery, DeliveryError
from multibot.runtime.posting import Posting
from multibot.runtime.pulse import Pulse
from multibot.store.ledger import FinalState, Unfinished
from multibot.store.outbox import FencedOffError
from multibot.store.sessions import Session
from multibot.store.stores import BotStore

FAILURE_NOTICE = "Sorry, I could not find an answer to that just now. Please try again later."
FAILURE_NOTICE_WINDOW = timedelta(minutes=10)
PLACE_POLL_SECONDS = 0.1

log = structlog.get_logger(__name__)


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

    async def reply(self, message: InboundMessage, left: Unfinished | None = None) -> None:
        """See one turn through to `answered` or `failed`; `left` is what an earlier try reached."""
        around = self._around
        session = await around.store.ledger.begin(message, around.rules)
        with structlog.contextvars.bound_contextvars(session=session.session_id):
            started = around.clock.monotonic()
            await self._wait_for_place(message)
            posting = self._posting(message, session.session_id, is_resumed=left is not None)
            try:
                await self._post(message, session, posting, left)
            except FencedOffError:
                log.info("fenced_off")
                await self.finish(message, "declined", Reason.CLAIMED_BY)
            except (ResponderError, DeliveryError) as error:
                await self._fail(message, error)
            else:
                await self.finish(message, "answered", Reason.ANSWERED)
                around.pulse.answered()
                taken = round((around.clock.monotonic() - started) * 1000)
                log.info("answered", user=message.author_id, taken_ms=taken)

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
        session: Session,
        posting: Posting,
        left: Unfinished | None,
    ) -> None:
        if left is not None and left.state == "sending":
            await posting.resume()
            return
        is_grown = bool(self._around.store.outbox.parts(message.message_id))
        if is_grown:
            await posting.find_grown()
        asked = self._prompt(message, session.session_id)
        await self._pause()
        if self._around.bot.streaming:
            await posting.finish(await self._grow(posting, asked))
            return
        contents = self._parts(await self._make(message, asked))
        await (posting.finish(contents) if is_grown else posting.whole(contents))

    async def _make(self, message: InboundMessage, asked: Prompt) -> str:
        around = self._around
        if not around.bot.typing_indicator:
            return await answering.answer(around.responder, asked, around.clock)
        async with around.delivery.typing(message):
            return await answering.answer(around.responder, asked, around.clock)

    async def _grow(self, posting: Posting, asked: Prompt) -> tuple[str, ...]:
        """Show the answer while it is being made; return its final parts."""
        around = self._around
        contents = self._parts("")
        async for text in answering.growing(around.responder, asked, around.clock):
            if not text.strip():
                continue
            contents = self._parts(text)
            await posting.grow(contents)
        return contents

    def _prompt(self, message: InboundMessage, session_id: SessionId) -> Prompt:
        around = self._around
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
            current=_turn(message, session_id),
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

    async def _pause(self) -> None:
        around = self._around
        await around.clock.sleep(around.chance.uniform(*around.bot.response_delay))

    async def _wait_for_place(self, message: InboundMessage) -> None:
        """Wait until fewer turns than allowed come before this one in its channel."""
        around = self._around
        limit = around.bot.limits.max_concurrent_responses
        while around.store.ledger.turns_ahead(message) >= limit:
            await around.clock.sleep(PLACE_POLL_SECONDS)

    async def _fail(self, message: InboundMessage, error: ResponderError | DeliveryError) -> None:
        log.error("turn_failed", error=str(error))
        around = self._around
        around.pulse.failed(str(error))
        await self.finish(message, "failed", Reason.FAILED, str(error))
        if isinstance(error, ResponderError) and await around.store.ledger.notice_due(
            "failure", message.channel_id, FAILURE_NOTICE_WINDOW
        ):
            await self.say(message, FAILURE_NOTICE)


def _turn(message: InboundMessage, session_id: SessionId) -> Turn:
    return Turn(
        role="user",
        content=message.content,
        at=message.created_at,
        session_id=session_id,
        message_id=message.message_id,
        user_id=message.author_id,
        user_name=message.author_name,
    )
