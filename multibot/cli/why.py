"""`multibot why`: what each bot of the fleet decided about one message."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from multibot.cli import fleet_file, output
from multibot.cli.history_file import opened
from multibot.cli.history_lines import as_json as to_json
from multibot.cli.printable import printable_line
from multibot.cli.why_account import Account, Line
from multibot.clock import SystemClock, to_text
from multibot.conversation import reference
from multibot.conversation.chain import is_newer
from multibot.errors import ExitCode, UsageError
from multibot.home import Home

if TYPE_CHECKING:
    from multibot.store.archive.decisions import Known, Made, Said
    from multibot.store.archive.shared import SharedFile

# As the upkeep has it; a command that reads must not import what removes.
KEPT = timedelta(days=30)


@click.command()
@click.argument("message", metavar="MESSAGE")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@click.pass_obj
def why(home: Home, message: str, *, as_json: bool) -> int:
    """Say why each bot answered a message, or did not.

    MESSAGE is an id or a link, of a person's message or of a bot's. Decisions are kept for 30 days. Times are UTC.
    """
    meant = reference.read(message)
    with opened(home) as shared:
        found = _account(home, shared, meant.message_id if meant else message.strip())
        if found is None:
            raise _unknown(message, meant)
        if meant and meant.channel_id and found.channel_id not in {None, meant.channel_id}:
            raise UsageError(
                f"message {meant.message_id} is not in channel {meant.channel_id}.",
                remedy="Copy the link again, or name the message by its id.",
            )
    output.say(to_json(found.as_object()) if as_json else "\n".join(found.lines()))
    return ExitCode.OK


def _account(home: Home, shared: "SharedFile", message_id: str) -> Account | None:
    """Put together what is known of a message; none where nothing is."""
    from multibot.store.archive import decisions, directory
    from multibot.store.archive.who import Who

    made = decisions.made(shared, message_id)
    said = decisions.said(shared, message_id)
    took = decisions.took(shared, message_id)
    if not made and said is None and not took:
        return None
    known = {each.bot_name: each for each in decisions.known(shared)}
    listed = fleet_file.listed(home)
    channel_id = made[0].channel_id if made else None
    author_id = made[0].user_id if made else None
    rows = {each.bot_name: each for each in made}
    names = {*rows, *known, *listed, *took, *([said.bot_name] if said else [])}
    about = _About(
        shared=shared,
        message_id=message_id,
        channel_id=channel_id,
        known=known,
        listed=listed,
        said=said,
        took=took,
    )
    return Account(
        message_id=message_id,
        written_at=_written_at(message_id, made, said),
        channel_id=channel_id,
        channel_name=directory.channel_name(shared.reader, channel_id) if channel_id else "",
        guild_id=made[0].guild_id if made else None,
        author_id=author_id,
        author_name=Who(shared).name(author_id) if author_id else "",
        said=said,
        bots=[
            Line(name, rows.get(name), about.note(name, rows.get(name)), in_fleet=name in listed)
            for name in sorted(names)
        ],
        is_old=_is_old(message_id),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _About:
    """What there is to say of a bot beside its decision, or for want of one."""

    shared: "SharedFile"
    message_id: str
    channel_id: str | None
    known: "dict[str, Known]"
    listed: dict[str, bool]
    said: "Said | None"
    took: list[str]

    def note(self, bot: str, made: "Made | None") -> str:
        """Say why there is no decision of a bot, or what else matters of it."""
        if made is not None:
            return "" if bot in self.listed else "not in the fleet file any more"
        if self.said is not None and self.said.bot_name == bot:
            return "wrote it"
        if not self.message_id.isdigit():
            return "had no part in it"
        if bot in self.took:
            return "took it into its history; the decision is not kept any more"
        if bot not in self.known:
            return "never started here" if self.listed.get(bot) else "disabled in the fleet file"
        return self._unseen(bot)

    def _unseen(self, bot: str) -> str:
        from multibot.store.archive import decisions

        if self.channel_id is None:
            return "no decision is kept"
        newest = decisions.last_seen(self.shared, bot, self.channel_id)
        if newest is None:
            return "never saw a message of this channel"
        if is_newer(self.message_id, newest):
            return "has not seen it; it has read this channel up to an earlier message"
        return "no decision is kept: it did not see it, or does not listen to its author"


def _written_at(message_id: str, made: "list[Made]", said: "Said | None") -> str | None:
    if made:
        return made[0].created_at
    if said is not None:
        return said.said_at
    at = reference.written_at(message_id)
    return None if at is None else to_text(at)


def _is_old(message_id: str) -> bool:
    at = reference.written_at(message_id)
    return at is not None and SystemClock().now() - at > KEPT


def _unknown(message: str, meant: reference.Reference | None) -> UsageError:
    text = printable_line(message)
    if meant is None:
        return UsageError(
            f"{text!r} is neither the id of a message nor a link to one.",
            remedy="In Discord: a message's menu, Copy Message Link.",
        )
    at = reference.written_at(meant.message_id)
    if at is not None and _is_old(meant.message_id):
        return UsageError(
            f"nothing is known of message {meant.message_id} any more: it is of {at:%Y-%m-%d}.",
            remedy=f"Decisions are kept for {KEPT.days} days.",
        )
    return UsageError(
        f"no bot of this fleet knows a message {meant.message_id}.",
        remedy="No bot saw it, or its author is not one of those they listen to.",
    )
