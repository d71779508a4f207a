"""What the fleet file and the bot files may say: every key, its kind and its range.

A key that is left out, or left empty, is not said: the fleet's value or the default holds.
Defaults are in `fleet`, ranges are here.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from multibot.config import field
from multibot.config.settings import LogLevel, upper


class Said(BaseModel):
    """A part of a file, as it was written."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )


class PersonaPart(Said):
    """`persona`: who the bot is."""

    name: field.Label | None = None
    description: str | None = None
    personality_traits: field.Texts | None = None
    response_style: str | None = None
    preferred_topics: field.Texts | None = None
    engagement_triggers: field.Texts | None = None


class BehaviourPart(Said):
    """`response_behavior`: how readily the bot speaks."""

    response_probability: field.Probability | None = None
    response_delay: field.Delay | None = None


class StoragePart(Said):
    """`storage`: history, sessions, context."""

    session_scope: Literal["user", "channel"] | None = None
    session_gap: field.Gap | None = None
    session_timeout: field.Timeout | None = None
    max_history: Annotated[int, Field(ge=1, le=10_000)] | None = None
    context_max_age: field.Age | None = None
    retention_days: field.RetentionDays | None = None


PerMinute = Annotated[int, Field(ge=1, le=10_000)]
Concurrent = Annotated[int, Field(ge=1, le=10)]


class LimitsPart(Said):
    """`limits`: whom the bot answers, and how much."""

    allow_dms: bool | None = None
    allowed_user_ids: field.IdList | None = None
    allowed_guild_ids: field.IdList | None = None
    allowed_channel_ids: field.IdList | None = None
    max_requests_per_minute: PerMinute | None = None
    max_concurrent_responses: Concurrent | None = None


class LoggingPart(Said):
    """`logging`: how much is logged."""

    level: Annotated[LogLevel, BeforeValidator(upper)] | None = None


class LlmPart(Said):
    """`llm`: what makes the text."""

    provider: Literal["scripted"] | None = None


class GlobalPart(Said):
    """`global_settings`: the fleet as a whole."""

    answers_per_message: Annotated[int, Field(ge=1, le=10)] | None = None
    response_delay: field.Delay | None = None
    max_concurrent_responses: Concurrent | None = None
    session_timeout: field.Timeout | None = None
    drain_timeout: field.Drain | None = None
    watchdog_timeout: field.Watchdog | None = None


class GatewayPart(Said):
    """`gateway`: how often a bot may start a gateway session."""

    starts_at_once: Annotated[int, Field(ge=1, le=10_000)] | None = None
    first_wait: field.StartWait | None = None
    longest_wait: field.StartWait | None = None
    starts_per_day: Annotated[int, Field(ge=1, le=10_000)] | None = None
    park_below: Annotated[int, Field(ge=1, le=1_000)] | None = None
    jitter: field.Jitter | None = None


class CatchupPart(Said):
    """`catchup`: what of the messages that were missed is answered, and how many are read."""

    max_age: field.CatchupAge | None = None
    per_channel: Annotated[int, Field(ge=1, le=10_000)] | None = None
    per_start: Annotated[int, Field(ge=1, le=100_000)] | None = None


class BackupPart(Said):
    """`backup`: copies of the database that the fleet takes by itself."""

    enabled: bool | None = None
    every: field.Every | None = None
    keep: Annotated[int, Field(ge=1, le=1_000)] | None = None


class CrossBotPart(Said):
    """`cross_bot`: whether and how much bots talk with each other."""

    enabled: bool | None = None
    max_chain: Annotated[int, Field(ge=2, le=100)] | None = None
    chain_expiry: field.Expiry | None = None
    cooldown_minutes: Annotated[float, Field(ge=0, le=1440, allow_inf_nan=False)] | None = None
    max_bot_turns: Annotated[int, Field(ge=1, le=1000)] | None = None
    burst_seconds: Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)] | None = None
    response_chance: field.Probability | None = None
    name_factor: field.Probability | None = None
    inter_bot_delay: field.Pause | None = None
    pair_cooldown: field.PairRest | None = None
    cooldown_blocks_group_mentions: bool | None = None


class QuietHoursPart(Said):
    """One item of `activity.quiet_hours`: a time of day in a zone."""

    start: field.WallTime
    end: field.WallTime
    zone: field.Zone = "UTC"


class ActivityPart(Said):
    """`activity`: whether bots speak up by themselves when a guild is quiet."""

    enabled: bool | None = None
    preset: Literal["seed", "gentle"] | None = None
    window: field.Span | None = None
    interval: field.Span | None = None
    jitter: field.Pause | None = None
    first_check: field.Pause | None = None
    observation: field.Pause | None = None
    conversation_chance: field.Probability | None = None
    post_chance: field.Probability | None = None
    quiet_post_chance: field.Probability | None = None
    channel_ids: field.IdList | None = None
    quiet_hours: Annotated[tuple[QuietHoursPart, ...], BeforeValidator(field.listed)] | None = None


class AdminsPart(Said):
    """`admins`: who may use admin commands."""

    user_ids: field.IdList | None = None


class Entry(Said):
    """One item of `bots` in the fleet file."""

    name: field.BotNameText
    config_file: str | None = None
    discord_token: field.SecretText | None = None
    channels: field.Patterns | None = None
    enabled: bool | None = None
    priority: int | None = None
    persona: PersonaPart | None = None
    response_behavior: BehaviourPart | None = None


class FleetFile(Said):
    """The fleet file. Its `bots` are read one by one, so that one's faults are its own."""

    bots: Annotated[tuple[Entry, ...], BeforeValidator(field.listed)] | None = None
    global_settings: GlobalPart | None = None
    storage: StoragePart | None = None
    limits: LimitsPart | None = None
    gateway: GatewayPart | None = None
    catchup: CatchupPart | None = None
    backup: BackupPart | None = None
    cross_bot: CrossBotPart | None = None
    activity: ActivityPart | None = None
    admins: AdminsPart | None = None
    logging: LoggingPart | None = None
    llm: LlmPart | None = None


class IdentityPart(Said):
    """`bot` of a bot file."""

    name: str | None = None
    description: str | None = None


class MessagePart(Said):
    """`message` of a bot file."""

    max_length: Annotated[int, Field(ge=100, le=2000)] | None = None
    typing_indicator: bool | None = None
    streaming: bool | None = None


class RateLimitPart(Said):
    """`rate_limit` of a bot file: this bot's own `limits.max_requests_per_minute`."""

    enabled: bool | None = None
    max_requests_per_minute: PerMinute | None = None


class TopicPart(Said):
    """One item of `scripted.topics`."""

    name: field.Label
    keywords: field.Lines
    lines: field.Lines
    points: field.Lines = ()


class ScriptedPart(Said):
    """`scripted`: the lines of the embedded responder, by occasion."""

    greetings: field.Lines | None = None
    returns: field.Lines | None = None
    farewells: field.Lines | None = None
    thanks: field.Lines | None = None
    wellbeing: field.Lines | None = None
    about: field.Lines | None = None
    abilities: field.Lines | None = None
    names: field.Lines | None = None
    likes: field.Lines | None = None
    dislikes: field.Lines | None = None
    facts: field.Lines | None = None
    recall: field.Lines | None = None
    quotes: field.Lines | None = None
    echoes: field.Lines | None = None
    forgotten: field.Lines | None = None
    weaves: field.Lines | None = None
    nods: field.Lines | None = None
    praise: field.Lines | None = None
    criticism: field.Lines | None = None
    agreement: field.Lines | None = None
    disagreement: field.Lines | None = None
    comfort: field.Lines | None = None
    cheer: field.Lines | None = None
    questions: field.Lines | None = None
    statements: field.Lines | None = None
    reasons: field.Lines | None = None
    choices: field.Lines | None = None
    follow_ups: field.Lines | None = None
    jokes: field.Lines | None = None
    stories: field.Lines | None = None
    code: field.Lines | None = None
    lists: field.Lines | None = None
    points: field.Lines | None = None
    essays: field.Lines | None = None
    closings: field.Lines | None = None
    openers: field.Lines | None = None
    posts: field.Lines | None = None
    topics: Annotated[tuple[TopicPart, ...], BeforeValidator(field.listed)] | None = None


class BotFile(Said):
    """A bot's own file; in a `.md` file the text below the front matter is `system_prompt`."""

    bot: IdentityPart | None = None
    system_prompt: str | None = None
    persona: PersonaPart | None = None
    scripted: ScriptedPart | None = None
    message: MessagePart | None = None
    storage: StoragePart | None = None
    rate_limit: RateLimitPart | None = None
    limits: LimitsPart | None = None
    response_behavior: BehaviourPart | None = None
    logging: LoggingPart | None = None
    llm: LlmPart | None = None
