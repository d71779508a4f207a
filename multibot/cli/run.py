"""`multibot run`: one bot in this process, as supervisord starts it."""

import gc
import os

import click

from multibot.cli import bots
from multibot.errors import UsageError
from multibot.home import Home
from multibot.supervise import programs


@click.command()
@click.argument("bot")
@click.pass_obj
def run(home: Home, bot: str) -> int:
    """Run one BOT in the foreground, without supervisord."""
    from multibot.runtime import care

    _require_well_formed(bot)
    if care.is_supervised(os.environ):
        # Before the rest of the program is loaded: supervisord may be gone by then.
        care.die_with_parent(care.supervisor_pid(home.supervisord_pid))
    else:
        _require_known(home, bot)
    # While thousands of things are made that stay; the process begins to look when all are there.
    gc.disable()
    from multibot.runtime import process

    return int(process.main(home, bot, os.environ))


def _require_well_formed(bot: str) -> None:
    """Refuse what is no name before a path is made from it."""
    if not programs.NAME.fullmatch(bot):
        raise UsageError(
            f"{bot[:80]!r} cannot be a bot's name.",
            remedy="One has a-z, 0-9, _ and -, a letter first, at most 32 characters.",
        )


def _require_known(home: Home, bot: str) -> None:
    from multibot.config.environment import read_environment
    from multibot.config.load import listed_bots, load_bot

    environment = read_environment(home, os.environ)
    known = listed_bots(home, environment)
    if not known:
        # The fleet file itself is at fault, and this says how.
        load_bot(home, environment, bot)
    bots.require_known([bot], known)
