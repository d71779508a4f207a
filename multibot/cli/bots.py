"""The bots that a command is about: who is meant, and how they are."""

import os
from collections.abc import Collection, Mapping

from multibot.cli.output import say
from multibot.clock import SystemClock
from multibot.errors import MultibotError, UsageError
from multibot.home import Home
from multibot.store.status import BotStatus, read_statuses
from multibot.supervise.control import Control
from multibot.supervise.watch import Watch


def require_known(names: Collection[str], known: Collection[str], home: Home | None = None) -> None:
    """Refuse a name that no bot of the fleet has, suggesting the nearest one.

    With a home, a bot that its files have and that is not running yet is told apart.
    """
    for name in names:
        if name in known:
            continue
        if home is not None:
            _refuse_idle(name, home)
        raise UsageError(f"there is no bot named {name!r} here.", remedy=_hint(name, known))


def _refuse_idle(name: str, home: Home) -> None:
    from multibot.config.environment import read_environment
    from multibot.config.load import listed_bots

    enabled = listed_bots(home, read_environment(home, os.environ)).get(name)
    if enabled is None:
        return
    if enabled:
        raise UsageError(f"{name} was never started here.", remedy="Run `multibot up` first.")
    raise UsageError(
        f"{name} is disabled.",
        where=str(home.fleet_file),
        remedy="Set `enabled: true` for it, then run `multibot up`.",
    )


def _hint(name: str, known: Collection[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name.lower(), sorted(known), n=1)
    everyone = ", ".join(sorted(known)) or "none yet; see `multibot up`"
    return f"Did you mean {near[0]}?" if near else f"There are: {everyone}."


def listed(names: Collection[str]) -> str:
    """Write names as people do: `logic, sage and spark`."""
    *first, last = sorted(names)
    return f"{', '.join(first)} and {last}" if first else last


class Rows:
    """Reads what the bots wrote of themselves; nothing, with a warning, from a broken database."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._told = ""

    def __call__(self) -> Mapping[str, BotStatus]:
        """Read the rows. The same trouble is told once, however often it is met."""
        try:
            return read_statuses(self._home.database)
        except MultibotError as error:
            # What supervisord says is worth showing also when the database is the trouble.
            if str(error) != self._told:
                self._told = str(error)
                say(f"multibot: {error}", err=True)
            return {}


def rows(home: Home) -> Mapping[str, BotStatus]:
    """Read what the bots wrote of themselves, once."""
    return Rows(home)()


def watch(home: Home) -> Watch:
    """Look at the bots of this home."""
    return Watch(home=home, control=Control(home), read_rows=Rows(home), clock=SystemClock())
