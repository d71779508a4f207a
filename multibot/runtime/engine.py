"""One message, from arrival to answer."""

import asyncio
import collections
import contextlib
import random
from collections.abc import Awaitable, Iterator
from typing import Any

import structlog

from multibot.clock import Clock
from multibot.config.fleet import Bot
from multibot.conversation import addressing
from multibot.conversation.addressing import Decision, Reason, Verdict
from multibot.conversation.message import InboundMessage
from multibot.errors import StoreUnavailableError
from multibot.responder.protocol import Responder
from multibot.runtime import debug, rules
from multibot.runtime.arbiter import Arbiter
from multibot.runtime.debug import Debug
from multibot.runtime.delivery import RATE_NOTICE, Delivery
from multibot.runtime.fellows import Fellows
from multibot.runtime.floor import Floor
from multibot.runtime.lanes import Lanes, Ticket
from multibot.runtime.pulse import Pulse
from multibot.runtime.replies import Replies, Surroundings
from multibot.store.claims import ClaimOutcome
from multibot.store.ledger import Receipt
from multibot.store.stores import BotStore
from multibot.store.unfinished import Unfinished

STORE_RETRY_SECONDS = 5.0

log = structlog.get_logger(__name__)


class Engine:
    """Takes messages of one bot and sees each one through."""

    def __init__(  # noqa: PLR0913 - the parts of one bot, wired once, by keyword
        self,
        *,
        bot: Bot,
        store: BotStore,
        arbiter: Arbiter,
        fellows: Fellows,
        responder: Responder,
        delivery: Delivery,
        pulse: Pulse,
        clock: Clock,
        chance: random.Random,
    ) -> None:
        self._bot = bot
        self._store = store
        self._arbiter = arbiter
        self._fellows = fellows
        self._pulse = pulse
        self._clock = clock
        self._lanes = Lanes()
        self._current: collections.Counter[str] = collections.Counter()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._debug = Debug(bot=bot, insight=store.insight, pulse=pulse, clock=clock)
        self.session_rules = rules.of_sessions(bot)
        self._replies = Replies(
            Surroundings(
                bot=bot,
                rules=self.session_rules,
                store=store,
                responder=responder,
                delivery=delivery,
                pulse=pulse,
                clock=clock,
                chance=chance,
                overheard=fellows.overheard,
            )
        )
        self._rules = rules.of_listening(bot)

    @property
    def busy(self) -> int:
        """How many conversations have a message under way."""
        return len(self._lanes)

    async def prepare(self) -> None:
        """Give up the places of an earlier process, and tell the other bots who this one is."""
        await self._store.ledger.leave_turns()
        await self._store.ledger.give_up_unreadable()
        await self._arbiter.publish()

    def enter(self, channel_id: str, author_id: str) -> Ticket:
        """Take the message's place in its session's lane; call before anything is awaited."""
        by_user = self.session_rules.scope == "user"
        return self._lanes.enter((channel_id, author_id) if by_user else channel_id)

    async def arrive(
        self, reading: Awaitable[InboundMessage], ticket: Ticket, *, late: bool = False
    ) -> None:
        """Decide, store, claim and answer one message; the ticket is always given back.

        One that is `late` was found too long after it was written to be answered.
        """
        with self._seated(ticket):
            message = await reading
            with self._under_way(message):
                if (heard := self._fellows.hear(message)) is not None:
                    if (floor := await self._fellows.floor(message, heard)) is not None:
                        await self._see_through(message, ticket, floor)
                elif await self._is_ours(message, late=late):
                    await self._see_through(message, ticket, self._fellows.for_person(message))

    async def resume(self, left: Unfinished, ticket: Ticket) -> None:
        """Take up a message that an earlier try left unfinished."""
        message = left.message
        with self._seated(ticket), self._under_way(message):
            if message.author_is_bot or message.is_unprompted:
                if (floor := await self._fellows.resumed(left)) is not None:
                    await self._see_through(message, ticket, floor, left)
            elif await self._is_still_ours(left):
                await self._see_through(message, ticket, self._fellows.for_person(message), left)

    async def take_over(self, message: InboundMessage, ticket: Ticket) -> None:
        """Ask for a message whose holder let its claim lapse, and answer it when it is ours."""
        with self._seated(ticket), self._under_way(message):
            if message.author_is_bot:
                if (floor := await self._fellows.taken_over(message)) is not None:
                    await self._see_through(message, ticket, floor)
            elif await self._wins(message):
                await self._see_through(message, ticket, self._fellows.for_person(message))

    async def speak_up(self, occasion: InboundMessage, floor: Floor) -> None:
        """Say something that nobody asked for; its occasion is stored."""
        ticket = self.enter(occasion.channel_id, occasion.author_id)
        with self._seated(ticket), self._under_way(occasion):
            await self._see_through(occasion, ticket, floor)

    def is_under_way(self, message_id: str) -> bool:
        """Say whether this process is dealing with a message right now."""
        return message_id in self._current

    def wind_down(self) -> None:
        """Begin no further answer; those under way may end. The next process takes up the rest."""
        self._replies.wind_down()
        self._fellows.wind_down()

    @property
    def is_winding_down(self) -> bool:
        """Whether no further answer is begun."""
        return self._replies.is_winding_down

    async def abandon(self) -> None:
        """End every turn where it stands, before its store and its Discord are closed.

        What was stored of them is as after a kill: the next process takes it up.
        """
        self.wind_down()
        # A task that was made a moment ago takes its seat with its first step.
        await asyncio.sleep(0)
        while tasks := set(self._tasks):
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    @contextlib.contextmanager
    def _seated(self, ticket: Ticket) -> Iterator[None]:
        """Give the ticket back at the end, whatever it is; `abandon` may make it come early."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - only coroutines of this class come here
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)
            ticket.leave()

    @contextlib.contextmanager
    def _under_way(self, message: InboundMessage) -> Iterator[None]:
        self._current[message.message_id] += 1
        try:
            with structlog.contextvars.bound_contextvars(
                channel=message.channel_id, message=message.message_id
            ):
                yield
        finally:
            self._current[message.message_id] -= 1
            if not self._current[message.message_id]:
                del self._current[message.message_id]

    async def _see_through(
        self,
        message: InboundMessage,
        ticket: Ticket,
        floor: Floor | None,
        left: Unfinished | None = None,
    ) -> None:
        """Answer when the session's turn has come; a person is answered after any outage."""
        async with self._arbiter.holding(message):
            await ticket.turn()
            if self._replies.is_winding_down:
                return
            while not await self._is_answered(message, floor, left):
                if floor is not None and not floor.is_for_people:
                    # The sweep takes up what is still young enough.
                    return
                await self._clock.sleep(STORE_RETRY_SECONDS)
                left = self._store.ledger.left(message.message_id)

    async def _is_answered(
        self, message: InboundMessage, floor: Floor | None, left: Unfinished | None
    ) -> bool:
        try:
            await self._answer(message, floor, left)
        except StoreUnavailableError as error:
            log.warning("turn_interrupted", error=str(error))
            self._pulse.failed(str(error))
            return False
        except MemoryError:
            # The watchdog ends this process; the next one takes the message up again.
            raise
        except Exception as error:
            # A bug: said in the ledger, so that it neither blocks the channel nor comes again.
            await self._replies.finish(message, "failed", Reason.FAILED, repr(error))
            raise
        return True

    async def _answer(
        self, message: InboundMessage, floor: Floor | None, left: Unfinished | None
    ) -> None:
        words = None if message.author_is_bot else debug.command(message)
        if words is None:
            if not await self._replies.reply(message, floor, left):
                self._arbiter.stand_back(message.channel_id)
        else:
            await self._replies.say(message, self._debug.reply(message, words))
            await self._replies.finish(message, "answered", Reason.ANSWERED)

    async def _is_still_ours(self, left: Unfinished) -> bool:
        """Ask again for a claim that may have lapsed; give up what is too old to begin."""
        message = left.message
        age = self._pulse.world_time.now() - message.created_at
        is_begun = left.state == "sending" or self._store.outbox.parts(message.message_id)
        if age > self._bot.catchup.max_age and not is_begun:
            detail = f"found unanswered after {age.total_seconds():.0f} s"
            await self._replies.finish(message, "expired", Reason.EXPIRED, detail)
            return False
        return left.decision.verdict is Verdict.ANSWER or await self._wins(message)

    def _decide(self, message: InboundMessage) -> Decision:
        me, peers = self._pulse.member(), self._arbiter.peers()
        if debug.command(message) is not None and not message.author_is_bot:
            if not debug.is_for(message, me):
                return Decision(Verdict.NO, Reason.NOT_ADDRESSED, "a debug command for another bot")
            if message.author_id in self._bot.admins:
                return Decision(Verdict.ANSWER, Reason.ANSWERED, "an administrator")
        decision = addressing.decide(message, me, peers, self._rules)
        return self._fellows.passes_over(message, self._arbiter.consider(message, decision))

    async def _is_ours(self, message: InboundMessage, *, late: bool) -> bool:
        """Store the decision; true when this bot, and it alone, has to answer."""
        decision = self._decide(message)
        if decision.reason is not Reason.NOT_ALLOWED:
            await self._fellows.person_spoke(message)
        if late and decision.verdict is not Verdict.NO:
            decision = Decision(Verdict.NO, Reason.EXPIRED, "found too late")
        (log.info if self._debug.trace else log.debug)(
            "decision", verdict=decision.verdict, reason=decision.reason, why=decision.detail
        )
        if decision.verdict is Verdict.NO:
            if decision.reason is Reason.NOT_ALLOWED:
                await self._store.cursors.pass_by(message)
            else:
                await self._store.ledger.decline(message, decision)
            return False
        per_minute = self._bot.limits.max_requests_per_minute
        receipt = await self._store.ledger.receive(message, decision, per_minute=per_minute)
        if receipt is Receipt.RATE_LIMITED_FIRST:
            await self._replies.say(message, RATE_NOTICE)
        if receipt is not Receipt.NEW:
            return False
        return decision.verdict is Verdict.ANSWER or await self._wins(message)

    async def _wins(self, message: InboundMessage) -> bool:
        if self._replies.is_winding_down:
            # Another bot may have it now, or the next process of this one.
            return False
        claim = await self._arbiter.contend(message)
        log.debug("claim", outcome=claim.outcome, holder=claim.holder)
        if claim.outcome is ClaimOutcome.RATE_LIMITED_FIRST:
            await self._replies.say(message, RATE_NOTICE)
        return claim.outcome is ClaimOutcome.WON
