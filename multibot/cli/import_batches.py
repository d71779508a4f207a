"""`multibot import list` and `undo`: what was imported, and the way back."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from multibot.cli import tables
from multibot.cli.printable import in_json, printable_line
from multibot.errors import ExitCode, TemporaryError
from multibot.home import Home
from multibot.wording import are, counted

if TYPE_CHECKING:
    from multibot.store.archive.batches import Summary

HEAD = ("IMPORT", "STATE", "STARTED", "NEW", "SKIPPED", "KIND", "FROM")


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def list_(home: Home, *, as_json: bool) -> int:
    """List every import, the newest first."""
    from multibot.store.archive import batches
    from multibot.store.archive.shared import SharedFile

    with SharedFile(home) as shared:
        found = batches.summaries(shared.reader)
    if as_json:
        rows = [_object(each) for each in found]
        click.echo(in_json(json.dumps({"imports": rows}, indent=2, ensure_ascii=False)))
    elif found:
        click.echo("\n".join(_lines(found)))
    else:
        click.echo("nothing was imported")
    return ExitCode.OK


@click.command()
@click.argument("batch_id", metavar="BATCH")
@click.pass_obj
def undo(home: Home, batch_id: str) -> int:
    """Take one import back.

    Exactly what it brought; what the bots added since stays.
    """
    from multibot.cli import import_progress
    from multibot.clock import SystemClock
    from multibot.store import integrity
    from multibot.store.archive import batches
    from multibot.store.archive.checkpoint import Drain
    from multibot.store.archive.shared import SharedFile
    from multibot.store.archive.undoing import Undoing

    clock = SystemClock()
    with SharedFile(home) as shared, batches.alone(home), Drain(home) as drain:
        integrity.require_whole(shared.reader, None, home.database)
        undoing = Undoing(shared, batch_id, clock, drain.move)
        removed = 0
        with import_progress.shown("removing", undoing.count()) as advance:
            try:
                batches.begin_undoing(shared, batch_id, clock.now())
                for step in undoing.steps():
                    removed += step
                    advance(step)
            except (KeyboardInterrupt, TemporaryError):
                turns = f"{counted(removed, 'turn')} {are(removed)} removed, not all of them."
                click.echo(f"multibot: {turns} {_goes_on(batch_id)}.", err=True)
                raise
    turns = counted(removed, "turn")
    click.echo(f"{turns} removed; the files that they came from are untouched.")
    return ExitCode.OK


def _object(batch: "Summary") -> dict[str, object]:
    shown = asdict(batch) | {"state": batch.state, "paths": batch.paths}
    del shown["options"], shown["is_half_undone"]
    return shown


def _lines(found: Sequence["Summary"]) -> Iterator[str]:
    yield tables.shown([HEAD, *map(_cells, found)], shortened=["KIND"], folded=["FROM"])
    for each in found:
        if each.state == "half undone":
            yield f"{each.batch_id} is not taken back completely: {_goes_on(each.batch_id)}."
        elif each.state == "interrupted":
            yield (
                f"{each.batch_id} is not complete: the same `multibot import {each.kind}` goes on,"
                f" or `multibot import undo {each.batch_id}` takes it back."
            )


def _goes_on(batch_id: str) -> str:
    return f"`multibot import undo {batch_id}` goes on"


def _cells(batch: "Summary") -> tuple[str, ...]:
    first, *others = batch.paths
    return (
        batch.batch_id,
        batch.state,
        batch.started_at[:16].replace("T", " "),
        f"{batch.added:,}",
        f"{batch.skipped:,}",
        batch.kind,
        printable_line(first) + (f" and {len(others):,} more" if others else ""),
    )
