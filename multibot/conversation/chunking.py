"""Cut a long answer into messages that Discord takes, without losing a character of it."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

LIMIT = 2000
"""Discord's limit for one message, in code points: its API measures strings in Python 3, as
`len` does (a Discord engineer in github.com/discord/discord-api-docs/issues/1315)."""

EMPTY_ANSWER = "I have no words for that just now. Could you put it another way?"
"""What is said instead of an empty answer, which Discord would refuse."""

_OPENING = re.compile(r"[ \t]*(?P<mark>`{3,}(?=[^`]*$)|~{3,})[ \t]*(?P<language>[^\s`]*)")
_SENTENCE_END = re.compile(r"[.!?…。\uff01\uff1f][\"'”\u2019)\]*_]*(?=\s)")
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
_GRAPHEME_REACH = 32


@dataclass(frozen=True, slots=True)
class _Fence:
    """A code fence as it is written again in the next message."""

    mark: str
    language: str

    @property
    def reopened(self) -> str:
        return f"{self.mark}{self.language}\n"

    @property
    def closed(self) -> str:
        return f"\n{self.mark}"

    def is_closed_by(self, line: str) -> bool:
        bare = line.strip()
        return bare.startswith(self.mark) and not bare.strip(self.mark[0])


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the text; `fence` is the one that a cut inside or after this line falls into."""

    start: int
    end: int
    fence: _Fence | None = None
    opens: bool = False
    closes: bool = False

    @property
    def closing(self) -> str:
        return self.fence.closed if self.fence else ""


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where a part ends, where the next one starts, and the fence it has to open again."""

    end: int
    resume: int
    row: int
    fence: _Fence | None = None


def split(text: str, limit: int = LIMIT) -> tuple[str, ...]:
    """Return the text as parts of at most `limit` characters, in order, none of them blank.

    Breaks at a paragraph, else a line, a sentence, a word, else anywhere. Only white space at a
    cut and around the whole text goes (Discord trims it from every message). Inside a code fence a
    cut is made at a line, else anywhere; the fence is closed there and opened again with its
    language in the next part.
    """
    if limit < 1:
        raise ValueError(f"a part must hold at least one character, not {limit}")
    text = text.strip()
    if not text.translate(_INVISIBLE).strip():
        return (EMPTY_ANSWER[:limit].strip(),)
    return (text,) if len(text) <= limit else tuple(_parts(text, limit))


def _parts(text: str, limit: int) -> Iterator[str]:
    lines = tuple(_lines(text, limit))
    at, row, fence = 0, 0, None
    while at < len(text):
        head = fence.reopened if fence else ""
        cut = _cut(text, lines, row, at, limit - len(head))
        tail = cut.fence.closed if cut.fence else ""
        yield head + text[at : cut.end] + tail
        at, row, fence = _resumed(text, lines, cut)


def _lines(text: str, limit: int) -> Iterator[_Line]:
    fence: _Fence | None = None
    start = 0
    for line in text.split("\n"):
        end = start + len(line)
        if fence is None:
            # An opening on the last line opens nothing, and one that is never cut needs no care.
            fence = _opened(line, limit) if end < len(text) else None
            yield _Line(start, end, fence, opens=fence is not None)
        elif fence.is_closed_by(line):
            fence = None
            yield _Line(start, start + len(line.rstrip()), closes=True)
        else:
            yield _Line(start, end, fence)
        start = end + 1


def _opened(line: str, limit: int) -> _Fence | None:
    """Return the fence that a line opens, unless closing and reopening it would eat up the limit."""
    match = _OPENING.match(line)
    if match is None:
        return None
    fence = _Fence(match["mark"], match["language"])
    return fence if len(line) + len(fence.reopened) + len(fence.closed) <= limit // 2 else None


def _cut(text: str, lines: tuple[_Line, ...], row: int, at: int, room: int) -> _Cut:
    """Choose where the part that starts at `at` ends."""
    fitting = list(_fitting(lines, row, at, room))
    if not fitting:
        return _cut_within(text, lines, row, at, room)
    last = fitting[-1]
    if last < len(lines) - 1:
        last = next((i for i in reversed(fitting) if _ends_paragraph(text, lines, i)), last)
    line = lines[last]
    return _Cut(line.end, line.end, last, line.fence)


def _fitting(lines: tuple[_Line, ...], row: int, at: int, room: int) -> Iterator[int]:
    """Yield the lines whose end may be the end of this part."""
    for index in range(row, len(lines)):
        line = lines[index]
        if line.start - at > room:
            return
        if not line.opens and line.end - at + len(line.closing) <= room:
            yield index


def _ends_paragraph(text: str, lines: tuple[_Line, ...], index: int) -> bool:
    """Tell whether a blank line outside code follows this line."""
    line, following = lines[index], lines[index + 1]
    if line.fence or following.fence or text[line.start : line.end].isspace():
        return False
    return line.end > line.start and not text[following.start : following.end].strip()


def _cut_within(text: str, lines: tuple[_Line, ...], row: int, at: int, room: int) -> _Cut:
    """Cut inside a line that is too long for one part."""
    while lines[row].opens:
        row += 1
    line = lines[row]
    if line.fence:
        end = _whole_grapheme(text, max(at, line.start), at + room - len(line.closing))
    else:
        end = _prose_break(text, at, room)
    return _Cut(end, end, row, line.fence)


def _prose_break(text: str, at: int, room: int) -> int:
    """Return the last sentence end, else the last word end, else any place that fits."""
    window = text[at : at + room + 1]
    sentences = [match.end() for match in _SENTENCE_END.finditer(window)]
    if sentences:
        return at + sentences[-1]
    # The white space itself may lie just behind what fits.
    word = re.match(r"(.*\S)\s", window, re.DOTALL)
    return at + word.end(1) if word else _whole_grapheme(text, at, at + room)


def _whole_grapheme(text: str, start: int, end: int) -> int:
    """Move a cut back so that accents, skin tones and joined emoji stay with their base."""
    for earlier in range(end, max(start, end - _GRAPHEME_REACH), -1):
        if not _is_joined(text, earlier):
            return earlier
    return end


def _is_joined(text: str, at: int) -> bool:
    after = text[at]
    return (
        unicodedata.combining(after) != 0
        or unicodedata.category(after) in {"Mn", "Me"}
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or after == "\u200d"
        or text[at - 1] == "\u200d"
    )


def _resumed(text: str, lines: tuple[_Line, ...], cut: _Cut) -> tuple[int, int, _Fence | None]:
    """Return where the next part starts, in which line, and the fence to open again."""
    at, row, fence = cut.resume, cut.row, cut.fence
    if fence and at == lines[row].end:
        row, at = row + 1, at + 1
        if row < len(lines) and not lines[row].closes:
            return at, row, fence
        # Only the closing line was left, and the part before has closed the fence already.
        at = lines[row].end if row < len(lines) else len(text)
    elif fence:
        return at, row, fence
    while at < len(text) and text[at].isspace():
        at += 1
    while row < len(lines) - 1 and lines[row + 1].start <= at:
        row += 1
    return at, row, None
