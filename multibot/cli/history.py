"""`multibot history`: what was said, to be read, searched, taken out and counted."""

import click

from multibot.cli.history_export import export
from multibot.cli.history_list import list_turns
from multibot.cli.history_search import search
from multibot.cli.history_show import show
from multibot.cli.history_stats import stats


@click.group()
def history() -> None:
    """Read, search and export what was said."""


history.add_command(list_turns)
history.add_command(search)
history.add_command(show)
history.add_command(export)
history.add_command(stats)
