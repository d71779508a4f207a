"""Stored turns as lines: a chat log for people, an object per line for programs."""

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
import orjson

from multibot.cli.printable import in_json, printable, printable_line

if TYPE_CHECKING:
    from multibot.store.archive.turn import StoredTurn
    from multibot.store.archive.who import Who

INDENT = "    "
# Stands for a speaker where nobody spoke.
OCCASION = "(occasion)"

# Of somebody, or of somebody's pseudonym.
_MENTION = re.compile(r"<@!?(\d{1,20}|user-[a-z2-7]{8})>")


class Lines:
    """Writes turns for people, in colours or without."""

    def __init__(self, *, styled: bool, who: "Who | None" = None) -> None:
        self._styled = styled
        self._who = who

    def knowing(self, who: "Who") -> "Lines":
        """Write the same, with the names of those who are mentioned."""
        return Lines(styled=self._styled, who=who)

    def turn(self, turn: "StoredTurn") -> Iterator[str]:
        """Write when, where, who and what; further lines of a text are indented."""
        yield from self.text(turn, f"{self.head(turn)} {self.who(turn)}:")

    def head(self, turn: "StoredTurn") -> str:
        """Write when and where it was said."""
        where = f"{turn.bot_name} {place(turn)}"
        return f"{self.dim(time(turn.timestamp))} {self.style(where, fg='cyan')}"

    def who(self, turn: "StoredTurn") -> str:
        """Write who said it."""
        if turn.is_occasion:
            return self.dim(name(turn))
        colour = "green" if is_of_bot(turn, self._who) else None
        return self.style(name(turn), fg=colour, bold=True)

    def text(self, turn: "StoredTurn", before: str) -> Iterator[str]:
        """Write what was said behind something."""
        first, *rest = printable(said(turn, self._who)).split("\n")
        edited = self.dim(" (edited)") if turn.edited_at else ""
        lines = [f"{before} {first}", *(f"{INDENT}{line}" for line in rest)]
        lines[-1] += edited
        yield from lines

    def dim(self, text: str) -> str:
        """Write what matters less."""
        return self.style(text, dim=True)

    def style(self, text: str, **style: Any) -> str:
        """Write in a style where there is any."""
        return click.style(text, **style) if self._styled else text


def time(timestamp: str) -> str:
    """Write a stored time to the second; it is UTC."""
    return timestamp[:19].replace("T", " ")


def place(turn: "StoredTurn") -> str:
    """Name the channel as Discord shows it."""
    if turn.channel_type == "dm":
        return "DM"
    return f"#{printable_line(turn.channel_name) or turn.channel_id}"


def name(turn: "StoredTurn") -> str:
    """Name who said it."""
    if turn.is_occasion:
        return OCCASION
    return printable_line(turn.username) or (turn.user_id if turn.is_heard else turn.bot_name)


def is_of_bot(turn: "StoredTurn", who: "Who | None") -> bool:
    """Tell whether a bot said it: the one whose history it is in, or another one of the fleet."""
    if turn.is_heard:
        return who is not None and turn.user_id in who.bots
    return not turn.is_occasion


def said(turn: "StoredTurn", who: "Who | None" = None) -> str:
    """Return the text, and what came with it."""
    attached = (f"[attached: {printable_line(each)}]" for each in attachments(turn))
    return "\n".join(filter(None, [with_names(turn.content, who), *attached]))


def with_names(text: str, who: "Who | None") -> str:
    """Write whom a text mentions as Discord shows it; a stranger stays a number."""

    def mention(match: re.Match[str]) -> str:
        known = match[1]
        if known.isdigit():
            known = printable_line(who.name(known)) if who else ""
        return f"@{known}" if known else match[0]

    return _MENTION.sub(mention, text)


def attachments(turn: "StoredTurn") -> list[str]:
    """Name what was attached."""
    values = json.loads(turn.metadata) if turn.metadata else None
    found = values.get("attachments") if isinstance(values, dict) else None
    return [str(each) for each in found] if isinstance(found, list) else []


def as_object(turn: "StoredTurn") -> dict[str, object]:
    """Give a turn with the names of the columns; what is JSON in the file is JSON here."""
    metadata = json.loads(turn.metadata) if turn.metadata else None
    return {**turn._asdict(), "metadata": metadata}


def as_json(value: object) -> str:
    """Write a value as one line of JSON that is harmless on a terminal."""
    return in_json(orjson.dumps(value).decode("utf-8"))
