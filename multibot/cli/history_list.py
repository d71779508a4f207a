"""`multibot history list`: the newest turns, as a chat log."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from multibot.cli import paging
from multibot.cli.history_file import opened
from multibot.cli.history_filters import Asked, filtered
from multibot.errors import ExitCode
from multibot.home import Home

if TYPE_CHECKING:
    from multibot.store.archive.shared import SharedFile
    from multibot.store.archive.turn import StoredTurn

NEWEST = 50


@click.command("list")
@filtered
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1),
    default=NEWEST,
    show_default=True,
    metavar="N",
    help="The newest N turns.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_obj
def list_turns(home: Home, asked: Asked, limit: int, *, as_json: bool) -> int:
    """Show the newest turns, oldest first, like a log.

    Times are UTC.
    """
    from multibot.store.archive.reading import Transcript

    with opened(home) as shared:
        criteria = asked.criteria(home, shared, with_occasions=as_json)
        turns = Transcript(shared, criteria, limit).turns()
        if not paging.show(_lines(turns, shared, as_json=as_json)):
            click.echo("nothing was said, or nothing that fits", err=True)
    return ExitCode.OK


def _lines(turns: Iterator["StoredTurn"], shared: "SharedFile", *, as_json: bool) -> Iterator[str]:
    from multibot.cli import history_lines
    from multibot.store.archive.who import Who

    if as_json:
        return (history_lines.as_json(history_lines.as_object(turn)) for turn in turns)
    lines = history_lines.Lines(styled=paging.is_styled(), who=Who(shared))
    return (line for turn in turns for line in lines.turn(turn))
