"""One bot: hears, decides by the fleet's own rules over the fleet's own store, and answers."""

import random
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from multibot.cli.simulation.record import Kind
from multibot.cli.simulation.town import Author, Guild, Town
from multibot.config.fleet import Bot
from multibot.conversation import addressing, overhearing, ranking
from multibot.conversation.addressing import Decision, FleetMember, Reason, Rules, Verdict
from multibot.conversation.message import InboundMessage
from multibot.conversation.overhearing import Heard
from multibot.conversation.ruling import Outcome, Ruling
from multibot.store import statements
from multibot.store.chains import Sent, place_of
from multibot.store.claims import ClaimOutcome
from multibot.store.inbox import FinalState
from multibot.store.ledger import Receipt
from multibot.store.stores import BotStore

# So many seconds a bot takes to make a text.
THINKING = (2.0, 8.0)
LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Habits:
    """What the settings do not say: how many answers to people mention another bot."""

    mentions: float = 0.05


class Actor:
    """One bot in every guild."""

    def __init__(
        self,
        *,
        bot: Bot,
        user_id: str,
        store: BotStore,
        town: Town,
        chance: random.Random,
        habits: Habits,
    ) -> None:
        self.bot = bot
        self.store = store
        self.town = town
        self.chance = chance
        self.talk = bot.cross_bot.rules
        self.activity = bot.activity.rules(self.talk.pair_cooldown)
        self.me = FleetMember(
            bot_name=bot.name,
            user_id=user_id,
            names=(bot.name, bot.persona.name),
            patterns=bot.channels,
        )
        self.author = Author(user_id, bot.persona.name, bot.name)
        self._habits = habits
        self._listening = Rules(patterns=bot.channels)
        self._counts = self.talk.enabled or self.activity.enabled

    def thinking(self) -> float:
        """Say how long this text takes."""
        return self.chance.uniform(*THINKING) + self.chance.uniform(*self.bot.response_delay)

    async def hear(self, message: InboundMessage) -> None:
        """Take note of a message of somebody else."""
        if message.author_is_bot:
            await self._hear_bot(message)
        else:
            await self._hear_person(message)

    # -- people ----------------------------------------------------------------------------------

    async def _hear_person(self, message: InboundMessage) -> None:
        if self._counts:
            await self.store.activity.person_spoke(message, self.activity)
            await self.store.chains.person_spoke(message, self.talk)
        decision = self._decide(message)
        if decision.verdict is Verdict.NO:
            return
        per_minute = self.bot.limits.max_requests_per_minute
        receipt = await self.store.ledger.receive(message, decision, per_minute=per_minute)
        if receipt is not Receipt.NEW:
            return
        if decision.verdict is Verdict.ANSWER:
            self.town.agenda.after(self.thinking(), partial(self._answer, message))
        else:
            wait = self._rank(message) * ranking.CLAIM_STEP_SECONDS
            self.town.agenda.after(wait, partial(self._contend, message))

    def _decide(self, message: InboundMessage) -> Decision:
        peers = self.town.members(without=self.bot.name)
        decision = addressing.decide(message, self.me, peers, self._listening)
        if decision.verdict is Verdict.NO:
            return decision
        members = {each.user_id for each in (self.me, *peers)}
        mentioned = len(message.mentioned_ids & members)
        refused = self.store.chains.refuses_group(message, mentioned, self.talk)
        if refused is not None:
            return Decision(Verdict.NO, refused.reason, refused.detail)
        is_candidate = decision.verdict is Verdict.CANDIDATE
        if is_candidate and self.chance.random() >= self.bot.response_probability:
            return Decision(Verdict.NO, Reason.CHANCE)
        return decision

    def _rank(self, message: InboundMessage) -> int:
        since = self.town.agenda.now() - self.bot.storage.session_gap
        last = self.store.ledger.last_answerer(message.channel_id, message.author_id, since)
        candidates = [
            ranking.Candidate(bot_name=each.bot_name, priority=self.town.priority(each.bot_name))
            for each in self.town.members()
            if addressing.matches(each.patterns, message.routing_name)
        ]
        return ranking.rank(self.bot.name, candidates, message, last)

    async def _contend(self, message: InboundMessage) -> None:
        claim = await self.store.ledger.claim(
            message,
            slots=self.bot.answers_per_message,
            lease=LEASE,
            per_minute=self.bot.limits.max_requests_per_minute,
        )
        if claim.outcome is ClaimOutcome.WON:
            self.town.agenda.after(self.thinking(), partial(self._answer, message))

    async def _answer(self, message: InboundMessage) -> None:
        others = self.town.members(without=self.bot.name)
        is_chatty = bool(others) and self.chance.random() < self._habits.mentions
        to = self.chance.choice(others) if is_chatty else None
        guild = self.guild_of(message)
        answer = self.town.post(
            guild, message.channel_id, self.author, Kind.ANSWER, to=to, reply_to=message
        )
        await self.settle(message, answer, in_exchange=False)
        await self.store.ledger.finish(message.message_id, "answered", Reason.ANSWERED)

    # -- bots ------------------------------------------------------------------------------------

    async def _hear_bot(self, message: InboundMessage) -> None:
        if not self.talk.enabled:
            return
        peers = self.town.members(without=self.bot.name)
        heard = overhearing.listen(message, self.me, peers)
        if heard is not None:
            await self._meet(message, heard, again=False)

    async def _meet(self, message: InboundMessage, heard: Heard, *, again: bool) -> None:
        age = self.town.agenda.now() - message.created_at
        given = await self.store.chains.meet(
            message, heard, self.talk, roll=self.chance.random(), age=age, again=again
        )
        if given is None or heard.how is None:
            return
        if not again:
            self._note_chain(message)
        if given.retry_at is not None:
            meet_again = partial(self._meet, message, heard, again=True)
            self.town.agenda.at(given.retry_at, meet_again)
        elif given.outcome is Outcome.ANSWER:
            self.town.agenda.after(self.thinking(), partial(self._reply, message, given))
        else:
            self.note_silence(message, given)

    def _note_chain(self, message: InboundMessage) -> None:
        """Write down in which chain an answer to a person counts that mentions a bot."""
        row = statements.load().bot_message(self.store.reader, message_id=message.message_id)
        if row is not None and row[3]:
            self.guild_of(message).diary.join(message.message_id, row[3])

    async def _reply(self, message: InboundMessage, given: Ruling, *, again: bool = False) -> None:
        asked = await self.store.chains.may_send(message, given, self.talk, again=again)
        if asked.retry_at is not None:
            reply_again = partial(self._reply, message, given, again=True)
            self.town.agenda.at(asked.retry_at, reply_again)
        elif asked.outcome is not Outcome.ANSWER:
            await self._leave_it(message, asked)
        elif asked.is_last and not given.is_last:
            # It is made anew, as a goodbye.
            self.town.agenda.after(self.thinking(), partial(self._say, message, asked))
        else:
            await self._say(message, asked)

    async def _say(self, message: InboundMessage, allowed: Ruling) -> None:
        place, turn = place_of(message), message.message_id
        asked = await self.store.chains.may_leave(place, turn, self.talk)
        if asked.outcome is not Outcome.ANSWER:
            await self.store.chains.withdraw(place, turn, self.talk)
            await self._leave_it(message, asked)
            return
        reply = self.town.post(
            self.guild_of(message),
            message.channel_id,
            self.author,
            Kind.REPLY,
            reply_to=message,
            chain=allowed.chain,
        )
        await self.settle(message, reply, in_exchange=True)
        await self.store.ledger.finish(turn, "answered", Reason.ANSWERED)

    async def _leave_it(self, message: InboundMessage, refused: Ruling) -> None:
        state: FinalState = "expired" if refused.reason is Reason.EXPIRED else "declined"
        await self.store.ledger.finish(message.message_id, state, refused.reason, refused.detail)
        self.note_silence(message, refused)

    # -- both ------------------------------------------------------------------------------------

    async def settle(
        self, occasion: InboundMessage, said: InboundMessage, *, in_exchange: bool
    ) -> None:
        """Count what was said, as the answer to a message or as what this bot wanted to say."""
        if not self._counts:
            return
        sent = Sent(
            place=place_of(said),
            turn=occasion.message_id,
            message_id=said.message_id,
            in_exchange=in_exchange,
        )
        await self.store.chains.sent(sent, self.talk)

    def note_silence(self, message: InboundMessage, ruled: Ruling) -> None:
        """Write down why another bot was not answered."""
        self.guild_of(message).diary.silences[ruled.reason.value] += 1

    def guild_of(self, message: InboundMessage) -> Guild:
        """Return where a message was posted."""
        return self.town.guilds[message.guild_id or ""]
