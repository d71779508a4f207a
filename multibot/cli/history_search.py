"""`multibot history search`: turns that have the words, newest or best first."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from multibot.cli import paging
from multibot.cli.history_file import opened
from multibot.cli.history_filters import Asked, filtered
from multibot.cli.history_progress import Progress
from multibot.cli.printable import printable_line
from multibot.errors import ExitCode
from multibot.home import Home

if TYPE_CHECKING:
    from multibot.store.archive.index import Found
    from multibot.store.archive.shared import SharedFile

LIMIT = 20
GUILLEMETS = "«{}»"


@click.command()
@filtered
@click.option(
    "--order",
    type=click.Choice(["newest", "best"]),
    default="newest",
    show_default=True,
    help="What comes first.",
)
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1, max=1000),
    default=LIMIT,
    show_default=True,
    metavar="N",
    help="N turns at most.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.argument("words", nargs=-1, required=True)
@click.pass_obj
def search(
    home: Home, asked: Asked, words: tuple[str, ...], order: str, limit: int, *, as_json: bool
) -> int:
    """Find the turns that have all of the WORDS.

    '"in this order"' finds a phrase and begin* every word that begins so; anything else is a word, too. Case and accents make no difference.
    """
    from multibot.store.archive import finding

    with opened(home) as shared:
        criteria = asked.criteria(home, shared, with_occasions=as_json)
        looking = finding.Finding(shared, criteria, " ".join(words))
        with Progress("taking {:,} turns into the index first") as progress:
            is_quick = finding.catch_up(shared, progress)
        if not is_quick:
            click.echo("multibot: the index cannot be written, so this takes longer", err=True)
        found = looking.find(finding.Order(order), limit)
        if not paging.show(_lines(found, shared, as_json=as_json)):
            click.echo("nothing was found", err=True)
        elif looking.is_cut and order == finding.Order.BEST:
            most = f"{finding.WINDOW:,}"
            click.echo(f"many turns have these words: the best of the newest {most}", err=True)
    return ExitCode.OK


def _lines(found: Sequence["Found"], shared: "SharedFile", *, as_json: bool) -> Iterator[str]:
    from multibot.cli import history_lines
    from multibot.store.archive import marks
    from multibot.store.archive.who import Who

    if as_json:
        return (history_lines.as_json(_as_object(each)) for each in found)
    who = Who(shared)
    lines = history_lines.Lines(styled=paging.is_styled(), who=who)

    def mark(text: str) -> str:
        return lines.style(text, bold=True) if paging.is_styled() else GUILLEMETS.format(text)

    return (
        f"{lines.head(each.turn)} {lines.who(each.turn)}:"
        f" {marks.show(printable_line(history_lines.with_names(each.text.excerpt, who)), mark)}"
        f" {lines.dim(f'({each.turn.message_id})')}"
        for each in found
    )


def _as_object(found: "Found") -> dict[str, object]:
    from multibot.cli import history_lines
    from multibot.store.archive import marks

    return {
        **history_lines.as_object(found.turn),
        "excerpt": marks.show(found.text.excerpt, GUILLEMETS.format),
        "matches": found.text.places(),
    }
