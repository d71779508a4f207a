"""`multibot history export`: what was said, to be kept, read or worked with elsewhere."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from multibot.cli import new_file
from multibot.cli.history_file import opened
from multibot.cli.history_filters import Asked, filtered
from multibot.cli.history_progress import Progress
from multibot.cli.output import read_while_wanted
from multibot.clock import SystemClock
from multibot.errors import ExitCode, UsageError
from multibot.home import Home
from multibot.wording import counted

if TYPE_CHECKING:
    from multibot.cli.history_formats import Export
    from multibot.store.archive.shared import SharedFile
    from multibot.store.archive.turn import StoredTurn
    from multibot.store.archive.who import Who

DEFAULT = "jsonl"
FORMAT_OF = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".txt": "txt",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
}
# A browser needs about a gigabyte for so many.
MOST_ON_A_PAGE = 100_000


@click.command()
@filtered
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "txt", "markdown", "html"]),
    help="Without it, what FILE's name ends in, or jsonl.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write this file, for its owner only, instead of stdout.",
)
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@click.option("--redact", is_flag=True, help="Pseudonyms for people, in their texts as well.")
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest N turns."
)
@click.pass_obj
def export(  # noqa: PLR0913 - one argument per option
    home: Home,
    asked: Asked,
    form: str | None,
    output: Path | None,
    limit: int | None,
    *,
    force: bool,
    redact: bool,
) -> int:
    """Write turns out, for programs or for people.

    jsonl is for programs; txt, markdown and one html page are for people. jsonl and txt go by time, markdown and html by session. Times are UTC.
    """
    from multibot.cli.history_formats import Export
    from multibot.store.archive.reading import Transcript
    from multibot.store.archive.who import Who

    form = form or _format_of(output)
    with opened(home) as shared, _target(output, force=force) as target:
        criteria = asked.criteria(home, shared, with_occasions=form == DEFAULT)
        who = Who(shared)
        made = Export(
            transcript=Transcript(shared, criteria, limit),
            who=who,
            change=_redaction(home, shared, who) if redact else _as_it_is,
            about="People have pseudonyms" if redact else asked.words(),
            made_at=f"{SystemClock().now():%Y-%m-%d %H:%M}",
        )
        # What goes into a pipe is for a pager, which has the terminal for itself.
        with Progress("{:,} turns written", may_be_seen=output is not None) as progress:
            _write(target, made, form, progress)
    if output is not None:
        click.echo(f"{counted(made.written, 'turn')} written to {output}", err=True)
    if form == "html" and made.written > MOST_ON_A_PAGE:
        click.echo("a page of so many turns is slow; --since makes it smaller", err=True)
    return ExitCode.OK


def _format_of(output: Path | None) -> str:
    ending = output.suffix.lower() if output else ""
    if ending and ending not in FORMAT_OF:
        raise UsageError(
            f"no format ends in {ending}.",
            where=str(output),
            remedy=f"Name FILE {', '.join(f'*{each}' for each in FORMAT_OF)}, or say --format"
            f" {'|'.join(dict.fromkeys(FORMAT_OF.values()))}.",
        )
    return FORMAT_OF.get(ending, DEFAULT)


@contextlib.contextmanager
def _target(output: Path | None, *, force: bool) -> Iterator[IO[bytes]]:
    if output is None:
        with read_while_wanted():
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
    else:
        with new_file.written(output, force=force) as file:
            yield file


def _write(target: IO[bytes], made: "Export", form: str, progress: Callable[[int], object]) -> None:
    from multibot.cli.history_formats import FORMATS
    from multibot.cli.pages.history import page

    for text in {**FORMATS, "html": page}[form](made):
        target.write(text.encode("utf-8"))
        progress(made.written)


def _as_it_is(turn: "StoredTurn") -> "StoredTurn":
    return turn


def _redaction(
    home: Home, shared: "SharedFile", who: "Who"
) -> Callable[["StoredTurn"], "StoredTurn"]:
    from multibot.cli import redaction
    from multibot.store.archive import directory

    key = redaction.key_of(home.redaction_key)
    if key is None:
        key = redaction.new_key()
        click.echo("multibot: pseudonyms of this export are its own: no key can be kept", err=True)
    return redaction.Redaction(key, directory.users(shared.reader), who.bots).turn
