"""`multibot session`: which conversations there are, what was said in one, and ending one."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from multibot.cli import history_names, paging, tables
from multibot.cli.history_file import opened
from multibot.cli.history_filters import TIME
from multibot.cli.logs import parse_since
from multibot.cli.printable import printable_line
from multibot.clock import SystemClock
from multibot.errors import ExitCode
from multibot.home import Home

if TYPE_CHECKING:
    from multibot.store.archive.sessions import ListedSession
    from multibot.store.archive.shared import SharedFile

NEWEST = 50
MOST = 10_000
# Of the ids that we make, so much or more tells one from the others; ids of other kinds are shown whole.
SHORT, UUID_LENGTH = 8, 36
HEAD = ("ID", "SESSION", "BOT", "CHANNEL", "USER", "TURNS", "LAST ACTIVITY", "STATE")


@click.group()
def session() -> None:
    """List conversations by session, read one, or end one.

    A session ends after a silence or when it has lasted long enough; both are settings of the bot. That bounds what is shown together, not what a bot remembers.
    """


@session.command("list")
@click.option("--bot", multiple=True, metavar="NAME", help="Only this bot; may be repeated.")
@click.option(
    "--channel", multiple=True, metavar="CHANNEL", help="Only this channel, by id or name."
)
@click.option("--user", multiple=True, metavar="USER", help="Only with this user, by id or name.")
@click.option(
    "--open/--closed", "is_open", default=None, help="Only those that still go on, or not."
)
@click.option("--since", metavar="TIME", help=f"Active after that: {TIME}.")
@click.option("--until", metavar="TIME", help=f"Begun before that: {TIME}.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1, max=MOST),
    default=NEWEST,
    show_default=True,
    metavar="N",
    help="The N that were active last.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_obj
def list_sessions(  # noqa: PLR0913 - one argument per option
    home: Home,
    bot: tuple[str, ...],
    channel: tuple[str, ...],
    user: tuple[str, ...],
    *,
    since: str | None,
    until: str | None,
    limit: int,
    is_open: bool | None,
    as_json: bool,
) -> int:
    """List sessions, the one that was active last first.

    Times are UTC. The first characters of an ID are enough for `show` and `close`.
    """
    from multibot.store.archive.sessions import Wanted, listed

    now = SystemClock().now()
    with opened(home) as shared:
        history_names.require_bots(bot, home, shared)
        wanted = Wanted(
            bot_names=bot or None,
            channel_ids=history_names.channel_ids(channel, shared) if channel else None,
            user_ids=history_names.user_ids(user, shared) if user else None,
            is_open=is_open,
            since=parse_since(since, now) if since else None,
            until=parse_since(until, now) if until else None,
        )
        found = listed(shared.reader, wanted, limit)
        ids = [] if as_json else [_id(each, shared) for each in found]
    if found:
        paging.show(_objects(found) if as_json else [_table(found, ids)])
    else:
        click.echo("there is no session, or none that fits", err=True)
    return ExitCode.OK


@session.command()
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1, max=100_000),
    metavar="N",
    help="Its newest N turns.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.argument("which", metavar="SESSION")
@click.pass_obj
def show(home: Home, which: str, limit: int | None, *, as_json: bool) -> int:
    """Show one session and what was said in it.

    SESSION is its id, the first characters of it, or its display id.
    """
    from multibot.cli.history_lines import Lines
    from multibot.cli.history_session import SessionPage

    with opened(home) as shared:
        row = history_names.session(which, shared)
        page = SessionPage(shared=shared, session=row, newest=limit)
        paging.show(page.as_json() if as_json else page.lines(Lines(styled=paging.is_styled())))
    return ExitCode.OK


@session.command()
@click.argument("which", metavar="SESSION...", nargs=-1, required=True)
@click.pass_obj
def close(home: Home, which: tuple[str, ...]) -> int:
    """End sessions: the next message there begins a new one.

    Nothing is deleted, and the bot remembers what was said; `/clear` makes it look no further back.
    """
    with opened(home) as shared:
        rows = {each: history_names.session(each, shared) for each in which}
        for named, row in rows.items():
            click.echo(f"{printable_line(named)}: {_close(shared, row.session_id)}")
    return ExitCode.OK


def _close(shared: "SharedFile", session_id: str) -> str:
    from multibot.store.archive import sessions

    now = SystemClock().now()
    closing = shared.write(lambda writing: sessions.close(writing, session_id, now))
    if closing.is_new:
        return f"closed ({session_id})"
    return f"was closed already, at {closing.closed_at} ({closing.close_reason})"


def _objects(found: Sequence["ListedSession"]) -> Iterator[str]:
    from multibot.cli.history_lines import as_json

    for each in found:
        yield as_json({**each._asdict(), "state": _state(each)})


def _table(found: Sequence["ListedSession"], ids: Sequence[str]) -> str:
    rows = [HEAD, *map(_row, found, ids)]
    # What `show` and `close` need is the ID.
    giving = ["SESSION", "STATE", "CHANNEL", "USER"]
    return tables.shown(rows, shortened=giving, folded=["LAST ACTIVITY"])


def _id(each: "ListedSession", shared: "SharedFile") -> str:
    from multibot.store.archive.sessions import beginning

    if len(each.session_id) != UUID_LENGTH:
        return printable_line(each.session_id)
    return printable_line(beginning(shared.reader, each.session_id, SHORT))


def _row(each: "ListedSession", shown_id: str) -> tuple[str, ...]:
    return (
        shown_id,
        printable_line(each.display_id),
        each.bot_name,
        "DM"
        if each.channel_type == "dm"
        else f"#{printable_line(each.channel_name) or each.channel_id}",
        printable_line(each.username) if each.user_id else "(shared)",
        str(each.message_count),
        each.last_activity[:19].replace("T", " "),
        _state(each) if each.close_reason is None else f"closed ({each.close_reason})",
    )


def _state(each: "ListedSession") -> str:
    return "open" if each.closed_at is None else "closed"
