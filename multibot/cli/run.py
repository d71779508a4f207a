"""`multibot run`: one bot in this process, as supervisord starts it."""

import os

import click

from multibot.home import Home


@click.command()
@click.argument("bot")
@click.pass_obj
def run(home: Home, bot: str) -> int:
    """Run one BOT in the foreground, without supervisord."""
    from multibot.runtime import process

    return int(process.main(home, bot, os.environ))
