"""One message, from arrival to answer."""

import random
from collections.abc import Awaitable
from datetime import timedelta

import structlog

from multibot.clock import Clock
from multibot.config.fleet import Bot
from multibot.conversation import addressing, chunking, prompt
from multibot.conversation.addressing import Decision, Reason, Rules, Verdict
from multibot.conversation.message import InboundMessage
from multibot.conversation.session import SessionRules
from multibot.responder.protocol import Responder, ResponderError
from multibot.runtime import answering, debug
from multibot.runtime.arbiter import Arbiter
from multibot.runtime.debug import Debug
from multibot.runtime.delivery import Delivery, DeliveryError
from multibot.runtime.lanes import Lanes, Ticket
from multibot.runtime.pulse import Pulse
from multibot.store.claims import ClaimOutcome
from multibot.store.ledger import Receipt
from multibot.store.sessions import Session
from multibot.store.stores import BotStore

RATE_NOTICE = "You're sending requests too quickly. Please wait a moment."
FAILURE_NOTICE = "Sorry, I could not find an answer to that just now. Please try again later."
FAILURE_NOTICE_WINDOW = timedelta(minutes=10)
PLACE_POLL_SECONDS = 0.1

log = structlog.get_logger(__name__)


class Engine:
    """Takes messages of one bot and sees each one through."""

    def __init__(  # noqa: PLR0913 - the parts of one bot, wired once, by keyword
        self,
        *,
        bot: Bot,
        store: BotStore,
        arbiter: Arbiter,
        responder: Responder,
        delivery: Delivery,
        pulse: Pulse,
        clock: Clock,
        chance: random.Random,
    ) -> None:
        self._bot = bot
        self._store = store
        self._arbiter = arbiter
        self._responder = responder
        self._delivery = delivery
        self._pulse = pulse
        self._clock = clock
        self._chance = chance
        self._lanes = Lanes()
        self._debug = Debug(bot=bot, insight=store.insight, pulse=pulse, clock=clock)
        self.session_rules = SessionRules(
            scope=bot.storage.session_scope,
            gap=bot.storage.session_gap,
            timeout=bot.storage.session_timeout,
        )
        self._rules = Rules(
            patterns=bot.channels,
            allow_dms=bot.limits.allow_dms,
            allowed_user_ids=bot.limits.allowed_user_ids,
            allowed_guild_ids=bot.limits.allowed_guild_ids,
            allowed_channel_ids=bot.limits.allowed_channel_ids,
        )

    @property
    def busy(self) -> int:
        """How many conversations have a message under way."""
        return len(self._lanes)

    def enter(self, channel_id: str, author_id: str) -> Ticket:
        """Take the message's place in its session's lane; call before anything is awaited."""
        by_user = self.session_rules.scope == "user"
        return self._lanes.enter((channel_id, author_id) if by_user else channel_id)

    async def arrive(self, reading: Awaitable[InboundMessage], ticket: Ticket) -> None:
        """Decide, store, claim and answer one message; the ticket is always given back."""
        try:
            message = await reading
            with structlog.contextvars.bound_contextvars(
                channel=message.channel_id, message=message.message_id
            ):
                if await self._is_ours(message):
                    await ticket.turn()
                    await self._answer(message)
        finally:
            ticket.leave()

    def _decide(self, message: InboundMessage) -> Decision:
        me, peers = self._pulse.member(), self._arbiter.peers()
        if debug.command(message) is not None and not debug.is_for(message, me):
            return Decision(Verdict.NO, Reason.NOT_ADDRESSED, "a debug command for another bot")
        return self._arbiter.roll(addressing.decide(message, me, peers, self._rules))

    async def _is_ours(self, message: InboundMessage) -> bool:
        """Store the decision; true when this bot, and it alone, has to answer."""
        decision = self._decide(message)
        (log.info if self._debug.trace else log.debug)(
            "decision", verdict=decision.verdict, reason=decision.reason, why=decision.detail
        )
        if decision.verdict is Verdict.NO:
            if decision.reason is not Reason.NOT_ALLOWED:
                await self._store.ledger.decline(message, decision)
            return False
        per_minute = self._bot.limits.max_requests_per_minute
        receipt = await self._store.ledger.receive(message, decision, per_minute=per_minute)
        if receipt is Receipt.RATE_LIMITED_FIRST:
            await self._say(message, RATE_NOTICE)
        if receipt is not Receipt.NEW:
            return False
        return decision.verdict is Verdict.ANSWER or await self._wins(message)

    async def _wins(self, message: InboundMessage) -> bool:
        claim = await self._arbiter.contend(message)
        log.debug("claim", outcome=claim.outcome, holder=claim.holder)
        if claim.outcome is ClaimOutcome.RATE_LIMITED_FIRST:
            await self._say(message, RATE_NOTICE)
        return claim.outcome is ClaimOutcome.WON

    async def _answer(self, message: InboundMessage) -> None:
        words = debug.command(message)
        if words is None:
            await self._turn(message)
        else:
            await self._say(message, self._debug.reply(message, words))
            await self._store.ledger.finish(message.message_id, "answered", Reason.ANSWERED)

    async def _turn(self, message: InboundMessage) -> None:
        session = await self._store.ledger.begin(message, self.session_rules)
        with structlog.contextvars.bound_contextvars(session=session.session_id):
            started = self._clock.monotonic()
            async with self._arbiter.holding(message):
                await self._wait_for_place(message)
                try:
                    text = await self._make_answer(message)
                    await self._deliver(message, session, text)
                except (ResponderError, DeliveryError) as error:
                    await self._fail(message, error)
                else:
                    taken = round((self._clock.monotonic() - started) * 1000)
                    log.info("answered", user=message.author_id, taken_ms=taken, length=len(text))

    async def _wait_for_place(self, message: InboundMessage) -> None:
        """Wait until fewer turns than allowed come before this one in its channel."""
        limit = self._bot.limits.max_concurrent_responses
        while self._store.ledger.turns_ahead(message) >= limit:
            await self._clock.sleep(PLACE_POLL_SECONDS)

    async def _make_answer(self, message: InboundMessage) -> str:
        storage = self._bot.storage
        turns = self._store.history.context(
            message.channel_id,
            message.author_id,
            self.session_rules,
            storage.max_history,
            storage.context_max_age,
        )
        asked = prompt.build(
            bot_name=self._bot.name,
            system=self._bot.system_prompt,
            turns=turns,
            user_id=message.author_id,
            user_name=message.author_name,
        )
        await self._clock.sleep(self._chance.uniform(*self._bot.response_delay))
        if not self._bot.typing_indicator:
            return await answering.answer(self._responder, asked, self._clock)
        async with self._delivery.typing(message):
            return await answering.answer(self._responder, asked, self._clock)

    async def _deliver(self, message: InboundMessage, session: Session, text: str) -> None:
        parts = chunking.split(text, self._bot.max_message_length)
        ledger = self._store.ledger
        for part in await ledger.stage(message.message_id, parts):
            sent_id = await self._delivery.send(
                message, part.content, nonce=part.nonce, first=part.part == 0
            )
            await ledger.mark_sent(
                message, session.session_id, part, sent_id, self._pulse.display_name
            )
        await ledger.finish(message.message_id, "answered", Reason.ANSWERED)
        self._pulse.answered()

    async def _fail(self, message: InboundMessage, error: ResponderError | DeliveryError) -> None:
        log.error("turn_failed", error=str(error))
        self._pulse.failed(str(error))
        ledger = self._store.ledger
        await ledger.finish(message.message_id, "failed", Reason.FAILED, str(error))
        if isinstance(error, ResponderError) and await ledger.notice_due(
            "failure", message.channel_id, FAILURE_NOTICE_WINDOW
        ):
            await self._say(message, FAILURE_NOTICE)

    async def _say(self, message: InboundMessage, text: str) -> None:
        """Say something that belongs to no conversation."""
        for number, part in enumerate(chunking.split(text)):
            nonce = f"n{number}-{message.message_id}"
            try:
                await self._delivery.send(message, part, nonce=nonce, first=number == 0)
            except DeliveryError as error:
                log.warning("notice_failed", error=str(error))
                return
