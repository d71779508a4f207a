"""What was said lately, in few lines for the person who said it."""

import re
from collections.abc import Sequence

from multibot.conversation.message import Turn

NOTHING = "We have not talked here yet."
TITLE = "What was said lately, with you here:"
LONGEST_LINE = 200
# What Discord would take for formatting; links and mentions stay what they are.
_MARKUP = re.compile(r"([\\*_~`|>#\[\]])")


def recap(turns: Sequence[Turn], limit: int = 2000) -> str:
    """Write the newest turns, oldest first, each shortened to a line; never over the limit."""
    if not turns:
        return NOTHING
    lines: list[str] = []
    room = limit - len(TITLE)
    for turn in reversed(turns):
        line = _line(turn)
        if len(line) + 1 > room:
            break
        room -= len(line) + 1
        lines.append(line)
    return "\n".join([TITLE, *reversed(lines)])


def _line(turn: Turn) -> str:
    name, said = _escaped(turn.user_name), _escaped(_shortened(turn.content))
    return f"<t:{int(turn.at.timestamp())}:R> **{name}**: {said}"


def _shortened(text: str) -> str:
    """Write a text as one line, cut at a word where it is too long."""
    line = " ".join(text.split())
    if len(line) <= LONGEST_LINE:
        return line
    cut = line[:LONGEST_LINE]
    return f"{cut[: cut.rfind(' ')] if ' ' in cut else cut}…"


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)
