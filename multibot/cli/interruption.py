"""What is said of work that is cut off in the middle: whether anything of it is left, and how to go on."""

import contextlib
from collections.abc import Callable, Iterator

import click

from multibot.errors import TemporaryError


@contextlib.contextmanager
def told(is_begun: Callable[[], bool], incomplete: str, nothing: str) -> Iterator[None]:
    """Say how things stand after Ctrl-C, or an error that passes in the middle of the work."""
    try:
        yield
    except (KeyboardInterrupt, TemporaryError) as error:
        is_half_done = is_begun()
        if is_half_done or isinstance(error, KeyboardInterrupt):
            click.echo(f"multibot: {incomplete if is_half_done else nothing}", err=True)
        raise
