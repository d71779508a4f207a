"""The effective configuration: what each bot runs with, all defaults and overrides settled."""

from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, PlainSerializer

from multibot.config.secret import Secret
from multibot.config.settings import LogLevel, Settings
from multibot.conversation import activity
from multibot.conversation.activity import PRESETS, ActivityRules, Odds
from multibot.conversation.chain import ChainRules
from multibot.conversation.message import BotName
from multibot.errors import ConfigError

# Sets are written in order, so that the same configuration always has the same hash.
Ids = Annotated[frozenset[str], PlainSerializer(sorted)]
Token = Annotated[Secret, PlainSerializer(lambda secret: secret.fingerprint())]


T = TypeVar("T")


def _or(value: T | None, default: T) -> T:
    return default if value is None else value


class Value(BaseModel):
    """A frozen, strict model that never prints its input."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )


class Persona(Value):
    """Who the bot is."""

    name: str
    description: str = ""
    personality_traits: tuple[str, ...] = ()
    response_style: str = ""
    preferred_topics: tuple[str, ...] = ()
    engagement_triggers: tuple[str, ...] = ()


class Limits(Value):
    """Whom the bot answers, and how much. An empty set of ids allows all."""

    allow_dms: bool = True
    allowed_user_ids: Ids = frozenset()
    allowed_guild_ids: Ids = frozenset()
    allowed_channel_ids: Ids = frozenset()
    max_requests_per_minute: int = 10
    max_concurrent_responses: int = 2


class Storage(Value):
    """How history becomes sessions and context, and how many days it is kept (0: for good)."""

    session_scope: Literal["user", "channel"] = "user"
    session_gap: timedelta = timedelta(seconds=300)
    session_timeout: timedelta = timedelta(seconds=3600)
    max_history: int = 50
    context_max_age: timedelta = timedelta(days=7)
    retention_days: int = 0


class Gateway(Value):
    """How often a bot may start a gateway session; Discord takes the token of one that overdoes it."""

    starts_at_once: int = 5
    first_wait: timedelta = timedelta(seconds=10)
    longest_wait: timedelta = timedelta(seconds=300)
    starts_per_day: int = 300
    park_below: int = 100
    jitter: timedelta = timedelta(seconds=2)


class Catchup(Value):
    """What of the messages that were missed is answered, and how many are read."""

    max_age: timedelta = timedelta(minutes=10)
    per_channel: int = 200
    per_start: int = 2000


class Backup(Value):
    """The copies of the database that the fleet takes by itself."""

    enabled: bool = True
    every: timedelta = timedelta(days=1)
    keep: int = 7


class CrossBot(Value):
    """How much the bots of the fleet talk with each other; the same for all of them."""

    enabled: bool = False
    max_chain: int = 5
    chain_expiry: timedelta = timedelta(minutes=10)
    cooldown_minutes: float = 10.0
    max_bot_turns: int = 20
    burst_seconds: float = 30.0
    response_chance: float = 0.7
    name_factor: float = 0.3
    inter_bot_delay: timedelta = timedelta(seconds=5)
    pair_cooldown: timedelta = timedelta(hours=1)
    cooldown_blocks_group_mentions: bool = False

    @property
    def rules(self) -> ChainRules:
        """The same as the rules of a chain."""
        return ChainRules(
            enabled=self.enabled,
            max_chain=self.max_chain,
            expiry=self.chain_expiry,
            cooldown=timedelta(minutes=self.cooldown_minutes),
            max_bot_turns=self.max_bot_turns,
            burst=timedelta(seconds=self.burst_seconds),
            response_chance=self.response_chance,
            name_factor=self.name_factor,
            inter_bot_delay=self.inter_bot_delay,
            pair_cooldown=self.pair_cooldown,
            cooldown_blocks_group_mentions=self.cooldown_blocks_group_mentions,
        )


class QuietHours(Value):
    """A time of day in which bots do not speak up."""

    start: time
    end: time
    zone: str = "UTC"


class Activity(Value):
    """When bots speak up by themselves. What is None is as the preset has it."""

    enabled: bool = False
    preset: Literal["seed", "gentle"] = "seed"
    window: timedelta | None = None
    interval: timedelta | None = None
    jitter: timedelta | None = None
    first_check: timedelta | None = None
    observation: timedelta | None = None
    conversation_chance: float | None = None
    post_chance: float | None = None
    quiet_post_chance: float | None = None
    channel_ids: tuple[str, ...] = ()
    quiet_hours: tuple[QuietHours, ...] = ()

    @property
    def odds(self) -> Odds:
        """The bounds for a roll: chances add up, since one roll decides between them."""
        odds = PRESETS[self.preset].odds
        converse = _or(self.conversation_chance, odds.converse)
        return Odds(
            converse=converse,
            post=converse + _or(self.post_chance, odds.post - odds.converse),
            quiet_post=_or(self.quiet_post_chance, odds.quiet_post),
        )

    def rules(self, pair_cooldown: timedelta) -> ActivityRules:
        """Give the same as the rules of speaking up."""
        preset = PRESETS[self.preset]
        hours = (
            activity.QuietHours(start=each.start, end=each.end, zone=ZoneInfo(each.zone))
            for each in self.quiet_hours
        )
        return replace(
            preset,
            enabled=self.enabled,
            window=_or(self.window, preset.window),
            interval=_or(self.interval, preset.interval),
            jitter=_or(self.jitter, preset.jitter),
            first_check=_or(self.first_check, preset.first_check),
            observation=_or(self.observation, preset.observation),
            odds=self.odds,
            pair_cooldown=pair_cooldown,
            channel_ids=self.channel_ids,
            quiet_hours=tuple(hours),
        )


class Llm(Value):
    """What makes the text."""

    provider: Literal["scripted"] = "scripted"


class Bot(Value):
    """One bot, complete."""

    name: BotName
    persona: Persona
    enabled: bool = True
    priority: int = 0
    channels: tuple[str, ...] = ()
    token: Token | None = None
    system_prompt: str = ""
    response_probability: float = 1.0
    response_delay: tuple[float, float] = (0.0, 0.0)
    limits: Limits = Limits()
    storage: Storage = Storage()
    answers_per_message: int = 1
    max_message_length: int = 2000
    typing_indicator: bool = True
    streaming: bool = False
    scripted: dict[str, object] = {}
    llm: Llm = Llm()
    gateway: Gateway = Gateway()
    catchup: Catchup = Catchup()
    backup: Backup = Backup()
    cross_bot: CrossBot = CrossBot()
    activity: Activity = Activity()
    admins: Ids = frozenset()
    drain_timeout: timedelta = timedelta(seconds=15)
    watchdog_timeout: timedelta = timedelta(seconds=60)
    log_level: LogLevel = "INFO"
    variables: tuple[str, ...] = ()
    config_hash: str = ""


class Fleet(Value):
    """Every bot of the fleet file, in its order."""

    bots: tuple[Bot, ...]
    settings: Settings
    file: Path

    @property
    def enabled(self) -> tuple[Bot, ...]:
        """The bots that are to run."""
        return tuple(bot for bot in self.bots if bot.enabled)

    def bot(self, name: str) -> Bot:
        """Find one bot by its name."""
        for bot in self.bots:
            if bot.name == name:
                return bot
        known = ", ".join(bot.name for bot in self.bots)
        raise ConfigError(f"There is no bot named {name}.", remedy=f"The fleet has: {known}.")
