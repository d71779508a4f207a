"""The other bots of the fleet, as one of them meets what they say: heard, judged, waited for."""

import asyncio
import contextlib
import random
from collections import OrderedDict
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from multibot.clock import Clock
from multibot.config.fleet import Bot
from multibot.conversation import addressing, chain, overhearing
from multibot.conversation.addressing import Decision, FleetMember, Reason, Verdict
from multibot.conversation.message import InboundMessage
from multibot.conversation.overhearing import Heard
from multibot.conversation.prompt import Task
from multibot.conversation.ruling import Outcome, Ruling
from multibot.errors import StoreUnavailableError
from multibot.runtime import deadline, rules
from multibot.runtime.arbiter import Arbiter
from multibot.runtime.attention import Attention
from multibot.runtime.floor import Ask, Floor, PutOffError
from multibot.runtime.overheard import Overheard
from multibot.runtime.pulse import Pulse
from multibot.store.chains import place_of
from multibot.store.inbox import FinalState
from multibot.store.stores import BotStore
from multibot.store.unfinished import Unfinished

CHANNELS_REMEMBERED = 1000

log = structlog.get_logger(__name__)


class Fellows:
    """Whom one bot hears of its fleet, and whom it answers. Switched off it does nothing at all."""

    def __init__(  # noqa: PLR0913 - the surroundings of one bot, wired once, by keyword
        self,
        *,
        bot: Bot,
        store: BotStore,
        arbiter: Arbiter,
        attention: Attention,
        pulse: Pulse,
        clock: Clock,
        chance: random.Random,
    ) -> None:
        self._bot = bot
        self._rules = bot.cross_bot.rules
        self._listening = rules.of_listening(bot)
        self._store = store
        self._arbiter = arbiter
        self._attention = attention
        self._pulse = pulse
        self._clock = clock
        self._chance = chance
        self._ending = asyncio.Event()
        self.overheard = Overheard()
        # The newest message of a person in each channel: one may be here before the message of a
        # bot that it follows is counted.
        self._persons: OrderedDict[str, InboundMessage] = OrderedDict()
        # What bots say by themselves counts too, and people end the count.
        self._is_counting = self._rules.enabled or bot.activity.enabled

    def wind_down(self) -> None:
        """Wait for nothing any more: what is put off is left to the next process."""
        self._ending.set()

    def hear(self, message: InboundMessage) -> Heard | None:
        """Say what a message of another bot is to this one; none where that does not matter.

        Bots of the fleet are heard wherever this one may be, whoever else it listens to.
        """
        if not (self._rules.enabled and message.author_is_bot) or message.is_dm:
            return None
        if addressing.refused_place(message, self._listening) is not None:
            return None
        return overhearing.listen(message, self._me(), self._arbiter.fellows())

    async def floor(
        self, message: InboundMessage, heard: Heard, *, again: bool = False
    ) -> Floor | None:
        """Meet a message of another bot; give the right to answer it, where it is this one's.

        A turn that only comes too soon is waited for, once.
        """
        self.overheard.note(message)
        given = await self._meet(message, heard, again=again)
        if given is not None and given.retry_at is not None:
            await self._until(given.retry_at)
            if self._ending.is_set():
                return None
            given = await self._meet(message, heard, again=True)
        if given is None or given.outcome is not Outcome.ANSWER:
            return None
        if self._arbiter.is_standing_back(message.channel_id):
            await self._give_up(message, "declined", Reason.FAILED, "may not speak in this channel")
            return None
        return self._answering(message, given)

    async def resumed(self, left: Unfinished) -> Floor | None:
        """Take up what an earlier process left of a talk with bots, unless it is too old by now."""
        message = left.message
        if left.state == "sending":
            return self._standing(message)
        if message.is_unprompted:
            why = "interrupted before it was said"
            await self._give_up(message, "expired", Reason.EXPIRED, why)
            await self._note_round(message, f"not said, {Reason.EXPIRED}: {why}")
            return None
        age = self._age(message)
        if age > self._rules.retry_window:
            detail = f"found unanswered after {age.total_seconds():.0f} s"
            await self._give_up(message, "expired", Reason.EXPIRED, detail)
            return None
        if left.decision.reason is Reason.DELAY:
            # It may ask once more only, so not before its time.
            spoke_at = self._store.chains.exchange(message.channel_id, self._rules).spoke_at
            await self._until((spoke_at or self._clock.now()) + self._rules.inter_bot_delay)
        return None if self._ending.is_set() else await self.taken_over(message)

    async def taken_over(self, message: InboundMessage) -> Floor | None:
        """Ask once more for a message of another bot that nobody answers."""
        heard = self.hear(message)
        if heard is None:
            await self._give_up(
                message, "expired", Reason.EXPIRED, "its author is not heard any more"
            )
            return None
        return await self.floor(message, heard, again=True)

    def for_person(self, message: InboundMessage) -> Floor | None:
        """Give the right to answer a person, which is always there; none where nothing counts."""
        if not self._is_counting or message.is_dm:
            return None
        return self._floor(message)

    async def person_spoke(self, message: InboundMessage) -> None:
        """Let a person's message end what bots have with each other, and count it for its guild."""
        if not self._is_counting or message.is_dm or not _is_person(message):
            return
        self._attention.person_spoke(message, self._age(message))
        self._remember(message)
        try:
            await self._store.chains.person_spoke(message, self._rules)
        except StoreUnavailableError as error:
            # The person is answered all the same, when the store lets anybody be answered.
            log.warning("chain_not_ended", error=str(error))

    def _remember(self, message: InboundMessage) -> None:
        known = self._persons.pop(message.channel_id, message)
        newest = message if chain.is_newer(message.message_id, known.message_id) else known
        self._persons[message.channel_id] = newest
        if len(self._persons) > CHANNELS_REMEMBERED:
            self._persons.popitem(last=False)

    def passes_over(self, message: InboundMessage, decision: Decision) -> Decision:
        """Pass a person's message to several bots over in a cooldown, where that is asked for."""
        asked = self._rules.cooldown_blocks_group_mentions and self._rules.enabled
        if not asked or message.is_dm or decision.verdict is Verdict.NO:
            return decision
        named = message.mentioned_ids | addressing.raw_mentions(message.content)
        members = {each.user_id for each in (self._me(), *self._arbiter.fellows())}
        ruling = self._store.chains.refuses_group(message, len(named & members), self._rules)
        if ruling is None:
            return decision
        return Decision(Verdict.NO, ruling.reason, ruling.detail)

    def unprompted(self, occasion: InboundMessage, task: Task, ask: Ask) -> Floor:
        """Give the right to a message that nobody asked for; it still has to be taken."""
        to_bot = task is Task.OPEN
        return replace(self._floor(occasion), ask=ask, task=task, to_bot=to_bot, is_counted=True)

    def _me(self) -> FleetMember:
        return replace(self._pulse.member(), patterns=self._bot.channels)

    def _age(self, message: InboundMessage) -> timedelta:
        return self._pulse.world_time.now() - message.created_at

    async def _meet(self, message: InboundMessage, heard: Heard, *, again: bool) -> Ruling | None:
        given = await self._store.chains.meet(
            message,
            heard,
            self._rules,
            roll=self._chance.random(),
            age=self._age(message),
            again=again,
        )
        await self._put_in_order(message.channel_id, message.message_id)
        if given is not None and given.outcome is not Outcome.NO:
            log.info(
                "met", author=heard.author, how=heard.how, reason=given.reason, why=given.detail
            )
        return given

    async def _put_in_order(self, channel_id: str, message_id: str) -> None:
        """Let a person who spoke after a bot's message, and was heard before it, end the talk."""
        person = self._persons.get(channel_id)
        if person is not None and chain.is_newer(person.message_id, message_id):
            await self._store.chains.person_spoke(person, self._rules)

    async def _may_send(self, message: InboundMessage, given: Ruling) -> Ruling:
        """Ask for an answer that is made; what only comes too soon is waited for, once."""
        chains = self._store.chains
        asked = await chains.may_send(message, given, self._rules)
        if asked.retry_at is None:
            return asked
        await self._until(asked.retry_at)
        if self._ending.is_set():
            raise PutOffError
        return await chains.may_send(message, given, self._rules, again=True)

    async def _note_round(self, occasion: InboundMessage, outcome: str) -> None:
        """Say what came of a round that an earlier process of this bot was killed in."""
        number = int(occasion.message_id.rpartition("-")[2])
        what = "conversation" if occasion.author_is_bot else "post"
        told = f"{what} in #{occasion.channel_name}, taken up after a restart: {outcome}"
        await self._store.activity.note(occasion.guild_id or "", number, told)

    async def _until(self, moment: datetime) -> None:
        seconds = (moment - self._clock.now()).total_seconds()
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                await deadline.within(self._clock, seconds, self._ending.wait())

    async def _give_up(
        self, message: InboundMessage, state: FinalState, reason: Reason, why: str
    ) -> None:
        await self._store.chains.withdraw(place_of(message), message.message_id, self._rules)
        await self._store.ledger.finish(message.message_id, state, reason, why)

    def _answering(self, message: InboundMessage, given: Ruling) -> Floor:
        ask = partial(self._may_send, message, given)
        floor = self._floor(message)
        return replace(floor, ask=ask, to_bot=True, is_counted=True, phase=given.phase)

    def _standing(self, message: InboundMessage) -> Floor:
        """Give what has been asked for and stored already; only the sending is left."""
        floor = replace(self._floor(message), to_bot=message.author_is_bot, is_counted=True)
        if not message.is_unprompted:
            return floor
        return replace(floor, ended=partial(self._note_round, message))

    def _floor(self, message: InboundMessage) -> Floor:
        return Floor(
            chains=self._store.chains,
            rules=self._rules,
            place=place_of(message),
            turn=message.message_id,
            counted=partial(self._put_in_order, message.channel_id),
        )


def _is_person(message: InboundMessage) -> bool:
    return not (message.author_is_bot or message.is_webhook or message.is_system)
