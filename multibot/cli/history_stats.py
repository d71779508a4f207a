"""`multibot history stats`: how much was said, by whom, where and when."""

from pathlib import Path

import click

from multibot.cli import paging
from multibot.cli.history_file import opened
from multibot.cli.history_filters import Asked, filtered
from multibot.cli.history_progress import Progress
from multibot.errors import ExitCode
from multibot.home import Home

DAYS = 30


@click.command()
@filtered
@click.option(
    "--days",
    type=click.IntRange(min=1, max=3660),
    default=DAYS,
    show_default=True,
    metavar="N",
    help="Draw N days, up to the last one that has turns.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with every day.")
@click.pass_obj
def stats(home: Home, asked: Asked, days: int, *, as_json: bool) -> int:
    """Count what was said: per bot, per channel, per day.

    Sizes are those of the texts. Days are UTC.
    """
    from multibot.cli.history_numbers import Numbers
    from multibot.store.archive import directory, statistics

    with opened(home) as shared:
        criteria = asked.criteria(home, shared)
        with Progress("counting, {:,} turns so far") as progress:
            bots = statistics.count(shared, criteria, progress)
        numbers = Numbers(
            bots=bots,
            channels=list(directory.channels(shared.reader)),
            file_bytes=_size(home.database),
            wal_bytes=_size(home.database.with_name(f"{home.database.name}-wal")),
        )
    if not paging.show(numbers.as_json() if as_json else numbers.lines(days)):
        click.echo("nothing was said, or nothing that fits", err=True)
    return ExitCode.OK


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
