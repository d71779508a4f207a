"""Whose message it is: the decision about one human message, made without waiting for anything."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from multibot.conversation.message import BotName, InboundMessage
from multibot.conversation.names import addressed_names, is_name_address, raw_mentions

__all__ = [
    "Decision",
    "FleetMember",
    "Reason",
    "Rules",
    "Verdict",
    "decide",
    "is_name_address",
    "matches",
    "named",
    "raw_mentions",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetMember:
    """One bot of the fleet and what people call it: bot name, persona name, Discord display name.

    Its names count only in channels that match its patterns.
    """

    bot_name: BotName
    user_id: str
    names: tuple[str, ...]
    patterns: tuple[str, ...] = ("*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Where one bot listens and to whom. An empty allow list allows all.

    The guild and channel lists say nothing about DMs (`allow_dms` does); a listed channel brings
    its threads along.
    """

    patterns: tuple[str, ...]
    allow_dms: bool = True
    allowed_user_ids: frozenset[str] = frozenset()
    allowed_guild_ids: frozenset[str] = frozenset()
    allowed_channel_ids: frozenset[str] = frozenset()


class Verdict(StrEnum):
    """What the rules say about one message for one bot."""

    ANSWER = "answer"
    CANDIDATE = "candidate"
    NO = "no"


class Reason(StrEnum):
    """Why a bot answered a message, or did not."""

    ANSWERED = "answered"
    NOT_ADDRESSED = "not_addressed"
    PATTERN_MISMATCH = "pattern_mismatch"
    CLAIMED_BY = "claimed_by"
    NOT_ALLOWED = "not_allowed"
    RATE_LIMITED = "rate_limited"
    CHAIN_LIMIT = "chain_limit"
    COOLDOWN = "cooldown"
    BURST = "burst"
    SPOKE_LAST = "spoke_last"
    CHANCE = "chance"
    DELAY = "delay"
    ROOM_HELD_BY = "room_held_by"
    EXPIRED = "expired"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with its reason; `detail` is for people. A candidate's reason stands once it wins."""

    verdict: Verdict
    reason: Reason
    detail: str = ""


def decide(
    message: InboundMessage, me: FleetMember, peers: Sequence[FleetMember], rules: Rules
) -> Decision:
    """Decide about a message for one bot. Peers are the other bots of the fleet."""
    if why := _refused(message, rules):
        return Decision(Verdict.NO, Reason.NOT_ALLOWED, why)
    if why := _unanswerable(message, me, peers):
        return Decision(Verdict.NO, Reason.NOT_ADDRESSED, why)
    if message.is_dm:
        return Decision(Verdict.ANSWER, Reason.ANSWERED, "dm")
    return _decide_in_guild(message, me, peers, rules)


def _decide_in_guild(
    message: InboundMessage, me: FleetMember, peers: Sequence[FleetMember], rules: Rules
) -> Decision:
    others = tuple(peer for peer in peers if peer.bot_name != me.bot_name)
    listening = (each for each in others if matches(each.patterns, message.routing_name))
    spoken_to = named(message.content, (me, *listening))
    mentioned = message.mentioned_ids | raw_mentions(message.content)
    pattern = matches(rules.patterns, message.routing_name)
    by_name = pattern is not None and me.bot_name in spoken_to
    if how := _how_addressed(message, me, mentioned, by_name=by_name):
        return Decision(Verdict.ANSWER, Reason.ANSWERED, how)
    theirs = [
        peer.bot_name
        for peer in others
        if _how_addressed(message, peer, mentioned, by_name=peer.bot_name in spoken_to)
    ]
    if theirs:
        return Decision(Verdict.NO, Reason.NOT_ADDRESSED, f"addressed to {', '.join(theirs)}")
    if pattern is None:
        return Decision(Verdict.NO, Reason.PATTERN_MISMATCH, f"channel {message.routing_name}")
    return Decision(Verdict.CANDIDATE, Reason.ANSWERED, f"pattern {pattern}")


def matches(patterns: Iterable[str], name: str) -> str | None:
    """Return the first pattern that fits the whole channel name; only `*` is special."""
    folded = name.casefold()
    return next((each for each in patterns if _fits(each.casefold(), folded)), None)


def named(content: str, members: tuple[FleetMember, ...]) -> frozenset[BotName]:
    """Return the bots spoken to by name. A name that several share speaks to none of them."""
    owners = _owners(members)
    spoken = addressed_names(content, owners)
    return frozenset(owner for name in spoken if (owner := owners[name]) is not None)


def _fits(pattern: str, name: str) -> bool:
    """Match without a regular expression: linear however many stars a pattern has."""
    head, *rest = pattern.split("*")
    if not rest:
        return head == name
    *middle, tail = rest
    if len(head) + len(tail) > len(name) or not name.startswith(head) or not name.endswith(tail):
        return False
    at, end = len(head), len(name) - len(tail)
    for piece in middle:
        found = name.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def _unanswerable(
    message: InboundMessage, me: FleetMember, peers: Sequence[FleetMember]
) -> str | None:
    if message.author_id == me.user_id:
        return "own message"
    if message.is_webhook:
        return "webhook"
    if message.is_system:
        return "system message"
    if message.author_is_bot or any(peer.user_id == message.author_id for peer in peers):
        return "author is a bot"
    return None


def _refused(message: InboundMessage, rules: Rules) -> str | None:
    if rules.allowed_user_ids and message.author_id not in rules.allowed_user_ids:
        return "user"
    return refused_place(message, rules)


def refused_place(message: InboundMessage, rules: Rules) -> str | None:
    """Say which list keeps the bot from listening where this was posted; none when no list does."""
    if message.is_dm:
        return None if rules.allow_dms else "dm"
    if rules.allowed_guild_ids and message.guild_id not in rules.allowed_guild_ids:
        return "guild"
    here = {message.channel_id, message.parent_channel_id}
    if rules.allowed_channel_ids and not here & rules.allowed_channel_ids:
        return "channel"
    return None


def _how_addressed(
    message: InboundMessage, member: FleetMember, mentioned: frozenset[str], *, by_name: bool
) -> str | None:
    if member.user_id in mentioned:
        return "mention"
    if message.reply_to_author_id == member.user_id:
        return "reply"
    return "name" if by_name else None


@functools.lru_cache(maxsize=64)
def _owners(members: tuple[FleetMember, ...]) -> Mapping[str, BotName | None]:
    owners: dict[str, BotName | None] = {}
    for member in members:
        for name in {" ".join(name.split()).casefold() for name in member.names} - {""}:
            owners[name] = (
                member.bot_name if owners.get(name, member.bot_name) == member.bot_name else None
            )
    # A bot's own name is unique in the fleet, so it wins over another bot's display name.
    owners.update({member.bot_name.casefold(): member.bot_name for member in members})
    return owners
