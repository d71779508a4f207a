"""The programs of a fleet: one for each enabled bot, as plain values."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from multibot.errors import ConfigError
from multibot.home import RESERVED_NAMES

NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
STOP_WAIT = 20
STOP_MARGIN = 5


class FleetBot(Protocol):
    """What a program is made from: `config.fleet.Bot` has all of it."""

    @property
    def name(self) -> str: ...  # noqa: D102 - a field of the real bot
    @property
    def enabled(self) -> bool: ...  # noqa: D102 - a field of the real bot
    @property
    def drain_timeout(self) -> timedelta: ...  # noqa: D102 - a field of the real bot


@dataclass(frozen=True, slots=True, order=True)
class Program:
    """One bot's process as supervisord is told of it."""

    bot_name: str
    stop_wait: int = STOP_WAIT

    def __post_init__(self) -> None:
        # The name goes into a section header, an environment value and a file name, unescaped.
        if not NAME.fullmatch(self.bot_name) or self.bot_name in RESERVED_NAMES:
            raise ConfigError(
                f"{self.bot_name!r} cannot be a bot's name.",
                remedy="Use a-z, 0-9, _ and -, a letter first, at most 32 characters;"
                f" {', '.join(sorted(RESERVED_NAMES))} are taken.",
            )


def of_fleet(bots: Iterable[FleetBot]) -> tuple[Program, ...]:
    """Make the programs of the enabled bots, in the order of their names."""
    return tuple(
        sorted(Program(bot.name, stop_wait(bot.drain_timeout)) for bot in bots if bot.enabled)
    )


def stop_wait(drain_timeout: timedelta) -> int:
    """Give a stopping bot longer than it gives itself, before it is killed."""
    return max(STOP_WAIT, math.ceil(drain_timeout.total_seconds()) + STOP_MARGIN)
