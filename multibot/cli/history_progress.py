"""What a command that takes long is at, on stderr: one line that changes, where a person looks on."""

import sys
import time
from typing import Self

import click

AGAIN_SECONDS = 0.2


class Progress:
    """Says how many turns are done or left; silent where nobody looks on. Use it in `with`."""

    def __init__(self, sentence: str, *, may_be_seen: bool = True) -> None:
        """Take what is said, with `{:,}` where the number goes."""
        self._sentence = sentence
        self._is_seen = may_be_seen and sys.stderr.isatty()
        self._due = 0.0
        self._length = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._length:
            click.echo(f"\r{'':{self._length}}\r", err=True, nl=False)

    def __call__(self, turns: int) -> None:
        """Say it, unless it was said a moment ago."""
        if not self._is_seen or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + AGAIN_SECONDS
        text = self._sentence.format(turns)
        click.echo(f"\r{text:<{self._length}}", err=True, nl=False)
        self._length = max(self._length, len(text))
