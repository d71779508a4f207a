"""Bots that hear bots: whom a bot's message speaks to, and which messages are parts of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from multibot.conversation import addressing
from multibot.conversation.addressing import FleetMember
from multibot.conversation.message import BotName, InboundMessage
from multibot.conversation.names import raw_mentions
from multibot.conversation.ruling import How

# An answer is stored before it is sent; what was written so long before that is no part of it.
SLACK = timedelta(seconds=60)
# What has been on its way for longer never left.
LONGEST_WAY = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message of a bot of the fleet: how it speaks to this bot, and to which others."""

    author: BotName
    how: How | None = None
    others: tuple[BotName, ...] = ()

    @property
    def in_exchange(self) -> bool:
        """Whether it speaks to any bot at all."""
        return self.how is not None or bool(self.others)


@dataclass(frozen=True, slots=True)
class Underway:
    """An answer that is not all sent yet, by the message it answers."""

    turn: str
    since: datetime


def listen(message: InboundMessage, me: FleetMember, peers: Sequence[FleetMember]) -> Heard | None:
    """Say what a message of another bot is to this one; none when its author is no living peer.

    `peers` are the bots of the fleet that are alive. Webhooks and this bot itself are nobody's peers.
    """
    if message.is_webhook or message.is_system or message.author_id == me.user_id:
        return None
    author = next((each for each in peers if each.user_id == message.author_id), None)
    if author is None:
        return None
    members = (me, *(each for each in peers if each.bot_name not in {author.bot_name, me.bot_name}))
    listening = tuple(
        each for each in members if addressing.matches(each.patterns, message.routing_name)
    )
    named = addressing.named(message.content, listening)
    spoken_to = {
        each.bot_name: how
        for each in members
        if (how := _how(message, each, by_name=each.bot_name in named)) is not None
    }
    mine = spoken_to.pop(me.bot_name, None)
    return Heard(author=author.bot_name, how=mine, others=tuple(spoken_to))


def _how(message: InboundMessage, member: FleetMember, *, by_name: bool) -> How | None:
    if message.reply_to_author_id == member.user_id:
        return How.REPLY
    if member.user_id in message.mentioned_ids | raw_mentions(message.content):
        return How.MENTION
    return How.NAME if by_name else None


def turn_of(message: InboundMessage, at: datetime, underway: Sequence[Underway]) -> str:
    """Name the turn that a new message of a bot is a part of: what it answers, or its own id.

    `at` is when it was written; `underway` are its author's answers in this channel that are not
    all there yet. Only the first part of an answer is a reply.
    """
    reference = message.reply_to_message_id
    if reference is not None:
        is_answer = any(each.turn == reference for each in underway)
        return reference if is_answer else message.message_id
    begun = [each for each in underway if at - LONGEST_WAY <= each.since <= at + SLACK]
    oldest = min(begun, key=lambda each: each.since, default=None)
    return message.message_id if oldest is None else oldest.turn
