"""The fleet file as commands read it that start nothing: tokens do not matter to them."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from multibot.cli.output import say
from multibot.errors import ConfigError
from multibot.home import Home

if TYPE_CHECKING:
    from multibot.config.fleet import Fleet


def without_tokens(home: Home, environ: Mapping[str, str] | None = None) -> "Fleet":
    """Load the fleet, with made-up values where only a variable's value is missing or wrong."""
    from multibot.config.environment import read_environment
    from multibot.config.load import check, load

    environment = read_environment(home, os.environ if environ is None else environ)
    variables = {fault.variable for fault in check(home, environment).errors if fault.variable}
    made_up = {name: f"not-a-value-{number}" for number, name in enumerate(sorted(variables))}
    return load(home, environment | made_up)


def if_readable(home: Home) -> "Fleet | None":
    """Load the fleet; where it has faults say so on stderr, and go on without it."""
    try:
        return without_tokens(home)
    except ConfigError:
        say(
            "multibot: the configuration has faults (`multibot check`); going on without it",
            err=True,
        )
        return None


def listed(home: Home) -> dict[str, bool]:
    """Name the bots of the fleet file and say whether each is enabled; none where it is broken."""
    from multibot.config.environment import read_environment
    from multibot.config.load import listed_bots

    return listed_bots(home, read_environment(home, os.environ))


def is_there(home: Home) -> bool:
    """Tell whether this folder is the home of a fleet."""
    from multibot.config.environment import read_environment

    named = read_environment(home, os.environ).get("MULTIBOT_CONFIG", "")
    return bool(named) or home.fleet_file.exists()
