"""Bots among bots: one bot's hand in the chains, cooldowns and bursts that the fleet shares.

Every method that decides does so in one transaction, over what all processes have written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from multibot.clock import Clock, from_text, to_text
from multibot.conversation import chain, judging
from multibot.conversation.addressing import Reason
from multibot.conversation.chain import ChainRules, Exchange, Said
from multibot.conversation.message import BotName, InboundMessage
from multibot.conversation.overhearing import Heard
from multibot.conversation.ruling import Outcome, Ruling
from multibot.store import connection, statements
from multibot.store.claims import Claims
from multibot.store.cursors import Cursors
from multibot.store.exchanges import MEMORY, Channel, Place, exchange_of
from multibot.store.meeting import Meeting
from multibot.store.sending import Sending
from multibot.store.transaction import Durability
from multibot.store.writer import Writer

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# A channel where bots spoke last is remembered for so long: their limit holds over any silence
# shorter than that.
FORGOTTEN = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message of this bot that stands on Discord.

    `turn` is the message it answers, or the name under which it was allowed, or its own id;
    `in_exchange` says that it speaks to another bot.
    """

    place: Place
    turn: str
    message_id: str
    in_exchange: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A conversation that this bot wants to begin with another; `turn` is a name for it."""

    place: Place
    turn: str
    partner: BotName


class Chains:
    """What one bot hears other bots say, and what it may say to them."""

    def __init__(
        self,
        bot_name: BotName,
        clock: Clock,
        *,
        reader: "sqlite.Connection",
        writer: Writer,
        cursors: Cursors,
        path: Path,
    ) -> None:
        self._bot_name = bot_name
        self._clock = clock
        self._reader = reader
        self._writer = writer
        self._cursors = cursors
        self._path = path
        self._claims = Claims(bot_name)
        self._sql = statements.load()

    async def meet(
        self,
        message: InboundMessage,
        heard: Heard,
        rules: ChainRules,
        *,
        roll: float,
        age: timedelta = timedelta(),
        again: bool = False,
    ) -> Ruling | None:
        """Count a bot's message, decide about it, and claim it when it is to be answered.

        The decision is stored with it. None when this bot has decided before; `again` asks anew
        about one that waits (LATER), was left under way, or whose holder let its claim lapse.
        `age` is how old the message is by Discord's clock, where that is worth mentioning.
        """
        meeting = Meeting(self._bot_name, message, heard, rules, roll=roll, age=age)
        move_cursor = None if again else self._cursors.step(message)

        def job(writing: "sqlite.Connection") -> Ruling | None:
            now = self._clock.now()
            if move_cursor is not None:
                move_cursor(writing, now)
            return meeting.take_place(writing, now, again=again)

        is_ours = heard.how is not None
        found = await self._writer.run(job, Durability.HARD if is_ours else Durability.SOFT)
        self._cursors.settled(message.channel_id, message.message_id)
        return found

    async def person_spoke(self, message: InboundMessage, rules: ChainRules) -> None:
        """End the chain of a channel; nothing is written where bots have said nothing since."""
        with connection.errors_of(self._path):
            row = self._sql.human_seen(self._reader, channel_id=message.channel_id)
        if row is None or not (row[0] or row[1]) or not chain.is_newer(message.message_id, row[2]):
            return

        def job(writing: "sqlite.Connection") -> None:
            channel = Channel(writing, place_of(message), rules, self._clock.now())
            channel.interrupt(message.message_id)
            channel.save()

        await self._writer.run(job, Durability.SOFT)

    async def may_send(
        self, message: InboundMessage, given: Ruling, rules: ChainRules, *, again: bool = False
    ) -> Ruling:
        """Ask once more before the first part of an answer to a bot is stored; count it when it may.

        `given` is what `meet` returned; the phase is that of this moment. Asking again after a kill
        gives the same. What is LATER may be asked for `again` then, once.
        """
        sending = Sending(self._bot_name, message, given, again=again)

        def job(writing: "sqlite.Connection") -> Ruling:
            now = self._clock.now()
            channel = Channel(writing, place_of(message), rules, now)
            asked = sending.ask(writing, channel, rules, now)
            channel.save()
            return asked

        return await self._writer.run(job)

    async def may_leave(
        self, place: Place, turn: str, rules: ChainRules, *, age: timedelta = timedelta()
    ) -> Ruling:
        """Ask a last time, right before what was allowed leaves for Discord.

        A person may have spoken since, or the chain be over: the wait was long, or a restart between.
        `age` is that of its occasion, where this is not the first try.
        """

        def job(writing: "sqlite.Connection") -> Ruling:
            channel = Channel(writing, place, rules, self._clock.now())
            asked = channel.leave(self._bot_name, turn, age)
            channel.save()
            return asked

        return await self._writer.run(job, Durability.SOFT)

    async def sent(self, sent: Sent, rules: ChainRules) -> None:
        """Count a message of this bot, whoever has seen it before; private ones do not count."""
        if sent.place.guild_id is None:
            return

        def job(writing: "sqlite.Connection") -> None:
            now = self._clock.now()
            channel = Channel(writing, sent.place, rules, now)
            said = Said(bot=self._bot_name, message_id=sent.message_id, at=now)
            channel.record(said, sent.turn, in_exchange=sent.in_exchange)
            channel.save()

        await self._writer.run(job, Durability.SOFT)

    async def withdraw(self, place: Place, turn: str, rules: ChainRules) -> None:
        """Give back what was allowed and is not going to be sent."""

        def job(writing: "sqlite.Connection") -> None:
            channel = Channel(writing, place, rules, self._clock.now())
            known = channel.turn(self._bot_name, turn)
            if known is None or known.message_id is None:
                self._sql.drop_pair(writing, turn=turn)
            if channel.drop(self._bot_name, turn):
                channel.save()

        await self._writer.run(job)

    async def open(self, opening: Opening, rules: ChainRules) -> Ruling:
        """Take the right to begin a conversation with another bot, as message 1 of a chain."""
        first, second = sorted((self._bot_name, opening.partner))

        def job(writing: "sqlite.Connection") -> Ruling:
            now = self._clock.now()
            channel = Channel(writing, opening.place, rules, now)
            asked = self._pair(writing, first, second, rules, now)
            asked = asked or judging.judge_opening(channel.exchange, rules, now=now)
            if asked.outcome is Outcome.ANSWER:
                channel.exchange = chain.opened(channel.exchange, now)
                channel.reserve(self._bot_name, opening.turn, channel.exchange.chain)
                self._sql.begin_pair(
                    writing,
                    first_bot=first,
                    second_bot=second,
                    turn=opening.turn,
                    at=to_text(now),
                )
                asked = replace(asked, chain=channel.exchange.chain)
            channel.save()
            return asked

        return await self._writer.run(job)

    async def post(self, place: Place, turn: str, rules: ChainRules) -> Ruling:
        """Take the right to say something that nobody asked for; `turn` is a name for it.

        Asking again under the same name, after a kill, gives the same.
        """

        def job(writing: "sqlite.Connection") -> Ruling:
            channel = Channel(writing, place, rules, self._clock.now())
            if channel.turn(self._bot_name, turn) is not None:
                return Ruling(outcome=Outcome.ANSWER, reason=Reason.ANSWERED)
            asked = judging.judge_post(channel.exchange, rules)
            if asked.outcome is Outcome.ANSWER:
                channel.exchange = chain.posted(channel.exchange)
                channel.reserve(self._bot_name, turn, None)
            channel.save()
            return asked

        return await self._writer.run(job)

    def exchange(self, channel_id: str, rules: ChainRules) -> Exchange:
        """Return what bots have said in a channel, as it is at this moment."""
        with connection.errors_of(self._path):
            row = self._sql.exchange(self._reader, channel_id=channel_id)
        found = Exchange() if row is None else exchange_of(row)
        return chain.settled(found, rules, self._clock.now())

    def refuses_group(
        self, message: InboundMessage, mentioned: int, rules: ChainRules
    ) -> Ruling | None:
        """Say whether a person's message is passed over because it mentions so many bots."""
        if not rules.cooldown_blocks_group_mentions:
            return None
        exchange = self.exchange(message.channel_id, rules)
        return judging.judge_group(exchange, rules, mentioned=mentioned, now=self._clock.now())

    def paired(self) -> Mapping[BotName, datetime]:
        """Return with whom this bot had a conversation of its own, and when that began."""
        with connection.errors_of(self._path):
            rows = list(self._sql.pairs_of(self._reader, bot_name=self._bot_name))
        return {BotName(partner): from_text(began_at) for partner, began_at in rows}

    def _pair(
        self,
        writing: "sqlite.Connection",
        first: BotName,
        second: BotName,
        rules: ChainRules,
        now: datetime,
    ) -> Ruling | None:
        began_at = self._sql.pair(writing, first_bot=first, second_bot=second)
        if began_at is None:
            return None
        return judging.judge_pair((first, second), from_text(began_at), rules, now=now)


def place_of(message: InboundMessage) -> Place:
    """Name where a message was posted."""
    return Place(message.channel_id, message.guild_id)


def clean(
    writing: "sqlite.Connection", rules: ChainRules, *, now: datetime, limit: int = 500
) -> int:
    """Delete what is over, up to `limit` rows of a table; a job for the housekeeper."""
    sql = statements.load()
    idle_since = now - rules.expiry - rules.cooldown
    deleted: int = sql.clean_chains(
        writing,
        idle_since=to_text(idle_since),
        forgotten_since=to_text(now - FORGOTTEN),
        limit=limit,
    )
    deleted += sql.clean_chain_messages(writing, before=to_text(now - MEMORY), limit=limit)
    deleted += sql.clean_cooldowns(writing, now=to_text(now), limit=limit)
    deleted += sql.clean_bursts(writing, before=to_text(now - rules.burst), limit=limit)
    deleted += sql.clean_pairs(writing, before=to_text(now - rules.pair_cooldown), limit=limit)
    return deleted
