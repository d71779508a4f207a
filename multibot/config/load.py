"""The way in: everything is examined, and all that is wrong is said at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from multibot.config import fault
from multibot.config.environment import dotenv_faults
from multibot.config.fault import Fault
from multibot.config.fleet import Fleet
from multibot.config.reading import Reading
from multibot.errors import ConfigError
from multibot.home import Home


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. There is a fleet only where no fault is an error."""

    fleet: Fleet | None
    faults: tuple[Fault, ...]

    @property
    def errors(self) -> tuple[Fault, ...]:
        """What must be changed."""
        return fault.errors(self.faults)


class Listed(NamedTuple):
    """What the files say of a bot, whoever runs: it is enabled, and its history is kept so long."""

    is_enabled: bool
    retention_days: int


def check(home: Home, environment: Mapping[str, str], config_file: Path | None = None) -> Report:
    """Examine everything; nothing is started and nothing is raised."""
    reading = Reading(home, environment, config_file)
    return _report(reading, [*dotenv_faults(home.dotenv), *reading.faults])


def load(home: Home, environment: Mapping[str, str], config_file: Path | None = None) -> Fleet:
    """Return the whole fleet, or raise ConfigError with every fault in its text."""
    return _fleet_or_raise(check(home, environment, config_file))


def load_bot(
    home: Home, environment: Mapping[str, str], bot_name: str, config_file: Path | None = None
) -> Fleet:
    """Return the fleet as one bot's process needs it: only this bot has its token.

    The faults of its neighbours do not stop it; of them the fleet holds what could be read.
    """
    reading = Reading(home, environment, config_file, only=bot_name)
    found = reading.faults
    if fault.errors(found):
        found = [*dotenv_faults(home.dotenv), *found]
    fleet = _fleet_or_raise(_report(reading, found))
    fleet.bot(bot_name)
    return fleet


def listed_bots(home: Home, environment: Mapping[str, str]) -> dict[str, bool]:
    """Name the bots of the fleet file, in order or not, and say whether each is enabled.

    There are none where the file itself cannot be read.
    """
    return Reading(home, environment, None).listed


def listed_now(home: Home, config_file: Path) -> dict[str, Listed]:
    """Read what the files say at this moment, tokens aside; raise ConfigError for any fault."""
    reading = Reading(home, {}, config_file)
    found = [each for each in reading.faults if not (each.path or "").endswith("discord_token")]
    bots = _fleet_or_raise(_report(reading, found)).bots
    return {each.name: Listed(each.enabled, each.storage.retention_days) for each in bots}


def _report(reading: Reading, found: list[Fault]) -> Report:
    clean = tuple(fault.redact(each, reading.secrets) for each in reading.setting_faults + found)
    return Report(None if fault.errors(clean) else reading.fleet, clean)


def _fleet_or_raise(report: Report) -> Fleet:
    if report.fleet is None:
        listed = "\n".join(f"  {each}" for each in report.errors)
        raise ConfigError(f"The configuration has faults (see `multibot check`):\n{listed}")
    return report.fleet
