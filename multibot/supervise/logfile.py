"""The logs of a fleet: from the end, or from a moment on, followed through rotation.

Memory stays small however large the files are: they are entered by seeking, and read line by line.
"""

import heapq
import os
from collections.abc import Collection, Iterator
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO

from multibot.clock import from_text
from multibot.supervise import logline
from multibot.supervise.logline import Line

# A longer line is shown in pieces.
LONGEST_LINE = 256 * 1024
_BLOCK = 64 * 1024


class Source:
    """One program's log with its rotated parts, oldest first; the last one is still written to."""

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        self._path = path
        self._parts: list[BinaryIO] = []
        self._at = ""

    def open_at_end(self, lines: int) -> None:
        """Begin with the last so many lines."""
        for part in self._newest_first():
            lines -= _seek_back(part, lines)
            if lines <= 0:
                return

    def open_since(self, moment: str) -> None:
        """Begin with the first line of this moment or later."""
        for part in self._newest_first():
            if _seek_moment(part, moment, self.name) > 0:
                return

    def _newest_first(self) -> Iterator[BinaryIO]:
        number, path = 0, self._path
        while (part := _open(path)) is not None:
            self._parts.insert(0, part)
            yield part
            number += 1
            path = self._path.with_name(f"{self._path.name}.{number}")

    def look(self) -> None:
        """Notice that the file was rotated, cut short, or has come into being."""
        try:
            there = self._path.stat()
        except OSError:
            return
        if not self._parts or not os.path.samestat(os.fstat(self._parts[-1].fileno()), there):
            part = _open(self._path)
            self._parts.extend([part] if part else [])
        elif there.st_size < self._parts[-1].tell():
            self._parts[-1].seek(0)

    def lines(self, *, final: bool) -> Iterator[Line]:
        """Give all lines that are there; a last one without its end only when `final`."""
        while self._parts:
            is_last = len(self._parts) == 1
            for raw in _raw_lines(self._parts[0], whole=is_last and not final):
                text = raw.decode("utf-8", "replace").rstrip("\r\n")
                line = logline.parse(text, self.name, self._at)
                self._at = line.at
                yield line
            if is_last:
                return
            self._parts.pop(0).close()

    def close(self) -> None:
        """Let go of the files."""
        while self._parts:
            self._parts.pop().close()


class Logs:
    """All logs in a folder, or those of some programs, as one."""

    def __init__(self, folder: Path, names: Collection[str] = ()) -> None:
        self._folder = folder
        self._names = frozenset(names)
        self._sources: dict[Path, Source] = {}

    @property
    def names(self) -> list[str]:
        """The programs whose logs have been found."""
        return sorted(source.name for source in self._sources.values())

    def open(self, *, since: str | None, lines: int) -> None:
        """Begin at a moment, or with the last lines of each log."""
        for source in self._discover():
            if since is None:
                source.open_at_end(lines)
            else:
                source.open_since(since)

    def look(self) -> None:
        """Notice new and rotated files."""
        self._discover()
        for source in self._sources.values():
            source.look()

    def lines(self, *, final: bool) -> Iterator[Line]:
        """Give all lines that are there, by time."""
        streams = [source.lines(final=final) for source in self._sources.values()]
        return heapq.merge(*streams, key=attrgetter("at"))

    def close(self) -> None:
        """Let go of the files."""
        for source in self._sources.values():
            source.close()

    def _discover(self) -> list[Source]:
        paths = [p for p in sorted(self._folder.glob("*.log")) if p not in self._sources]
        new = {p: Source(p) for p in paths if not self._names or p.stem in self._names}
        self._sources.update(new)
        return list(new.values())


def _open(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except OSError:
        return None


def _raw_lines(part: BinaryIO, *, whole: bool) -> Iterator[bytes]:
    offset = part.tell()
    while raw := part.readline(LONGEST_LINE):
        if whole and not raw.endswith(b"\n") and len(raw) < LONGEST_LINE:
            part.seek(offset)
            return
        offset += len(raw)
        yield raw


def _seek_back(part: BinaryIO, lines: int) -> int:
    """Go to the start of the last so many lines; return how many there are."""
    position = end = part.seek(0, os.SEEK_END)
    ends: list[int] = []
    while position > 0 and len(ends) <= lines:
        start = max(0, position - _BLOCK)
        part.seek(start)
        block = part.read(position - start)
        found = [start + i + 1 for i, byte in enumerate(block) if byte == _NEWLINE]
        ends = found + ends
        position = start
    starts = [0, *ends] if position == 0 else ends
    starts = [start for start in starts if start < end][-lines:]
    part.seek(starts[0] if starts else end)
    return len(starts)


_NEWLINE = ord("\n")


def _seek_moment(part: BinaryIO, moment: str, name: str) -> int:
    """Go to the first line of this moment or later, by halving; return the place."""
    end = part.seek(0, os.SEEK_END)
    low, high = 0, end
    if os.fstat(part.fileno()).st_mtime < from_text(moment).timestamp():
        low = end
    while low < high:
        middle = (low + high) // 2
        at, _, after = _first_time(part, middle, high, name)
        if at and at < moment:
            low = after
        else:
            high = middle
    if 0 < low < end:
        # Lines that say no time belong to the earlier line before them.
        _, low, _ = _first_time(part, low, end, name)
    return part.seek(low)


def _first_time(part: BinaryIO, start: int, stop: int, name: str) -> tuple[str, int, int]:
    """Read the first time that a line starting in this stretch says, and where that line is."""
    # One byte back: a line that starts just here is a whole one.
    part.seek(max(0, start - 1))
    if start > 0:
        part.readline()
    begin = part.tell()
    while begin < stop and (raw := part.readline(LONGEST_LINE)):
        at = logline.parse(raw.decode("utf-8", "replace").rstrip("\r\n"), name).at
        if at:
            return at, begin, begin + len(raw)
        begin += len(raw)
    return "", stop, stop
