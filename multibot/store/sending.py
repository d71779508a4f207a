"""Whether what a bot made for another may be sent; every function runs inside one transaction."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from multibot.clock import from_text, to_text
from multibot.conversation import chain, judging, ruling
from multibot.conversation.chain import ChainRules
from multibot.conversation.judging import Attempt, OnItsWay
from multibot.conversation.message import BotName, InboundMessage
from multibot.conversation.overhearing import LONGEST_WAY
from multibot.conversation.ruling import Outcome, Ruling
from multibot.store import statements
from multibot.store.exchanges import Channel

if TYPE_CHECKING:
    from multibot.store.driver import sqlite


class Sending:
    """One answer of a bot, from its last text to the moment it is counted.

    `again` says that it has waited, as it was told to the first time.
    """

    def __init__(
        self, bot_name: BotName, message: InboundMessage, given: Ruling, *, again: bool = False
    ) -> None:
        self._bot_name = bot_name
        self._message_id = message.message_id
        self._channel_id = message.channel_id
        self._given = given
        self._again = again
        self._sql = statements.load()

    def ask(
        self, writing: "sqlite.Connection", channel: Channel, rules: ChainRules, now: datetime
    ) -> Ruling:
        """Give the answer a place in its chain, if the claim and the chain still allow it."""
        given, message_id = self._given, self._message_id
        own = self._sql.own_claim(writing, message_id=message_id, bot_name=self._bot_name)
        if own is None or own[1] != given.fence:
            holder = self._sql.claim_holder(writing, message_id=message_id)
            return ruling.claimed_by(BotName(holder[0] if holder else ""))
        reserved = channel.turn(self._bot_name, message_id)
        if reserved is not None and reserved.message_id is not None:
            return given
        if reserved is not None:
            channel.drop(self._bot_name, message_id)
        attempt = self._attempt(writing, now)
        asked = judging.judge_sending(attempt, channel.exchange, rules, now=now)
        if asked.outcome is not Outcome.ANSWER:
            return asked
        channel.exchange = chain.allowed(channel.exchange)
        channel.reserve(self._bot_name, message_id, channel.exchange.chain)
        return replace(asked, fence=given.fence)

    def _attempt(self, writing: "sqlite.Connection", now: datetime) -> Attempt:
        where = {"channel_id": self._channel_id}
        answered = self._sql.turn_answered(writing, **where, message_id=self._message_id)
        chain_number, said_at = (None, None) if answered is None else answered
        rows = list(self._sql.all_underway(writing, **where, since=to_text(now - LONGEST_WAY)))
        return Attempt(
            me=self._bot_name,
            chain=chain_number,
            said_at=now if said_at is None else min(from_text(said_at), now),
            underway=tuple(OnItsWay(BotName(bot), from_text(since)) for bot, since in rows),
            is_retry=self._again,
        )
