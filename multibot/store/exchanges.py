"""The shared rows of what bots say to each other; every method runs inside the caller's transaction."""

import functools
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from multibot.clock import from_text, to_text
from multibot.conversation import chain, judging, overhearing
from multibot.conversation.chain import After, ChainRules, Cooldown, Exchange, Said
from multibot.conversation.message import BotName, InboundMessage
from multibot.conversation.overhearing import LONGEST_WAY, Underway
from multibot.conversation.ruling import Outcome, Ruling
from multibot.store import statements

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# What is older was counted long ago, or by nobody; its row may be gone.
MEMORY = timedelta(hours=24)

_UNSEEN = Exchange()


@dataclass(frozen=True, slots=True)
class Place:
    """A channel and the guild it is in."""

    channel_id: str
    guild_id: str | None


@dataclass(frozen=True, slots=True)
class LiveChannel:
    """A channel that has a chain or a cooldown just now."""

    place: Place
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class BotTurn:
    """One message of a bot, of however many parts, as it was counted.

    `said_at` is when it was first seen. `message_id` is missing while it is on its way;
    `claimed_as` is the part by which it is answered. A person spoke before what `is_overtaken`
    arrived: then `chain` is the next one, in which it has a place.
    """

    turn: str
    said_at: datetime
    message_id: str | None = None
    chain: int | None = None
    claimed_as: str | None = None
    is_overtaken: bool = False


class Channel:
    """One channel within one transaction: what was there, and what becomes of it."""

    def __init__(
        self, writing: "sqlite.Connection", place: Place, rules: ChainRules, now: datetime
    ) -> None:
        self._writing = writing
        self._place = place
        self._rules = rules
        self._now = now
        self._sql = statements.load()
        row = self._sql.exchange(writing, channel_id=place.channel_id)
        self._found = _UNSEEN if row is None else exchange_of(row)
        self.exchange = chain.settled(self._found, rules, now)

    def save(self) -> None:
        """Write what has changed."""
        found, new = self._found, self.exchange
        if new.cooldown != found.cooldown:
            self._save_cooldown(new.cooldown)
        if new == found:
            return
        self._sql.save_exchange(
            self._writing,
            channel_id=self._place.channel_id,
            guild_id=self._place.guild_id,
            chain=new.chain,
            message_count=new.message_count,
            pending=new.pending,
            participants=_participants(new.participants),
            is_opened=int(new.is_opened),
            started_at=_text(new.started_at),
            last_activity_at=_text(new.last_activity_at),
            last_message_id=new.last_message_id,
            last_bot=new.last_bot,
            bot_turns=new.bot_turns,
            spoke_at=_text(new.spoke_at),
            human_id=new.human_id,
            at=to_text(self._now),
        )

    def _save_cooldown(self, cooldown: Cooldown | None) -> None:
        channel_id = self._place.channel_id
        if cooldown is None:
            self._sql.drop_cooldown(self._writing, channel_id=channel_id)
            return
        self._sql.save_cooldown(
            self._writing,
            channel_id=channel_id,
            started_at=to_text(cooldown.started_at),
            expires_at=to_text(cooldown.expires_at),
            cause=cooldown.cause,
        )

    def turn_of(self, author: BotName, message: InboundMessage, at: datetime) -> str:
        """Name the turn that a message of a bot is a part of."""
        known = self._sql.bot_message(self._writing, message_id=message.message_id)
        if known is not None:
            return str(known[0])
        sent_as = self._sql.turn_sent_as(
            self._writing, bot_name=author, message_id=message.message_id
        )
        if sent_as is not None:
            return str(sent_as)
        where = {"bot_name": author, "channel_id": message.channel_id}
        rows = [
            *self._sql.answers_underway(self._writing, **where),
            *self._sql.turns_underway(self._writing, **where),
        ]
        underway = [Underway(turn, from_text(since)) for turn, since in rows]
        return overhearing.turn_of(message, at, underway)

    def turn(self, bot: BotName, turn: str) -> BotTurn | None:
        """Return a message of a bot that was counted."""
        row = self._sql.bot_turn(self._writing, bot_name=bot, turn=turn)
        if row is None:
            return None
        number = None if row[3] is None else abs(row[3])
        return BotTurn(row[0], from_text(row[1]), row[2], number, row[4], number != row[3])

    def record(self, said: Said, turn: str, *, in_exchange: bool) -> BotTurn:
        """Count a message that stands on Discord, once, whoever sees it and however often."""
        known = self.turn(said.bot, turn)
        if known is None:
            return self._count(said, turn, in_exchange=in_exchange)
        key = {"bot_name": said.bot, "turn": turn}
        if known.message_id is None:
            self.exchange = chain.sent(self.exchange, said, self._rules, chain=known.chain)
            is_later = chain.is_newer(said.message_id, self.exchange.human_id)
            counts_in = known.chain if is_later else None
            known = BotTurn(turn, said.at, said.message_id, counts_in, known.claimed_as)
            self._sql.say_bot_turn(
                self._writing,
                **key,
                message_id=said.message_id,
                said_at=to_text(said.at),
                chain=known.chain,
            )
            return known
        if in_exchange and known.chain is None and chain.takes(self.exchange, said, self._rules):
            self.exchange = chain.joined(self.exchange, said, self._rules)
            self._sql.join_bot_turn(self._writing, **key, chain=self.exchange.chain)
            return replace(known, chain=self.exchange.chain)
        return known

    def reserve(self, bot: BotName, turn: str, number: int | None) -> None:
        """Note a message that is allowed and on its way; `number` is the chain it counts in."""
        self._sql.insert_bot_turn(
            self._writing,
            bot_name=bot,
            turn=turn,
            channel_id=self._place.channel_id,
            message_id=None,
            said_at=to_text(self._now),
            chain=number,
        )

    def drop(self, bot: BotName, turn: str) -> bool:
        """Forget a message that was on its way; false when there is none."""
        known = self.turn(bot, turn)
        if known is None or known.message_id is not None:
            return False
        self._sql.drop_bot_turn(self._writing, bot_name=bot, turn=turn)
        self.exchange = chain.withdrawn(self.exchange, chain=known.chain)
        return True

    def leave(self, bot: BotName, turn: str, age: timedelta) -> Ruling:
        """Say whether what was allowed may leave for Discord now, and note that it does."""
        known = self.turn(bot, turn)
        asked = judging.judge_leaving(
            self.exchange,
            self._rules,
            chain_number=None if known is None else known.chain,
            is_overtaken=known is None or known.is_overtaken,
            age=age,
            now=self._now,
        )
        if asked.outcome is Outcome.ANSWER and known is not None:
            if known.chain is not None:
                self.exchange = chain.departed(self.exchange, self._now)
            self._sql.depart_bot_turn(self._writing, bot_name=bot, turn=turn, at=to_text(self._now))
        return asked

    def interrupt(self, message_id: str) -> None:
        """End the chain for a person's message; what may be on its way keeps a place in the next."""
        before = self.exchange
        if not chain.is_newer(message_id, before.human_id):
            return
        where = {"channel_id": self._place.channel_id}
        self._sql.drop_turns_underway(
            self._writing, **where, before=to_text(self._now - LONGEST_WAY)
        )
        later = self._sql.turns_after(
            self._writing, **where, message_id=message_id, chain=before.chain
        )
        underway = self._sql.count_turns_underway(self._writing, **where)
        after = After(
            later=later[0],
            later_in_chain=later[1],
            underway=underway[0],
            underway_in_chain=underway[1],
        )
        self.exchange = chain.interrupted(before, message_id, after, self._now)
        if self.exchange.message_count > self.exchange.pending:
            turns = {**where, "message_id": message_id, "ended": before.chain}
            self._sql.keep_turns_after(self._writing, **turns, chain=self.exchange.chain)
        if self.exchange.pending:
            self._sql.overtake_turns_underway(self._writing, **where, chain=self.exchange.chain)

    def _count(self, said: Said, turn: str, *, in_exchange: bool) -> BotTurn:
        counted = BotTurn(turn, said.at, said.message_id)
        if said.at < self._now - MEMORY:
            return counted
        self.exchange = chain.heard(self.exchange, said)
        if in_exchange and chain.takes(self.exchange, said, self._rules):
            self.exchange = chain.joined(self.exchange, said, self._rules)
            counted = replace(counted, chain=self.exchange.chain)
        self._sql.insert_bot_turn(
            self._writing,
            bot_name=said.bot,
            turn=turn,
            channel_id=self._place.channel_id,
            message_id=said.message_id,
            said_at=to_text(said.at),
            chain=counted.chain,
        )
        return counted


def live(reader: "sqlite.Connection", rules: ChainRules, now: datetime) -> tuple[LiveChannel, ...]:
    """Return every channel with a chain or a cooldown, as they are at this moment."""
    rows = list(statements.load().live_exchanges(reader))
    found = (
        LiveChannel(Place(row[0], row[1]), chain.settled(exchange_of(row[2:]), rules, now))
        for row in rows
    )
    return tuple(
        each for each in found if each.exchange.is_alive or each.exchange.cooldown is not None
    )


def exchange_of(row: tuple[Any, ...]) -> Exchange:
    """Make the state of the columns of a channel and its cooldown."""
    return Exchange(
        chain=row[0],
        message_count=row[1],
        pending=row[2],
        participants=_names(row[3]),
        is_opened=bool(row[4]),
        started_at=_time(row[5]),
        last_activity_at=_time(row[6]),
        last_message_id=row[7],
        last_bot=row[8],
        bot_turns=row[9],
        spoke_at=_time(row[10]),
        human_id=row[11],
        cooldown=None if row[12] is None else _cooldown(*row[12:]),
    )


def _cooldown(started_at: str, expires_at: str, cause: chain.Cause) -> Cooldown:
    return Cooldown(started_at=from_text(started_at), expires_at=from_text(expires_at), cause=cause)


@functools.lru_cache(maxsize=256)
def _names(text: str) -> tuple[BotName, ...]:
    return tuple(orjson.loads(text))


@functools.lru_cache(maxsize=256)
def _participants(names: tuple[BotName, ...]) -> str:
    return orjson.dumps(names).decode()


def _time(text: str | None) -> datetime | None:
    return None if text is None else from_text(text)


def _text(at: datetime | None) -> str | None:
    return None if at is None else to_text(at)
