"""How far an import has come: a bar on a terminal, nothing in a pipe."""

import contextlib
import sys
from collections.abc import Callable, Iterator

Advance = Callable[[int], None]
Shown = contextlib.AbstractContextManager[Advance]


def is_watched() -> bool:
    """Tell whether a person sees stderr."""
    return sys.stderr.isatty()


@contextlib.contextmanager
def shown(what: str, total: int | None) -> Iterator[Advance]:
    """Show one piece of work while it goes on; the value is told how much of it was done."""
    if not is_watched():
        yield _say_nothing
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    console = Console(stderr=True)
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bars:
        task = bars.add_task(what, total=total)
        yield lambda done: bars.advance(task, done)


def _say_nothing(_: int) -> None:
    pass
