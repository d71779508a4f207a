"""The bots that a command is about: who is meant, and how they are."""

import difflib
from collections.abc import Collection, Mapping

import click

from multibot.clock import SystemClock
from multibot.errors import MultibotError, UsageError
from multibot.home import Home
from multibot.store.status import BotStatus, read_statuses
from multibot.supervise.control import Control
from multibot.supervise.watch import Watch


def require_known(names: Collection[str], known: Collection[str]) -> None:
    """Refuse a name that no bot of the fleet has, suggesting the nearest one."""
    for name in names:
        if name not in known:
            raise UsageError(f"there is no bot named {name!r} here.", remedy=_hint(name, known))


def _hint(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name.lower(), sorted(known), n=1)
    everyone = ", ".join(sorted(known)) or "none yet; see `multibot up`"
    return f"Did you mean {near[0]}?" if near else f"There are: {everyone}."


def listed(names: Collection[str]) -> str:
    """Write names as people do: `logic, sage and spark`."""
    *first, last = sorted(names)
    return f"{', '.join(first)} and {last}" if first else last


def rows(home: Home) -> Mapping[str, BotStatus]:
    """Read what the bots wrote of themselves; nothing, with a warning, from a broken database."""
    try:
        return read_statuses(home.database)
    except MultibotError as error:
        # What supervisord says is worth showing also when the database is the trouble.
        click.echo(f"multibot: {error}", err=True)
        return {}


def watch(home: Home) -> Watch:
    """Look at the bots of this home."""
    return Watch(
        home=home, control=Control(home), read_rows=lambda: rows(home), clock=SystemClock()
    )
