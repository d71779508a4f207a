"""Which turns a `history` command is about: its options, and what they mean in this file."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import click

from multibot.cli import history_names
from multibot.cli.logs import parse_since
from multibot.clock import SystemClock
from multibot.errors import UsageError

if TYPE_CHECKING:
    from multibot.home import Home
    from multibot.store.archive.criteria import Criteria
    from multibot.store.archive.shared import SharedFile

ROLES = ("user", "assistant", "system", "tool")
TIME = "30m, 24h, 7d, or an ISO time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asks for, as it was typed."""

    bot: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    user: tuple[str, ...] = ()
    session: str | None = None
    role: str | None = None
    since: str | None = None
    until: str | None = None

    def criteria(
        self, home: "Home", shared: "SharedFile", *, with_occasions: bool = False
    ) -> "Criteria":
        """Find what is meant. Raises UsageError for what is not there.

        What moved a bot to speak up by itself is left out, unless a program reads or it is asked for.
        """
        from multibot.store.archive.criteria import PEOPLE, Criteria
        from multibot.store.archive.who import Who

        history_names.require_bots(self.bot, home, shared)
        since, until = _span(self.since, self.until)
        return Criteria(
            bot_names=self.bot or None,
            channel_ids=history_names.channel_ids(self.channel, shared) if self.channel else None,
            user_ids=history_names.user_ids(self.user, shared) if self.user else None,
            session=history_names.session(self.session, shared).key if self.session else None,
            role=self.role,
            since=since,
            until=until,
            with_occasions=with_occasions,
            bot_ids=tuple(Who(shared).bots) if self.role == PEOPLE else (),
        )

    def words(self) -> str:
        """Say it in words: what an exported page is about."""
        parts = [
            *(f"bot {each}" for each in self.bot),
            *(f"channel {each}" for each in self.channel),
            *(f"user {each}" for each in self.user),
            *([f"session {self.session}"] if self.session else []),
            *([f"role {self.role}"] if self.role else []),
            *([f"since {_moment(self.since)}"] if self.since else []),
            *([f"until {_moment(self.until)}"] if self.until else []),
        ]
        return f"Only {', '.join(parts)}" if parts else "Everything"


_OPTIONS = (
    click.option("--bot", multiple=True, metavar="NAME", help="Only this bot; may be repeated."),
    click.option(
        "--channel", multiple=True, metavar="CHANNEL", help="Only this channel, by id or name."
    ),
    click.option(
        "--user", multiple=True, metavar="USER", help="Only with this user, by id or name."
    ),
    click.option("--session", metavar="SESSION", help="Only this session, by id or display id."),
    click.option(
        "--role",
        type=click.Choice(ROLES),
        help="user: what people said; assistant: what bots said; system: what moved them to speak up.",
    ),
    click.option("--since", metavar="TIME", help=f"From then on: {TIME}."),
    click.option("--until", metavar="TIME", help=f"Before then: {TIME}."),
)


def filtered(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options, and what was asked for as `asked`."""
    names = [field.name for field in fields(Asked)]

    @functools.wraps(command)
    def with_asked(*arguments: Any, **options: Any) -> Any:
        asked = Asked(**{name: options.pop(name) for name in names})
        return command(*arguments, asked=asked, **options)

    filtering: Callable[..., Any] = with_asked
    for option in reversed(_OPTIONS):
        filtering = option(filtering)
    return filtering


def _span(since: str | None, until: str | None) -> tuple[str | None, str | None]:
    """Read from when to when. Raises UsageError where nothing can be between."""
    begin, end = _moment(since), _moment(until)
    if begin is not None and end is not None and end <= begin:
        raise UsageError(
            f"--until {until} is not after --since {since}: nothing can be between.",
            remedy="--since takes the earlier time, such as --since 2d --until 1d.",
        )
    return begin, end


def _moment(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return parse_since(text, SystemClock().now())
    except UsageError as error:
        raise UsageError(f"{text!r} is no time.", remedy=error.remedy) from error
