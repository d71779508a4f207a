"""Rows under each other, no wider than the terminal of whoever reads them."""

import itertools
from collections.abc import Iterator, Sequence

from multibot.cli import paging

GAP = "  "
# So much is left of a column that is shortened, and of one that is folded. The latter keeps its words
# whole, up to the longest ones that people write: ids and times.
SHORTEST = 8
NARROWEST = 8
LONGEST_WORD = 24

Rows = Sequence[Sequence[str]]


def shown(
    rows: Rows,
    *,
    dropped: Sequence[str] = (),
    shortened: Sequence[str] = (),
    folded: Sequence[str] = (),
) -> str:
    """Write a table under its heads, which the first row has.

    Where a terminal is too narrow for it, these columns give way, the first one first: some are left
    out, then others lose their ends, which nobody must need to copy, then others go on in the next
    line. Where that is not enough each row becomes lines of its own. Pipes and files get every
    column as wide as it is.
    """
    return aligned(rows, room(), dropped=dropped, shortened=shortened, folded=folded)


def aligned(
    rows: Rows,
    room: int | None = None,
    *,
    dropped: Sequence[str] = (),
    shortened: Sequence[str] = (),
    folded: Sequence[str] = (),
) -> str:
    """Write rows under each other, each column as wide as it has to be, in so much room."""
    for head in dropped:
        rows = _without(rows, head) if _excess(_widths(rows), room) else rows
    heads, widths = rows[0], _widths(rows)
    for head in shortened:
        _narrow(widths, heads.index(head), SHORTEST, room)
    for head in folded:
        index = heads.index(head)
        _narrow(widths, index, _narrowest([row[index] for row in rows]), room)
    if room is not None and _excess(widths, room) and (shortened or folded):
        return _blocks(rows, room)
    folding = [index for index, head in enumerate(heads) if head in folded]
    return "\n".join(line for row in rows for line in _lines(row, widths, folding))


def wrapped(text: str) -> str:
    """Break the lines of a text between words, where a terminal would break them anywhere."""
    width = room()
    if width is None:
        return text
    return "\n".join(
        part for line in text.split("\n") for part in _folded(line, width, breaking=False)
    )


def _widths(rows: Rows) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _excess(widths: Sequence[int], room: int | None) -> int:
    """Count by how many characters columns of these widths are too wide."""
    if room is None:
        return 0
    return max(0, sum(widths) + len(GAP) * (len(widths) - 1) - room)


def _without(rows: Rows, head: str) -> Rows:
    index = rows[0].index(head)
    return [(*row[:index], *row[index + 1 :]) for row in rows]


def _narrow(widths: list[int], index: int, least: int, room: int | None) -> None:
    if excess := _excess(widths, room):
        widths[index] = min(widths[index], max(widths[index] - excess, least))


def _narrowest(cells: Sequence[str]) -> int:
    longest = max((len(word) for cell in cells for word in cell.split()), default=0)
    return min(longest, LONGEST_WORD)


def _blocks(rows: Rows, room: int) -> str:
    """Write each row as lines of a head and what stands under it."""
    heads, *others = rows
    side = max(map(len, heads))
    width = max(room - side - len(GAP), NARROWEST)
    return "\n\n".join(
        "\n".join(
            line
            for head, cell in zip(heads, row, strict=True)
            for line in _entry(head.ljust(side), _folded(cell, width, breaking=False))
        )
        for row in others
    )


def _entry(head: str, parts: Sequence[str]) -> Iterator[str]:
    for part in parts:
        yield f"{head}{GAP}{part}".rstrip()
        head = " " * len(head)


def _lines(row: Sequence[str], widths: Sequence[int], folding: Sequence[int]) -> Iterator[str]:
    cells = [
        _folded(cell, width) if index in folding else [_short(cell, width)]
        for index, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    for line in itertools.zip_longest(*cells, fillvalue=""):
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield GAP.join(padded).rstrip()


def _folded(text: str, width: int, *, breaking: bool = True) -> list[str]:
    if len(text) <= width:
        return [text]
    import textwrap

    return textwrap.wrap(text, width, break_on_hyphens=False, break_long_words=breaking)


def _short(text: str, width: int) -> str:
    if len(text) <= width:
        return text
    return text[: width - 1] + ("…" if paging.can_show("…") else "~")


def room() -> int | None:
    """Say how many characters a line of the terminal has; none where nobody looks."""
    if not paging.is_terminal():
        return None
    import shutil

    return shutil.get_terminal_size().columns
