"""Rows under each other, no wider than the terminal of whoever reads them."""

import itertools
from collections.abc import Iterator, Sequence

from multibot.cli import paging

GAP = "  "
# So much is left of a column that is shortened, and of one that is folded unless its words are shorter.
SHORTEST = 8
NARROWEST = 8


def shown(
    rows: Sequence[Sequence[str]], *, shortened: Sequence[str] = (), folded: Sequence[str] = ()
) -> str:
    """Write a table under its heads, which the first row has.

    Where a terminal is too narrow for it, these columns give way, the first one first: some lose
    their ends, which nobody must need to copy, then others go on in the next line. Pipes and files
    get every column as wide as it is.
    """
    return aligned(rows, room(), shortened=shortened, folded=folded)


def aligned(
    rows: Sequence[Sequence[str]],
    room: int | None = None,
    *,
    shortened: Sequence[str] = (),
    folded: Sequence[str] = (),
) -> str:
    """Write rows under each other, each column as wide as it has to be, in so much room."""
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    folding = [index for index, column in enumerate(columns) if column[0] in folded]
    if room is not None:
        for head in shortened:
            _narrow(widths, rows[0].index(head), SHORTEST, room)
        for head in folded:
            index = rows[0].index(head)
            _narrow(widths, index, _narrowest(columns[index]), room)
    return "\n".join(line for row in rows for line in _lines(row, widths, folding))


def _narrow(widths: list[int], index: int, least: int, room: int) -> None:
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - room
    if excess > 0:
        widths[index] = min(widths[index], max(widths[index] - excess, least))


def _narrowest(cells: Sequence[str]) -> int:
    longest = max((len(word) for cell in cells for word in cell.split()), default=0)
    return min(longest, NARROWEST)


def _lines(row: Sequence[str], widths: Sequence[int], folding: Sequence[int]) -> Iterator[str]:
    cells = [
        _folded(cell, width) if index in folding else [_short(cell, width)]
        for index, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    for line in itertools.zip_longest(*cells, fillvalue=""):
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        yield GAP.join(padded).rstrip()


def _folded(text: str, width: int) -> list[str]:
    if len(text) <= width:
        return [text]
    import textwrap

    return textwrap.wrap(text, width, break_on_hyphens=False)


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
