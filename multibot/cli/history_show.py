"""`multibot history show`: one turn or one session, with everything around it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from multibot.cli import history_names, paging
from multibot.cli.history_file import opened
from multibot.errors import ExitCode, UsageError
from multibot.home import Home

if TYPE_CHECKING:
    from multibot.cli.history_message import Message
    from multibot.cli.history_session import SessionPage
    from multibot.store.archive.directory import SessionRow
    from multibot.store.archive.shared import SharedFile

AROUND = 5


@click.command()
@click.option(
    "--around",
    type=click.IntRange(min=0, max=1000),
    default=AROUND,
    show_default=True,
    metavar="N",
    help="With a message: N turns before and after it.",
)
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1, max=100_000),
    metavar="N",
    help="With a session: its newest N turns.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.argument("what", metavar="MESSAGE_ID|SESSION")
@click.pass_obj
def show(home: Home, what: str, around: int, limit: int | None, *, as_json: bool) -> int:
    """Show one message or one session.

    A message with what each bot decided about it and what was said before and after it. A session by its id, the first characters of it, or its display id.
    """
    with opened(home) as shared:
        page = _message(shared, what, around) or _session(shared, what, limit)
        paging.show(page.as_json() if as_json else _lines(page))
    return ExitCode.OK


def _lines(page: "Message | SessionPage") -> Iterator[str]:
    from multibot.cli.history_lines import Lines

    return page.lines(Lines(styled=paging.is_styled()))


def _message(shared: "SharedFile", what: str, around: int) -> "Message | None":
    from multibot.cli.history_message import Message
    from multibot.store.archive.around import arrivals, by_message

    turns, decisions = by_message(shared, what), arrivals(shared, what)
    if not turns and not decisions:
        return None
    return Message(shared=shared, message_id=what, turns=turns, decisions=decisions, around=around)


def _session(shared: "SharedFile", what: str, newest: int | None) -> "SessionPage":
    from multibot.cli.history_session import SessionPage

    return SessionPage(shared=shared, session=_row(shared, what), newest=newest)


def _row(shared: "SharedFile", what: str) -> "SessionRow":
    try:
        return history_names.session(what, shared)
    except UsageError as error:
        if not what.isdigit():
            raise
        raise UsageError(
            f"there is no message {what} in the history.",
            remedy="`multibot history list --json` shows the ids of those that are there.",
        ) from error
