"""Stored turns as lines: a chat log for people, an object per line for programs."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
import orjson

from multibot.cli.printable import in_json, printable, printable_line

if TYPE_CHECKING:
    from multibot.store.archive.turn import StoredTurn

INDENT = "    "


class Lines:
    """Writes turns for people, in colours or without."""

    def __init__(self, *, styled: bool) -> None:
        self._styled = styled

    def turn(self, turn: "StoredTurn") -> Iterator[str]:
        """Write when, where, who and what; further lines of a text are indented."""
        yield from self.text(turn, f"{self.head(turn)} {self.who(turn)}:")

    def head(self, turn: "StoredTurn") -> str:
        """Write when and where it was said."""
        where = f"{turn.bot_name} {place(turn)}"
        return f"{self.dim(time(turn.timestamp))} {self.style(where, fg='cyan')}"

    def who(self, turn: "StoredTurn") -> str:
        """Write who said it."""
        colour = None if turn.is_of_person else "green"
        return self.style(name(turn), fg=colour, bold=True)

    def text(self, turn: "StoredTurn", before: str) -> Iterator[str]:
        """Write what was said behind something."""
        first, *rest = printable(said(turn)).split("\n")
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
    return printable_line(turn.username) or (turn.user_id if turn.is_of_person else turn.bot_name)


def said(turn: "StoredTurn") -> str:
    """Return the text, and what came with it."""
    attached = (f"[attached: {printable_line(each)}]" for each in attachments(turn))
    return "\n".join(filter(None, [turn.content, *attached]))


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
