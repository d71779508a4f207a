"""What is left of removed rows in the unused space of a file.

SQLite writes zeros over what it deletes. But when it moves rows between pages to make room, it
leaves their old copies in the unused part of a page, and whatever ran before deletions were made
secure has left more. Nobody can read that with a query; in the bytes of the file it can be found.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# https://sqlite.org/fileformat2.html
_HEADER: Final = 100
_PAGE_SIZE_AT, _FREELIST_AT = 16, 32
_LARGEST_PAGE = 65_536
_INTERIOR, _LEAVES = frozenset({2, 5}), frozenset({10, 13})


def count(database: Path, text: str) -> int:
    """Count where a text stands in the unused parts of a file; what queries find is not counted."""
    if database.stat().st_size < _HEADER:
        return 0
    with (
        database.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as pages,
    ):
        size = _number(pages, _PAGE_SIZE_AT, 2)
        size = _LARGEST_PAGE if size == 1 else size
        free = set(_free_pages(pages, size))
        return sum(
            at // size + 1 in free or _is_unused(pages, at, size)
            for at in _places(pages, text.encode())
        )


def _places(pages: mmap.mmap, text: bytes) -> Iterator[int]:
    at = pages.find(text)
    while at >= 0:
        yield at
        at = pages.find(text, at + 1)


def _free_pages(pages: mmap.mmap, size: int) -> Iterator[int]:
    """Number the pages of the free list."""
    trunk = _number(pages, _FREELIST_AT, 4)
    seen: set[int] = set()
    while trunk and trunk not in seen and trunk * size <= len(pages):
        seen.add(trunk)
        yield trunk
        at = (trunk - 1) * size
        leaves = min(_number(pages, at + 4, 4), size // 4 - 2)
        yield from (_number(pages, at + 8 + 4 * each, 4) for each in range(leaves))
        trunk = _number(pages, at, 4)


def _is_unused(pages: mmap.mmap, at: int, size: int) -> bool:
    """Tell whether a place is between the rows of its page."""
    start = at - at % size
    head = start + (_HEADER if start == 0 else 0)
    kind = pages[head]
    if kind not in _INTERIOR | _LEAVES:
        # The rest of a long row; nothing tells here whose.
        return False
    offset = at - start
    cells = head - start + (12 if kind in _INTERIOR else 8) + 2 * _number(pages, head + 3, 2)
    content = _number(pages, head + 5, 2) or _LARGEST_PAGE
    return cells <= offset < content or any(
        begin <= offset < begin + length for begin, length in _gaps(pages, start, head, size)
    )


def _gaps(pages: mmap.mmap, start: int, head: int, size: int) -> Iterator[tuple[int, int]]:
    """Give the free blocks between the rows of a page; they come in order."""
    at, last = _number(pages, head + 1, 2), 0
    while last < at < size - 4:
        yield at, _number(pages, start + at + 2, 2)
        at, last = _number(pages, start + at, 2), at


def _number(pages: mmap.mmap, at: int, length: int) -> int:
    return int.from_bytes(pages[at : at + length], "big")
