"""What a command prints: once nobody can read it any more, it goes nowhere and nothing fails."""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator

import click

READER_GONE = frozenset({errno.EPIPE, errno.EIO})


def say(text: str = "", *, err: bool = False) -> bool:
    """Print a line; return whether there was still somebody to read it."""
    try:
        click.echo(text, err=err)
    except OSError as error:
        if not err and error.errno not in READER_GONE:
            raise
        discard(err=err)
        return False
    return True


@contextlib.contextmanager
def read_while_wanted() -> Iterator[None]:
    """Print what a command only reads: a reader who has enough (`| head`) ends it, and is no failure."""
    try:
        yield
    except OSError as error:
        if error.filename or error.errno not in READER_GONE:
            raise
        discard()


def discard(*, err: bool = False) -> None:
    """Send what is still to be printed nowhere: Python would complain of it once more at exit."""
    stream = sys.stderr if err else sys.stdout
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
