"""What was decided about a message between bots, with the numbers that decided."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from multibot.conversation import chain
from multibot.conversation.addressing import Reason
from multibot.conversation.chain import ChainRules, Exchange, Phase
from multibot.conversation.message import BotName


class How(StrEnum):
    """How a bot's message speaks to another bot; a reply counts most."""

    REPLY = "reply"
    MENTION = "mention"
    NAME = "name"


class Outcome(StrEnum):
    """What to do about a bot's message. LATER: ask once more, at `retry_at`."""

    ANSWER = "answer"
    LATER = "later"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A decision and the numbers behind it; `detail` is for people.

    Of an answer: `chain` and `number` name the message it will be, `fence` the claim it rests on.
    """

    outcome: Outcome
    reason: Reason
    detail: str = ""
    chain: int = 0
    number: int = 0
    phase: Phase = Phase.OPEN
    fence: int = 0
    roll: float | None = None
    chance: float | None = None
    left: timedelta | None = None
    holder: BotName | None = None
    retry_at: datetime | None = None

    @property
    def is_last(self) -> bool:
        """Whether the chain ends with this message, which says so."""
        return self.phase is Phase.LAST


def accepted(
    exchange: Exchange,
    rules: ChainRules,
    detail: str,
    *,
    roll: float | None = None,
    chance: float | None = None,
) -> Ruling:
    """Allow the next message of the chain."""
    number = exchange.message_count + 1
    place = f"message {number} of {rules.max_chain}"
    return Ruling(
        outcome=Outcome.ANSWER,
        reason=Reason.ANSWERED,
        detail=f"{detail}, {place}" if detail else place,
        chain=exchange.chain,
        number=number,
        phase=chain.phase(exchange, rules),
        roll=roll,
        chance=chance,
    )


def refused(reason: Reason, detail: str, left: timedelta | None = None) -> Ruling:
    """Refuse for a reason."""
    return Ruling(outcome=Outcome.NO, reason=reason, detail=detail, left=left)


def claimed_by(holder: BotName) -> Ruling:
    """Refuse what another bot has."""
    return replace(refused(Reason.CLAIMED_BY, holder), holder=holder)


def cooling(exchange: Exchange, now: datetime) -> Ruling | None:
    """Refuse what would be said in a cooldown."""
    cooldown = exchange.cooldown
    if cooldown is None or cooldown.expires_at <= now:
        return None
    left = cooldown.expires_at - now
    return refused(Reason.COOLDOWN, f"{minutes(left)} left", left=left)


def over_limit(exchange: Exchange, rules: ChainRules) -> Ruling | None:
    """Refuse what would be one message too many."""
    if exchange.bot_turns >= rules.max_bot_turns:
        return in_a_row(exchange)
    if exchange.message_count >= rules.max_chain:
        detail = f"message {exchange.message_count} of {rules.max_chain}"
        return replace(refused(Reason.CHAIN_LIMIT, detail), number=exchange.message_count)
    return None


def in_a_row(exchange: Exchange) -> Ruling:
    """Refuse what only a person's message would allow again."""
    detail = f"{exchange.bot_turns} messages of bots in a row"
    return replace(refused(Reason.CHAIN_LIMIT, detail), number=exchange.bot_turns)


def minutes(span: timedelta) -> str:
    """Write a time span as minutes and seconds, rounded up so that what is left is never 0:00."""
    seconds = -(-span // timedelta(seconds=1))
    return f"{seconds // 60}:{seconds % 60:02}"
