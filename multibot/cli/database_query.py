"""`multibot db query`: a question in SQL that can change nothing."""

import contextlib
import csv
import json
import math
import signal
import sys
from collections.abc import Iterable, Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from multibot.cli import output, tables
from multibot.cli.printable import in_json, printable, printable_line
from multibot.cli.tables import NARROWEST
from multibot.errors import MultibotError
from multibot.home import Home
from multibot.wording import counted

if TYPE_CHECKING:
    from multibot.store.archive.queries import Answer

# As in multibot.store.archive.queries, which is imported only when a question is asked.
LIMIT = 1000
SECONDS = 10.0


def _require_number(_context: click.Context, _option: click.Parameter, value: float) -> float:
    # Compared with any limit it is neither below nor above.
    if math.isnan(value):
        raise click.BadParameter("this is not a number.")
    return value


@click.command()
@click.argument("sql")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=LIMIT,
    show_default=True,
    metavar="N",
    help="So many rows at most.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=SECONDS,
    callback=_require_number,
    show_default=True,
    metavar="S",
    help="Give up after so many seconds.",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of objects.")
@click.pass_obj
def query(home: Home, sql: str, limit: int, timeout: float, *, as_csv: bool, as_json: bool) -> None:
    """Ask the database one question in SQL.

    Nothing can be changed by it, and the fleet may run. Tables and views: docs/schema.md.
    """
    from multibot.store.archive.queries import query as ask

    if as_csv and as_json:
        raise click.UsageError("--csv and --json exclude each other.")
    with _interruptible():
        answer = ask(home.database, sql, limit=limit, seconds=timeout)
    if as_json:
        rows = [_object(answer.columns, map(_finite, row)) for row in answer.rows]
        output.say(in_json(json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False)))
    elif as_csv:
        _print_csv(answer)
    else:
        _print_table(answer)
    if answer.is_cut:
        output.say(
            f"multibot: only the first {counted(limit, 'row')} of the answer (--limit)", err=True
        )


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C be one: raised inside of what SQLite calls, it comes back as SQLite's own error."""
    came = False

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal came
        came = True
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    except MultibotError as error:
        if came:
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.signal(signal.SIGINT, before)


def _object(columns: tuple[str, ...], row: Iterable[Any]) -> dict[str, object]:
    """Make an object of a row; columns of the same name are told apart by a number."""
    found: dict[str, object] = {}
    for name, value in zip(columns, row, strict=True):
        names = (name, *(f"{name}_{n}" for n in range(2, len(columns) + 2)))
        found[next(each for each in names if each not in found)] = _plain(value)
    return found


def _finite(value: object) -> object:
    """Take infinity out, which JSON does not know."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


def _print_csv(answer: "Answer") -> None:
    is_seen = sys.stdout.isatty()
    writer = csv.writer(sys.stdout, lineterminator="\n")
    for row in (answer.columns, *answer.rows):
        cells = (_plain(value) for value in row)
        writer.writerow([printable(c) if is_seen and isinstance(c, str) else c for c in cells])
    sys.stdout.flush()


def _print_table(answer: "Answer") -> None:
    """Print a table; a terminal folds texts, but never an id or a time."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[printable_line(name) for name in answer.columns]]
    cells += [[_cell(value) for value in row] for row in answer.rows]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    least = 0
    for column, is_number in zip(zip(*cells, strict=True), _numbers(answer), strict=True):
        longest = max(map(len, column))
        is_prose = any(" " in cell for cell in column[1:])
        least += (min(longest, NARROWEST) if is_prose else longest) + _PADDING
        table.add_column(
            Text(column[0]),
            justify="right" if is_number else "left",
            no_wrap=not is_prose,
            overflow="fold",
        )
    for row in cells[1:]:
        table.add_row(*map(Text, row))
    console = Console(width=max(tables.room() or _WIDE, least), highlight=False)
    console.print(table, soft_wrap=False, crop=False)


# What a pipe gets is not folded.
_WIDE = 10_000
_PADDING = 3


def _numbers(answer: "Answer") -> list[bool]:
    columns = zip(*answer.rows, strict=True) if answer.rows else ((),) * len(answer.columns)
    return [all(isinstance(value, int | float | None) for value in column) for column in columns]


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bytes):
        return f"x'{value[:32].hex()}'" + ("..." if len(value) > 32 else "")  # noqa: PLR2004
    return printable_line(str(value))
