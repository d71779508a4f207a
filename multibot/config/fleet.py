"""The effective configuration: what each bot runs with, all defaults and overrides settled."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, PlainSerializer

from multibot.config.secret import Secret
from multibot.config.settings import LogLevel, Settings
from multibot.conversation.message import BotName
from multibot.errors import ConfigError

# Sets are written in order, so that the same configuration always has the same hash.
Ids = Annotated[frozenset[str], PlainSerializer(sorted)]
Token = Annotated[Secret, PlainSerializer(lambda secret: secret.fingerprint())]


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
