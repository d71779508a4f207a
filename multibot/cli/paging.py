"""Many lines on stdout: a pager where a person reads them, plain lines for everybody else."""

import io
import itertools
import os
import sys
from collections.abc import Iterable

import click

from multibot.cli import output

# What fits on the screen is shown without a pager, in place, and styles are shown as such.
LESS = "-FRX"


def is_styled() -> bool:
    """Tell whether there is somebody to see bold and colours."""
    return is_terminal() and not os.environ.get("NO_COLOR")


def is_terminal() -> bool:
    """Tell whether a person reads what is printed."""
    return sys.stdout.isatty()


def can_show(text: str) -> bool:
    """Tell whether stdout has these characters."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return os.environ.get("TERM") != "dumb" or not is_terminal()


def show(lines: Iterable[str]) -> int:
    """Print lines as they come; return how many there were."""
    counted = itertools.count()
    each = (f"{line}\n" for line, _ in zip(lines, counted, strict=False))
    first = list(itertools.islice(each, 1))
    if first and is_terminal():
        # What somebody has told less to do stays as it is.
        takes_styles = "r" in os.environ.setdefault("LESS", LESS).lower()
        click.echo_via_pager(itertools.chain(first, each), color=is_styled() and takes_styles)
    else:
        _write(itertools.chain(first, each))
    return next(counted)


def _write(texts: Iterable[str]) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        # What the terminal's character set has not is no reason to fail.
        sys.stdout.reconfigure(errors="backslashreplace")
    with output.read_while_wanted():
        for text in texts:
            sys.stdout.write(text)
        sys.stdout.flush()
