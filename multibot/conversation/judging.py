"""Whether a bot answers another bot: every check in its order."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from multibot.conversation import chain
from multibot.conversation.addressing import Reason
from multibot.conversation.chain import ChainRules, Exchange
from multibot.conversation.message import BotName
from multibot.conversation.ruling import (
    How,
    Outcome,
    Ruling,
    accepted,
    claimed_by,
    cooling,
    in_a_row,
    minutes,
    over_limit,
    refused,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """A message of a bot as one addressed bot meets it; the exchange holds it already.

    `chain` is the one that it counts in, none where it counts in none; `begins` says that it is all
    there is of that chain. `burst_at` is when the same bot first spoke to this one by another
    message that is no reply. `holder` has the message, or another part of it; `was_held` says that
    one had it who let it lapse.
    """

    me: BotName
    author: BotName
    message_id: str
    at: datetime
    how: How
    chain: int | None
    is_retry: bool = False
    was_held: bool = False
    begins: bool = False
    burst_at: datetime | None = None
    holder: BotName | None = None


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """A turn that a bot was allowed, or that left, at this moment; nobody has seen it yet."""

    bot: BotName
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An answer that is made, about to be stored and sent.

    `chain` is the one that what it answers counts in, none where it counts in none any more;
    `said_at` is when that was said. `underway` are all other turns of the channel on their way.
    """

    me: BotName
    chain: int | None
    said_at: datetime
    underway: tuple[OnItsWay, ...] = ()
    is_retry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    sight: Sight
    exchange: Exchange
    rules: ChainRules
    now: datetime


def judge(
    sight: Sight, exchange: Exchange, rules: ChainRules, *, now: datetime, roll: float
) -> Ruling:
    """Decide about one message; the exchange is settled, and the first check that fails speaks."""
    case = _Case(sight=sight, exchange=exchange, rules=rules, now=now)
    for check in CHECKS:
        if (ruling := check(case)) is not None:
            return ruling
    return _roll(case, roll)


def judge_sending(
    attempt: Attempt, exchange: Exchange, rules: ChainRules, *, now: datetime
) -> Ruling:
    """Decide whether an answer that was made may still be sent; LATER asks to wait, once."""
    if (ruling := cooling(exchange, now) or over_limit(exchange, rules)) is not None:
        return ruling
    if not exchange.is_alive or exchange.chain != attempt.chain:
        return refused(Reason.EXPIRED, "the chain has ended meanwhile")
    if exchange.last_bot == attempt.me:
        return refused(Reason.SPOKE_LAST, f"message {exchange.message_count} is its own")
    if any(turn.bot == attempt.me for turn in attempt.underway):
        return refused(Reason.SPOKE_LAST, "another message of its own is on its way")
    if (ruling := _comes_too_soon(attempt, exchange, rules, now)) is not None:
        return ruling
    return accepted(exchange, rules, "")


def judge_leaving(
    exchange: Exchange,
    rules: ChainRules,
    *,
    chain_number: int | None,
    is_overtaken: bool,
    age: timedelta,
    now: datetime,
) -> Ruling:
    """Decide whether what was allowed may leave for Discord now; `chain_number` is none for a post.

    `is_overtaken` says that a person has spoken since it was allowed; `age` is that of its occasion,
    none where it sets out for the first time.
    """
    if is_overtaken:
        return refused(Reason.EXPIRED, "a person has spoken meanwhile")
    if age > rules.retry_window:
        return refused(Reason.EXPIRED, f"not sent within {age.total_seconds():.0f} s")
    if chain_number is None:
        return Ruling(outcome=Outcome.ANSWER, reason=Reason.ANSWERED)
    if (ruling := cooling(exchange, now)) is not None:
        return ruling
    if not exchange.is_alive or exchange.chain != chain_number:
        return refused(Reason.EXPIRED, "the chain has ended meanwhile")
    return Ruling(outcome=Outcome.ANSWER, reason=Reason.ANSWERED)


def judge_opening(exchange: Exchange, rules: ChainRules, *, now: datetime) -> Ruling:
    """Decide whether a bot may begin a chain here on purpose."""
    if (ruling := cooling(exchange, now) or over_limit(exchange, rules)) is not None:
        return ruling
    if exchange.is_alive:
        return refused(
            Reason.CHAIN_LIMIT, f"a chain of {exchange.message_count} messages is under way"
        )
    return accepted(exchange, rules, "opener")


def judge_post(exchange: Exchange, rules: ChainRules) -> Ruling:
    """Decide whether a bot may say something that speaks to nobody."""
    if exchange.bot_turns >= rules.max_bot_turns:
        return in_a_row(exchange)
    return Ruling(outcome=Outcome.ANSWER, reason=Reason.ANSWERED)


def judge_group(
    exchange: Exchange, rules: ChainRules, *, mentioned: int, now: datetime
) -> Ruling | None:
    """Refuse a person's message that mentions several bots in a cooldown, where that is asked for."""
    if not rules.cooldown_blocks_group_mentions or mentioned < chain.TALK:
        return None
    return cooling(exchange, now)


def judge_pair(
    pair: tuple[BotName, BotName], began_at: datetime, rules: ChainRules, *, now: datetime
) -> Ruling | None:
    """Refuse a conversation of two bots that had one of their own not long ago."""
    elapsed = now - began_at
    # One far in the future is from before the clock went back: nobody knows when that was.
    if not -rules.pair_cooldown <= elapsed < rules.pair_cooldown:
        return None
    left = rules.pair_cooldown - max(elapsed, timedelta())
    return refused(Reason.COOLDOWN, f"{pair[0]} and {pair[1]}: {minutes(left)} left", left=left)


def _is_on(case: _Case) -> Ruling | None:
    if case.rules.enabled:
        return None
    return refused(Reason.NOT_ADDRESSED, "author is a bot, and bots do not talk with bots")


def _is_stale(case: _Case) -> Ruling | None:
    if not chain.is_newer(case.sight.message_id, case.exchange.human_id):
        return refused(Reason.EXPIRED, "a person has spoken after it")
    age = case.now - case.sight.at
    longest = case.rules.retry_window
    if case.sight.was_held:
        longest += case.rules.claim_lease
    if age <= longest:
        return None
    how = "waited" if case.sight.is_retry else "found after"
    return refused(Reason.EXPIRED, f"{how} {age.total_seconds():.0f} s")


def _is_cooling(case: _Case) -> Ruling | None:
    return cooling(case.exchange, case.now)


def _has_ended(case: _Case) -> Ruling | None:
    if case.exchange.is_alive and case.sight.chain == case.exchange.chain:
        return None
    return refused(Reason.EXPIRED, "the chain it belongs to has ended")


def _is_burst(case: _Case) -> Ruling | None:
    began_at = case.sight.burst_at
    if case.sight.how is How.REPLY or began_at is None:
        return None
    elapsed = max(case.sight.at - began_at, timedelta())
    if elapsed >= case.rules.burst:
        return None
    left = case.rules.burst - elapsed
    detail = f"{case.sight.author} spoke to this bot {elapsed.total_seconds():.1f} s before"
    return refused(Reason.BURST, detail, left=left)


def _is_over_limit(case: _Case) -> Ruling | None:
    return over_limit(case.exchange, case.rules)


def _is_own_turn(case: _Case) -> Ruling | None:
    if case.exchange.last_bot != case.sight.me:
        return None
    return refused(Reason.SPOKE_LAST, f"message {case.exchange.message_count} is its own")


def _is_claimed(case: _Case) -> Ruling | None:
    holder = case.sight.holder
    return None if holder is None else claimed_by(holder)


def _is_too_soon(case: _Case) -> Ruling | None:
    spoke_at = case.exchange.spoke_at
    if spoke_at is None:
        return None
    free_at = spoke_at + case.rules.inter_bot_delay
    return _waiting(free_at, case.now, is_retry=case.sight.is_retry)


def _comes_too_soon(
    attempt: Attempt, exchange: Exchange, rules: ChainRules, now: datetime
) -> Ruling | None:
    """Have it keep its distance also from what others are sending just now."""
    spoken = [min(turn.since, now) for turn in attempt.underway]
    if exchange.spoke_at is not None:
        spoken.append(exchange.spoke_at)
    free_at = max(spoken) + rules.inter_bot_delay if spoken else now
    age = max(free_at, now) - attempt.said_at
    if (attempt.is_retry or free_at > now) and age > rules.retry_window:
        return refused(Reason.DELAY, f"would be sent only after {age.total_seconds():.0f} s")
    return _waiting(free_at, now, is_retry=attempt.is_retry)


def _waiting(free_at: datetime, now: datetime, *, is_retry: bool) -> Ruling | None:
    left = free_at - now
    if left <= timedelta():
        return None
    if is_retry:
        detail = f"again {left.total_seconds():.1f} s too soon"
        return refused(Reason.DELAY, detail, left=left)
    return Ruling(
        outcome=Outcome.LATER,
        reason=Reason.DELAY,
        detail=f"waits {left.total_seconds():.1f} s",
        left=left,
        retry_at=free_at,
    )


CHECKS: tuple[Callable[[_Case], Ruling | None], ...] = (
    _is_on,
    _is_stale,
    _is_cooling,
    _has_ended,
    _is_burst,
    _is_over_limit,
    _is_own_turn,
    _is_claimed,
    _is_too_soon,
)
"""The order of the checks; the roll comes after all of them."""


def _roll(case: _Case, roll: float) -> Ruling:
    """Answer what goes on; whether to begin is a matter of chance."""
    sight, rules = case.sight, case.rules
    detail = f"{sight.how} from {sight.author}"
    if sight.how is How.REPLY or not sight.begins or case.exchange.is_opened:
        return accepted(case.exchange, rules, detail)
    factor = rules.name_factor if sight.how is How.NAME else 1.0
    chance = rules.response_chance * factor
    rolled = f"rolled {roll:.3f}, answers below {chance:.2f}"
    if roll < chance:
        return accepted(case.exchange, rules, f"{detail}, {rolled}", roll=roll, chance=chance)
    return replace(refused(Reason.CHANCE, rolled), roll=roll, chance=chance)
