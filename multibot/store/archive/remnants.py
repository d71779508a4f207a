"""What is left of removed rows in the unused space of a file.

SQLite writes zeros over what it deletes. But when it moves rows between pages to make room, it
leaves their old copies in the unused part of a page, and whatever ran before deletions were made
secure has left more. Nobody can read that with a query; in the bytes of the file it can be found.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from multibot.store import layout

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# https://sqlite.org/fileformat2.html
_HEADER: Final = 100
_PAGE_SIZE_AT, _FREELIST_AT = 16, 32
_LARGEST_PAGE = 65_536
_INTERIOR, _LEAVES = frozenset({2, 5}), frozenset({10, 13})
# Read piece by piece, since bots look as well: whoever maps a file that another program shortens
# meanwhile is killed.
_PIECE = 1 << 18

_TABLE = "watermarks"
_NAME = "unused space"
_NOTE = """
INSERT INTO watermarks (name, value) VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)
"""
_NOTED = "SELECT value FROM watermarks WHERE name = :name"
_CLEAR = "DELETE FROM watermarks WHERE name = :name"


def note(writing: "sqlite.Connection", places: int) -> None:
    """Note that something was found, not of whom. Run it inside a transaction."""
    if places:
        writing.execute(_NOTE, {"name": _NAME, "value": places})


def are_noted(reader: "sqlite.Connection") -> bool:
    """Say whether something was found that no `VACUUM` has removed since."""
    return reader.execute(_NOTED, {"name": _NAME}).fetchone() is not None


def clear(writing: "sqlite.Connection") -> None:
    """Note that the file is written anew; in a file that may be older than the table."""
    if _TABLE in layout.tables_of(writing):
        writing.execute(_CLEAR, {"name": _NAME})


def count(database: Path, text: str) -> int:
    """Count where a text stands in the unused parts of a file; what queries find is not counted."""
    if database.stat().st_size < _HEADER:
        return 0
    with database.open("rb", buffering=0) as file:
        bytes_ = _Bytes(file.fileno())
        found = list(bytes_.places(text.encode()))
        if not found:
            return 0
        size = bytes_.number(_PAGE_SIZE_AT, 2)
        size = _LARGEST_PAGE if size == 1 else size
        free = set(_free_pages(bytes_, size))
        return sum(at // size + 1 in free or _is_unused(bytes_, at, size) for at in found)


class _Bytes:
    """The bytes of a file that others write to: behind its end there are none."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self, at: int, length: int) -> bytes:
        return os.pread(self._descriptor, length, at)

    def number(self, at: int, length: int) -> int:
        return int.from_bytes(self.read(at, length), "big")

    def places(self, text: bytes) -> Iterator[int]:
        at = 0
        while piece := self.read(at, _PIECE + len(text) - 1):
            found = piece.find(text)
            while found >= 0:
                yield at + found
                found = piece.find(text, found + 1)
            at += _PIECE


def _free_pages(bytes_: _Bytes, size: int) -> Iterator[int]:
    """Number the pages of the free list."""
    trunk = bytes_.number(_FREELIST_AT, 4)
    seen: set[int] = set()
    while trunk and trunk not in seen and (page := bytes_.read((trunk - 1) * size, size)):
        seen.add(trunk)
        yield trunk
        numbers = [int.from_bytes(page[at : at + 4], "big") for at in range(0, len(page), 4)]
        trunk, leaves = numbers[0], numbers[1]
        yield from numbers[2 : 2 + leaves]


def _is_unused(bytes_: _Bytes, at: int, size: int) -> bool:
    """Tell whether a place is between the rows of its page."""
    start = at - at % size
    head = start + (_HEADER if start == 0 else 0)
    kind = bytes_.number(head, 1)
    if kind not in _INTERIOR | _LEAVES:
        # The rest of a long row; nothing tells here whose.
        return False
    offset = at - start
    cells = head - start + (12 if kind in _INTERIOR else 8) + 2 * bytes_.number(head + 3, 2)
    content = bytes_.number(head + 5, 2) or _LARGEST_PAGE
    return cells <= offset < content or any(
        begin <= offset < begin + length for begin, length in _gaps(bytes_, start, head, size)
    )


def _gaps(bytes_: _Bytes, start: int, head: int, size: int) -> Iterator[tuple[int, int]]:
    """Give the free blocks between the rows of a page; they come in order."""
    at, last = bytes_.number(head + 1, 2), 0
    while last < at < size - 4:
        yield at, bytes_.number(start + at + 2, 2)
        at, last = bytes_.number(start + at, 2), at
