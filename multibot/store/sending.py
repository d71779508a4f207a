"""Whether what a bot made for another may be sent; every function runs inside one transaction."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from multibot.conversation import chain, judging, ruling
from multibot.conversation.chain import ChainRules
from multibot.conversation.message import BotName
from multibot.conversation.ruling import Outcome, Ruling
from multibot.store import statements
from multibot.store.exchanges import Channel

if TYPE_CHECKING:
    from multibot.store.driver import sqlite


class Sending:
    """One answer of a bot, from its last text to the moment it is counted."""

    def __init__(self, bot_name: BotName, message_id: str, given: Ruling) -> None:
        self._bot_name = bot_name
        self._message_id = message_id
        self._given = given
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
        asked = judging.judge_sending(channel.exchange, rules, chain_number=given.chain, now=now)
        if asked.outcome is not Outcome.ANSWER:
            return asked
        channel.exchange = chain.allowed(channel.exchange)
        channel.reserve(self._bot_name, message_id, channel.exchange.chain)
        return replace(asked, fence=given.fence)
