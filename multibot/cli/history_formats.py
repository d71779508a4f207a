"""What an export looks like: an object per line, a chat log, or sections for people to read."""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multibot.cli import history_lines
from multibot.cli.history_lines import INDENT, is_of_bot, name, place, said, time
from multibot.cli.printable import printable
from multibot.wording import counted

if TYPE_CHECKING:
    from multibot.store.archive.reading import Transcript
    from multibot.store.archive.turn import StoredTurn
    from multibot.store.archive.who import Who

# So many turns of a session are held at once to say what it is about; of long texts fewer.
_PEEKED = 250
_PEEKED_CHARACTERS = 1 << 20

# What means something to Markdown inside a line, and at its beginning.
_INLINE = re.compile(r"([\\`*_\[\]<>&|~$!#])")
_LEADING = re.compile(r"^(\d*)([-+=.)])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One session: its first turn says where it was held."""

    first: "StoredTurn"
    last_at: str
    people: tuple[str, ...]
    turns: Iterable["StoredTurn"]

    @property
    def title(self) -> str:
        """Name the place and the bot."""
        return f"{place(self.first)} with {self.first.bot_name}"

    @property
    def span(self) -> str:
        """Say from when to when it was held, as far as is known from its beginning."""
        begin, end = time(self.first.timestamp)[:-3], time(self.last_at)[:-3]
        day, _, minute = end.partition(" ")
        if end == begin:
            return begin
        return f"{begin} to {minute if begin.startswith(day) else end}"


@dataclass(slots=True, kw_only=True)
class Export:
    """What is to be written, and how much of it has been."""

    transcript: "Transcript"
    who: "Who"
    change: Callable[["StoredTurn"], "StoredTurn"]
    about: str
    made_at: str
    written: int = 0
    sections_written: int = 0

    def turns(self) -> Iterator["StoredTurn"]:
        """Go through all turns in order of time."""
        return self._counted(self.transcript.turns())

    def sections(self) -> Iterator[Section]:
        """Go through all sessions in the order in which they began."""
        for key in self.transcript.sessions():
            turns = self._counted(self.transcript.of_session(key))
            beginning = _beginning(turns)
            if beginning:
                self.sections_written += 1
                yield Section(
                    first=beginning[0],
                    last_at=max(each.timestamp for each in beginning),
                    people=tuple(
                        dict.fromkeys(
                            name(each)
                            for each in beginning
                            if each.is_heard and not is_of_bot(each, self.who)
                        )
                    ),
                    turns=itertools.chain(beginning, turns),
                )

    def _counted(self, turns: Iterator["StoredTurn"]) -> Iterator["StoredTurn"]:
        for turn in turns:
            self.written += 1
            yield self.change(turn)


def _beginning(turns: Iterator["StoredTurn"]) -> list["StoredTurn"]:
    beginning, characters = [], 0
    for turn in itertools.islice(turns, _PEEKED):
        beginning.append(turn)
        characters += len(turn.content)
        if characters >= _PEEKED_CHARACTERS:
            break
    return beginning


def jsonl(export: Export) -> Iterator[str]:
    """Write an object per turn and line, with the names of the columns."""
    for turn in export.turns():
        yield history_lines.as_json(history_lines.as_object(turn)) + "\n"


def txt(export: Export) -> Iterator[str]:
    """Write a chat log; a channel is named where it changes.

    What follows the first line of a text is indented, so that none looks like another.
    """
    channel = None
    for turn in export.turns():
        if turn.channel_id != channel:
            yield from (["\n"] if channel else [])
            yield f"{_where(turn)}\n\n"
            channel = turn.channel_id
        text = printable(said(turn, export.who)).replace("\n", f"\n{INDENT}")
        yield f"[{time(turn.timestamp)}] {name(turn)}: {text}\n"


def _where(turn: "StoredTurn") -> str:
    private = f" with {turn.bot_name}" if turn.channel_type == "dm" else ""
    return f"-- {place(turn)}{private} --"


def markdown(export: Export) -> Iterator[str]:
    """Write a section per session; texts are quoted, and nothing in them is Markdown."""
    yield f"# What was said\n\n{_escaped(export.about)}. Made {export.made_at}; times are UTC.\n"
    for section in export.sections():
        yield f"\n## {_escaped(section.title)}, {section.span}\n"
        for turn in section.turns:
            bot = " (bot)" if is_of_bot(turn, export.who) else ""
            yield f"\n**{_escaped(name(turn))}**{bot} {time(turn.timestamp)}\n\n"
            yield "".join(f"> {line}\n" for line in _quoted(said(turn, export.who)))
    yield f"\n---\n\n{totals(export)}\n"


def totals(export: Export) -> str:
    """Say how much was written."""
    return f"{counted(export.written, 'turn')} in {counted(export.sections_written, 'session')}"


def _quoted(text: str) -> Iterator[str]:
    """Write a text as it was typed: each line a line, and no line the end of the quotation."""
    lines = printable(text).expandtabs(4).split("\n")
    for line, following in itertools.pairwise([*lines, ""]):
        # A backslash breaks the line, but at the end of a paragraph it is one.
        yield _line(line) + ("\\" if line.strip() and following.strip() else "")


def _line(line: str) -> str:
    inside = line.lstrip(" ")
    indent = "&nbsp;" * (len(line) - len(inside))
    return indent + _LEADING.sub(r"\1\\\2", _escaped(inside))


def _escaped(text: str) -> str:
    return _INLINE.sub(r"\\\1", printable(text))


FORMATS: dict[str, Callable[[Export], Iterator[str]]] = {
    "jsonl": jsonl,
    "txt": txt,
    "markdown": markdown,
}
