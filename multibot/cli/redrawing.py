"""A view that is drawn again and again, in its place, until Ctrl-C."""

import sys
from collections.abc import Callable

import click

from multibot.clock import SystemClock
from multibot.errors import ExitCode

SECONDS = 2.0
# ECMA-48: to the first line; clear to the end of the line; clear what is below.
TOP, END_OF_LINE, BELOW = "\x1b[H", "\x1b[K", "\x1b[J"
ALL = "\x1b[2J"


def redraw(
    look: Callable[[], str], pause: Callable[[float], None], seconds: float = SECONDS
) -> int:
    """Show what `look` returns every so many seconds; elsewhere than on a terminal, one after another."""
    is_terminal = sys.stdout.isatty()
    if is_terminal:
        click.echo(ALL, nl=False)
    try:
        while True:
            text = f"{SystemClock().now():%H:%M:%S} UTC, every {seconds:g} s; Ctrl-C ends.\n\n"
            text += look()
            click.echo(screen(text) if is_terminal else f"{text}\n", nl=not is_terminal)
            pause(seconds)
    except KeyboardInterrupt:
        if is_terminal:
            click.echo()
        return ExitCode.OK


def screen(text: str) -> str:
    """Draw over what is there, so that nothing flickers; what has no room is left out."""
    import shutil

    columns, rows = shutil.get_terminal_size()
    lines = [line[:columns] + END_OF_LINE for line in text.splitlines()[: rows - 1]]
    return TOP + "\n".join(lines) + "\n" + BELOW
