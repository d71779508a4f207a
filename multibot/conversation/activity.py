"""Speaking up when a guild is quiet: how quiet it is, whose turn it is, what to do, and where."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum

from multibot.conversation.message import BotName

# Where people meet, when nobody has said where bots may speak up.
MEETING_PLACES = frozenset({"general", "chat", "lounge", "main", "discussion"})


class Level(StrEnum):
    """How lively the people of a guild are."""

    DEAD = "dead_quiet"
    QUIET = "quiet"
    ACTIVE = "active"


class Act(StrEnum):
    """What a bot does in its round."""

    CONVERSE = "converse"
    POST = "post"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """Bounds for one roll: in a dead quiet guild below `converse` two bots talk, below `post` one
    posts; in a quiet one it posts below `quiet_post`.
    """

    converse: float = 0.30
    post: float = 0.70
    quiet_post: float = 0.30


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """A time of day in a zone, from `start` up to `end`; the same twice is the whole day."""

    start: time
    end: time
    zone: tzinfo

    def __contains__(self, now: datetime) -> bool:
        """Look at the clock on the wall of that zone, whatever its summer time does."""
        local = now.astimezone(self.zone).time()
        if self.start < self.end:
            return self.start <= local < self.end
        return local >= self.start or local < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityRules:
    """When bots speak up; `gap` is how long a guild may go unwatched before watching begins anew."""

    enabled: bool = False
    window: timedelta = timedelta(minutes=30)
    observation: timedelta = timedelta(minutes=30)
    gap: timedelta = timedelta(minutes=3)
    dead_below: float = 0.1
    quiet_below: float = 0.5
    interval: timedelta = timedelta(minutes=15)
    jitter: timedelta = timedelta(minutes=1)
    first_check: timedelta = timedelta(seconds=60)
    odds: Odds = field(default_factory=Odds)
    pair_cooldown: timedelta = timedelta(minutes=60)
    channel_ids: tuple[str, ...] = ()
    quiet_hours: tuple[QuietHours, ...] = ()


PRESETS = {
    "seed": ActivityRules(),
    "gentle": ActivityRules(
        interval=timedelta(minutes=30), odds=Odds(converse=0.15, post=0.25, quiet_post=0.05)
    ),
}
"""`seed` speaks up as often as the original did, `gentle` far less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is known of a guild: messages of people in the window, and since when it is watched."""

    messages: int
    watched_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What a look at a guild comes to; `round` is none where no round was taken for it."""

    act: Act
    detail: str
    level: Level | None = None
    rate: float = 0.0
    roll: float | None = None
    round: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelOption:
    """A text channel of a guild, as far as choosing one needs it."""

    channel_id: str
    name: str
    is_writable: bool
    is_system: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerOption:
    """Another bot of the fleet; `paired_at` is when the two last had a conversation of their own."""

    bot_name: BotName
    is_member: bool
    is_alive: bool
    paired_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, or why there is nothing to choose."""

    chosen: str | None
    detail: str


def rate(reading: Reading, rules: ActivityRules) -> float:
    """Return how many messages a minute people write."""
    return reading.messages / (rules.window / timedelta(minutes=1))


def level(per_minute: float, rules: ActivityRules) -> Level:
    """Name how lively that is; both bounds are strict."""
    if per_minute < rules.dead_below:
        return Level.DEAD
    return Level.QUIET if per_minute < rules.quiet_below else Level.ACTIVE


def round_of(now: datetime, rules: ActivityRules) -> int:
    """Number the round that this moment belongs to, the same in every process."""
    return math.floor(now.timestamp() / rules.interval.total_seconds())


def wait(rules: ActivityRules, roll: float, *, is_first: bool = False) -> timedelta:
    """Say how long until a bot looks at its guilds again."""
    if is_first:
        return rules.first_check
    return rules.interval + (2 * roll - 1) * rules.jitter


def consider(reading: Reading, rules: ActivityRules, *, now: datetime) -> Move | None:
    """Say why nothing can happen in a guild just now; none when its round may be taken."""
    if not rules.enabled:
        return Move(act=Act.NOTHING, detail="speaking up is switched off")
    if any(now in hours for hours in rules.quiet_hours):
        return Move(act=Act.NOTHING, detail="quiet hours")
    since = reading.watched_since
    watched = timedelta() if since is None else max(now - since, timedelta())
    if watched < rules.observation:
        minutes = watched // timedelta(minutes=1)
        return Move(act=Act.NOTHING, detail=f"watched for {minutes} min only")
    measured = _measured(reading, rules)
    return measured if measured.level is Level.ACTIVE else None


def decide(reading: Reading, rules: ActivityRules, *, roll: float) -> Move:
    """Say what the bot whose round it is does."""
    measured, odds = replace(_measured(reading, rules), roll=roll), rules.odds
    if measured.level is Level.DEAD and roll < odds.converse:
        return _acting(measured, Act.CONVERSE, odds.converse)
    if measured.level is Level.DEAD:
        return _acting(measured, Act.POST, odds.post)
    return _acting(measured, Act.POST, odds.quiet_post)


def choose_channel(options: Sequence[ChannelOption], rules: ActivityRules) -> Choice:
    """Choose where to speak up; the options are a guild's text channels, topmost first."""
    writable = {each.channel_id: each for each in options if each.is_writable}
    if rules.channel_ids:
        found = next((each for each in rules.channel_ids if each in writable), None)
        return Choice(found, "configured" if found else "none of channel_ids is writable here")
    for detail, fits in (("system channel", _is_system), ("by its name", _is_meeting_place)):
        if found := next((each.channel_id for each in writable.values() if fits(each)), None):
            return Choice(found, detail)
    return Choice(None, "no writable channel to speak up in")


def choose_partner(
    options: Sequence[PartnerOption], rules: ActivityRules, *, now: datetime, roll: float
) -> Choice:
    """Choose whom to talk with."""
    present = [each for each in options if each.is_member and each.is_alive]
    if not present:
        return Choice(None, "no other bot is here")
    free = sorted(each.bot_name for each in present if _may_pair(each, rules, now))
    if not free:
        return Choice(None, "every pair has had its conversation lately")
    return Choice(free[min(int(roll * len(free)), len(free) - 1)], f"one of {len(free)}")


def _measured(reading: Reading, rules: ActivityRules) -> Move:
    per_minute = rate(reading, rules)
    found = level(per_minute, rules)
    detail = f"{found}, {per_minute:.2f} messages a minute"
    return Move(act=Act.NOTHING, detail=detail, level=found, rate=per_minute)


def _acting(measured: Move, act: Act, bound: float) -> Move:
    roll = measured.roll or 0.0
    detail = f"{measured.detail}, rolled {roll:.3f}, {act} below {bound:.2f}"
    return replace(measured, act=act if roll < bound else Act.NOTHING, detail=detail)


def _may_pair(option: PartnerOption, rules: ActivityRules, now: datetime) -> bool:
    if option.paired_at is None:
        return True
    return not -rules.pair_cooldown <= now - option.paired_at < rules.pair_cooldown


def _is_system(option: ChannelOption) -> bool:
    return option.is_system


def _is_meeting_place(option: ChannelOption) -> bool:
    """Go by whole words: `general-chat` is one, `maintenance` is not."""
    return not MEETING_PLACES.isdisjoint(re.split(r"[\W_]+", option.name.casefold()))
