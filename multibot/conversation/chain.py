"""What bots say to each other in one channel: counted, limited, and followed by a cooldown.

An `Exchange` is the state; each function gives the next one. The rules of who may speak when are in
`ruling`.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from multibot.conversation.message import BotName

Cause = Literal["limit", "silence"]

# A chain that dies of silence is followed by a cooldown when it had at least so many messages.
TALK = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainRules:
    """How much bots may talk with each other. `name_factor` makes a mere name count for less."""

    enabled: bool = False
    max_chain: int = 5
    expiry: timedelta = timedelta(seconds=600)
    cooldown: timedelta = timedelta(minutes=10)
    max_bot_turns: int = 20
    burst: timedelta = timedelta(seconds=30)
    response_chance: float = 0.7
    name_factor: float = 0.3
    inter_bot_delay: timedelta = timedelta(seconds=5)
    retry_window: timedelta = timedelta(seconds=60)
    pair_cooldown: timedelta = timedelta(minutes=60)
    claim_lease: timedelta = timedelta(seconds=60)
    cooldown_blocks_group_mentions: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cooldown:
    """The quiet time of a channel; it is over at exactly `expires_at`."""

    started_at: datetime
    expires_at: datetime
    cause: Cause = "limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What bots have said in one channel: the chain, and all since a person last spoke.

    `chain` is the number of the newest chain, alive while `message_count` is not 0; of its messages
    `pending` are allowed and not yet seen. `is_opened` says that a bot began it on purpose.
    `bot_turns` counts everything bots said here since the person's message `human_id`.
    """

    chain: int = 0
    message_count: int = 0
    pending: int = 0
    participants: tuple[BotName, ...] = ()
    is_opened: bool = False
    started_at: datetime | None = None
    last_activity_at: datetime | None = None
    last_message_id: str = ""
    last_bot: BotName | None = None
    bot_turns: int = 0
    spoke_at: datetime | None = None
    human_id: str = ""
    cooldown: Cooldown | None = None

    @property
    def is_alive(self) -> bool:
        """Whether there is a chain just now."""
        return self.message_count > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message of a bot, of however many parts, as it stands on Discord."""

    bot: BotName
    message_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """What of the bots' messages comes after a person's: what is seen out of order is put in order.

    `later` stand there, some of them of the chain that it ends; `underway` may be on their way.
    """

    later: int = 0
    later_in_chain: int = 0
    underway: int = 0
    underway_in_chain: int = 0


class Phase(StrEnum):
    """How far a chain has come when its next message is made."""

    OPEN = "open"
    GOING = "going"
    CLOSING = "closing"
    LAST = "last"


HINTS = {
    Phase.OPEN: "",
    Phase.GOING: "Continue the conversation naturally.",
    Phase.CLOSING: "The conversation may come to its end.",
    Phase.LAST: "This is your last message in this conversation: bring it to a natural close in one"
    " or two sentences, and ask nothing.",
}
"""What a prompt says about each phase."""


def is_newer(message_id: str, other: str) -> bool:
    """Compare two ids, which are text, as the numbers they are."""
    return (len(message_id), message_id) > (len(other), other)


def phase(exchange: Exchange, rules: ChainRules) -> Phase:
    """Say which phase the next message of the chain belongs to."""
    if is_last(exchange, rules):
        return Phase.LAST
    number = exchange.message_count + 1
    if number <= TALK:
        return Phase.OPEN
    return Phase.GOING if number <= rules.max_chain - TALK else Phase.CLOSING


def is_last(exchange: Exchange, rules: ChainRules) -> bool:
    """Tell whether no bot may speak after the next message."""
    return (
        exchange.message_count + 1 >= rules.max_chain
        or exchange.bot_turns + 1 >= rules.max_bot_turns
    )


def settled(exchange: Exchange, rules: ChainRules, now: datetime) -> Exchange:
    """Bring the state to this moment: silence ends a chain, time a cooldown.

    What lies in the future, because the clock went back, counts as of now.
    """
    exchange = _clamped(exchange, rules, now)
    last = exchange.last_activity_at
    if exchange.is_alive and last is not None and now - last > rules.expiry:
        died_at = last + rules.expiry
        is_talk = exchange.message_count - exchange.pending >= TALK
        exchange = _ended(exchange)
        if is_talk:
            exchange = _cooled(exchange, rules, died_at, "silence")
    if exchange.cooldown is not None and exchange.cooldown.expires_at <= now:
        exchange = replace(exchange, cooldown=None)
    return exchange


def heard(exchange: Exchange, said: Said) -> Exchange:
    """Count a bot's message that nobody has counted, whomever it speaks to."""
    if not is_newer(said.message_id, exchange.human_id):
        return exchange
    spoke_at = said.at if exchange.spoke_at is None else max(exchange.spoke_at, said.at)
    return replace(exchange, bot_turns=exchange.bot_turns + 1, spoke_at=spoke_at)


def takes(exchange: Exchange, said: Said, rules: ChainRules) -> bool:
    """Tell whether a chain has a place for what speaks to a bot, and no person spoke after it."""
    has_place = exchange.message_count < rules.max_chain
    return has_place and exchange.cooldown is None and is_newer(said.message_id, exchange.human_id)


def joined(exchange: Exchange, said: Said, rules: ChainRules) -> Exchange:
    """Count a message that speaks to another bot into the chain, or begin one with it."""
    begun = exchange if exchange.is_alive else _begun(exchange, said.at)
    return _spoken(replace(begun, message_count=begun.message_count + 1), said, rules)


def allowed(exchange: Exchange) -> Exchange:
    """Count a message of the chain that is about to be sent, so that no other takes its place."""
    return replace(
        exchange,
        message_count=exchange.message_count + 1,
        pending=exchange.pending + 1,
        bot_turns=exchange.bot_turns + 1,
    )


def posted(exchange: Exchange) -> Exchange:
    """Count a message that is about to be sent and speaks to no bot."""
    return replace(exchange, bot_turns=exchange.bot_turns + 1)


def opened(exchange: Exchange, now: datetime) -> Exchange:
    """Begin a chain on purpose, with a message that is about to be sent."""
    return replace(allowed(_begun(exchange, now)), is_opened=True)


def sent(exchange: Exchange, said: Said, rules: ChainRules, *, chain: int | None) -> Exchange:
    """Note that an allowed message stands on Discord; `chain` is the one that it was allowed in."""
    if not is_newer(said.message_id, exchange.human_id):
        # It was there before the person's message.
        return withdrawn(exchange, chain=chain)
    spoke_at = said.at if exchange.spoke_at is None else max(exchange.spoke_at, said.at)
    exchange = replace(exchange, spoke_at=spoke_at)
    if chain != exchange.chain or not exchange.is_alive:
        return exchange
    return _spoken(replace(exchange, pending=max(0, exchange.pending - 1)), said, rules)


def departed(exchange: Exchange, now: datetime) -> Exchange:
    """Note that a message of the chain leaves for Discord: no silence ends it meanwhile."""
    last = exchange.last_activity_at
    return replace(exchange, last_activity_at=now if last is None else max(last, now))


def withdrawn(exchange: Exchange, *, chain: int | None) -> Exchange:
    """Take back an allowed message that was never sent."""
    exchange = replace(exchange, bot_turns=max(0, exchange.bot_turns - 1))
    if chain != exchange.chain or not exchange.is_alive:
        return exchange
    left = max(0, exchange.message_count - 1)
    if left == 0:
        return _ended(exchange)
    return replace(exchange, message_count=left, pending=max(0, exchange.pending - 1))


def interrupted(exchange: Exchange, human_id: str, after: After, now: datetime) -> Exchange:
    """End the chain, because a person spoke; no cooldown follows.

    What of it comes later all the same begins the next chain, or has a place in it.
    """
    bot_turns = after.later + after.underway
    ended = replace(_ended(exchange), human_id=human_id, bot_turns=bot_turns)
    stays = after.later_in_chain if exchange.is_alive else 0
    places = 0 if exchange.cooldown else after.underway_in_chain
    if stays + places == 0:
        return ended
    kept = replace(exchange, is_opened=False) if stays else _begun(exchange, now)
    return replace(
        kept,
        chain=exchange.chain + 1,
        message_count=stays + places,
        pending=places,
        human_id=human_id,
        bot_turns=bot_turns,
    )


def _begun(exchange: Exchange, at: datetime) -> Exchange:
    ended = _ended(exchange)
    return replace(ended, chain=exchange.chain + 1, started_at=at, last_activity_at=at)


def _ended(exchange: Exchange) -> Exchange:
    return replace(
        exchange,
        message_count=0,
        pending=0,
        participants=(),
        is_opened=False,
        started_at=None,
        last_activity_at=None,
        last_message_id="",
        last_bot=None,
    )


def _spoken(exchange: Exchange, said: Said, rules: ChainRules) -> Exchange:
    """Note who spoke, and end the chain when all that it may have stands on Discord."""
    last = exchange.last_activity_at
    exchange = replace(
        exchange,
        participants=tuple(dict.fromkeys((*exchange.participants, said.bot))),
        last_activity_at=said.at if last is None else max(last, said.at),
    )
    if is_newer(said.message_id, exchange.last_message_id):
        exchange = replace(exchange, last_message_id=said.message_id, last_bot=said.bot)
    if exchange.message_count - exchange.pending < rules.max_chain:
        return exchange
    return _cooled(_ended(exchange), rules, said.at, "limit")


def _cooled(exchange: Exchange, rules: ChainRules, at: datetime, cause: Cause) -> Exchange:
    cooldown = Cooldown(started_at=at, expires_at=at + rules.cooldown, cause=cause)
    return replace(exchange, cooldown=cooldown)


def _clamped(exchange: Exchange, rules: ChainRules, now: datetime) -> Exchange:
    times = (exchange.started_at, exchange.last_activity_at, exchange.spoke_at)
    if any(at is not None and at > now for at in times):
        started_at, last_activity_at, spoke_at = (at and min(at, now) for at in times)
        exchange = replace(
            exchange, started_at=started_at, last_activity_at=last_activity_at, spoke_at=spoke_at
        )
    cooldown, longest = exchange.cooldown, now + rules.cooldown
    if cooldown is None or cooldown.expires_at <= longest:
        return exchange
    return replace(exchange, cooldown=replace(cooldown, started_at=now, expires_at=longest))
