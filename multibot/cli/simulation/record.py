"""What happened, written down as it stood in the channels, and what that comes to."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from multibot.conversation.chain import TALK, ChainRules
from multibot.conversation.message import BotName


class Kind(StrEnum):
    """Why a message stands there."""

    PERSON = "person"
    ANSWER = "answer"
    REPLY = "reply"
    OPENER = "opener"
    POST = "post"


class End(StrEnum):
    """How a chain ended."""

    COMPLETE = "complete"
    PERSON = "person"
    SILENCE = "silence"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Posted:
    """One message; `chain` is the chain it counts in, 0 for none."""

    at: datetime
    channel_id: str
    kind: Kind
    bot: BotName | None = None
    chain: int = 0


@dataclass(slots=True)
class Diary:
    """What happened in one guild."""

    name: str
    _posted: dict[str, Posted] = field(default_factory=dict)
    rounds: Counter[str] = field(default_factory=Counter)
    levels: Counter[str] = field(default_factory=Counter)
    silences: Counter[str] = field(default_factory=Counter)

    @property
    def posted(self) -> list[Posted]:
        """All messages in their order."""
        return list(self._posted.values())

    def note(self, message_id: str, posted: Posted) -> None:
        """Write a message down."""
        self._posted[message_id] = posted

    def join(self, message_id: str, chain: int) -> None:
        """Note that an answer to a person, written down already, counts in a chain of bots."""
        self._posted[message_id] = replace(self._posted[message_id], chain=chain)


@dataclass(frozen=True, slots=True)
class Chain:
    """One chain as the channel shows it."""

    channel_id: str
    length: int
    end: End

    @property
    def is_followed_by_cooldown(self) -> bool:
        """Whether bots leave each other alone for a while after it."""
        return self.end is End.COMPLETE or (self.end is End.SILENCE and self.length >= TALK)


def chains(posted: Sequence[Posted], rules: ChainRules, end: datetime) -> list[Chain]:
    """Read the chains off the messages: how long each was, and how it ended."""
    return [
        Chain(channel_id, len(indexes), _end(channel, indexes, rules, end))
        for channel_id, channel in _by_channel(posted).items()
        for indexes in _apart(channel, rules)
    ]


def _apart(channel: Sequence[Posted], rules: ChainRules) -> list[list[int]]:
    """Tell the chains of a channel apart: their numbers begin anew once all is forgotten."""
    found: list[list[int]] = []
    newest: dict[int, list[int]] = {}
    for index, one in enumerate(channel):
        if not one.chain:
            continue
        known = newest.get(one.chain)
        if known is None or one.at - channel[known[-1]].at > rules.expiry:
            known = newest[one.chain] = []
            found.append(known)
        known.append(index)
    return found


def _end(
    channel: Sequence[Posted], indexes: Sequence[int], rules: ChainRules, end: datetime
) -> End:
    if len(indexes) >= rules.max_chain:
        return End.COMPLETE
    last = indexes[-1]
    until = channel[last].at + rules.expiry
    later = (one for one in channel[last + 1 :] if one.at <= until)
    if any(one.kind is Kind.PERSON for one in later):
        return End.PERSON
    return End.OPEN if until > end else End.SILENCE


def longest_run(posted: Sequence[Posted]) -> int:
    """Count the messages of bots that followed each other in a channel without a person's."""
    longest = 0
    for channel in _by_channel(posted).values():
        run = 0
        for one in channel:
            run = 0 if one.kind is Kind.PERSON else run + 1
            longest = max(longest, run)
    return longest


def _by_channel(posted: Iterable[Posted]) -> dict[str, list[Posted]]:
    channels: dict[str, list[Posted]] = {}
    for one in posted:
        channels.setdefault(one.channel_id, []).append(one)
    return channels


def of_guild(diary: Diary, rules: ChainRules, end: datetime, hours: float) -> dict[str, object]:
    """Give a guild's figures, as JSON knows them."""
    posted = diary.posted
    kinds = Counter(one.kind for one in posted)
    people = kinds.pop(Kind.PERSON, 0)
    spoken = kinds.total()
    found = chains(posted, rules, end)
    ends = Counter(each.end for each in found)
    return {
        "guild": diary.name,
        "people": people,
        "bots": spoken,
        "bots_per_hour": round(spoken / hours, 2),
        "bots_share": round(spoken / (people + spoken), 4) if people + spoken else 0.0,
        "answers_to_people": kinds[Kind.ANSWER],
        "answers_to_bots": kinds[Kind.REPLY],
        "openers": kinds[Kind.OPENER],
        "posts": kinds[Kind.POST],
        "chains": len(found),
        "chains_per_day": round(len(found) * 24 / hours, 2),
        "chains_of_two_or_more": sum(each.length >= TALK for each in found),
        "longest_chain": max((each.length for each in found), default=0),
        "chain_ends": {end.value: ends[end] for end in End},
        "cooldowns": sum(each.is_followed_by_cooldown for each in found),
        "longest_run": longest_run(posted),
        "rounds": dict(sorted(diary.rounds.items())),
        "looks": dict(sorted(diary.levels.items())),
        "silences": dict(sorted(diary.silences.items())),
    }
