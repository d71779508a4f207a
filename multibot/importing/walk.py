"""A walk over a JSON text of any length: values one by one, in bounded memory, whatever is in it."""

import json
import re
from collections.abc import Iterator
from json.scanner import make_scanner
from typing import NamedTuple

# A value longer than this (in characters) is passed over; a message is a thousand times shorter.
LONGEST = 8 << 20
_TOO_LONG = f"is longer than {LONGEST >> 20} MiB"
# A text cut short is in error at its very end, give or take the longest word of JSON or an escape.
_NEAR = 16
_SPACE = re.compile(r"[ \t\r\n\ufeff\x00]*")
_MARKS = re.compile(r'["\[\]{}]')
_REST_OF_TEXT = re.compile(r'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
_REST_OF_WORD = re.compile(r"[^\s,\]}]*")
# What is left behind `0` of `0.`, or behind `1` of `1e-`, where the text ends within a number.
_REST_OF_NUMBER = re.compile(r"(?:\.|[eE][+-]?)\Z")
_scan = make_scanner(json.JSONDecoder(strict=False))  # type: ignore[arg-type]  # typeshed has its result


class BrokenError(Exception):
    """The text is no JSON from here on; the argument says how."""


class Unusable(NamedTuple):
    """A value that was passed over, and why."""

    reason: str


class Walk:
    """Goes through a JSON text that comes in pieces; it cannot go back."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self._text = ""
        self._at = 0
        self._passed = 0
        self._is_whole = False

    def peek(self) -> str:
        """Return the next character that is not white space; nothing at the end."""
        found = self._text[self._at : self._at + 1]
        if " " < found < "\x7f":
            return found
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, expected: str) -> str:
        """Pass over one character that is one of these, and return it."""
        found = self.peek()
        if not found:
            raise BrokenError("breaks off")
        if found not in expected:
            if _REST_OF_NUMBER.match(self._text, self._at) and not self._more():
                raise BrokenError("breaks off")
            raise BrokenError(f"is not JSON at character {self._passed + self._at + 1}")
        self._at += 1
        return found

    def value(self) -> object:
        """Return the next value, or Unusable where it is none and the text goes on behind it."""
        self.peek()
        reason = ""
        while not reason:
            try:
                value, end = _scan(self._text, self._at)
            except (StopIteration, json.JSONDecodeError) as error:
                is_short = len(self._text) - self._at <= LONGEST
                if is_short and self._may_be_cut(error) and self._more():
                    continue
                reason = self._fault(error)
            except RecursionError:
                reason = "is nested too deeply"
            except ValueError:
                reason = "has a number of too many digits"
            else:
                # A number may go on in the next piece.
                is_last = not self._is_whole and end > len(self._text) - _NEAR
                if is_last and isinstance(value, int | float):
                    self._more()
                    continue
                is_short = end - self._at <= LONGEST
                self._at = end
                return value if is_short else Unusable(_TOO_LONG)
        self.skip()
        return Unusable(reason)

    def skip(self) -> None:
        """Pass over the next value, however long or deep it is, by its brackets alone."""
        first = self.peek()
        if not first:
            raise BrokenError("breaks off")
        if first not in '"[{':
            self._skip_matching(_REST_OF_WORD)
            return
        depth = 0
        while True:
            mark = self._next_mark()
            if mark == '"':
                self._skip_text()
            else:
                depth += 1 if mark in "[{" else -1
            if depth <= 0:
                return

    def elements(self) -> Iterator[tuple[int, object]]:
        """Give the values of a list with their numbers."""
        for index in self.places():
            yield index, self.value()

    def places(self) -> Iterator[int]:
        """Stop before each value of a list, which the caller has to take or to skip."""
        self.take("[")
        if self.peek() == "]":
            self._at += 1
            return
        index = 0
        while True:
            yield index
            index += 1
            if self.take(",]") == "]":
                return

    def fields(self) -> Iterator[str]:
        """Stop before each value of an object, which the caller has to take or to skip."""
        self.take("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            if self.peek() not in ('"', ""):
                self.take('"')
            key = self.value()
            self.take(":")
            yield key if isinstance(key, str) else ""
            if self.take(",}") == "}":
                return

    def _may_be_cut(self, error: Exception) -> bool:
        if isinstance(error, json.JSONDecodeError):
            return error.pos >= len(self._text) - _NEAR or error.msg.startswith("Unterminated")
        return int(getattr(error, "value", 0) or 0) >= len(self._text) - _NEAR

    def _fault(self, error: Exception) -> str:
        if len(self._text) - self._at > LONGEST:
            return _TOO_LONG
        return (
            f"is not JSON ({error.msg})"
            if isinstance(error, json.JSONDecodeError)
            else "is not JSON"
        )

    def _next_mark(self) -> str:
        while True:
            found = _MARKS.search(self._text, self._at)
            if found:
                self._at = found.end()
                return found.group()
            self._at = len(self._text)
            if not self._more():
                raise BrokenError("breaks off")

    def _skip_text(self) -> None:
        while True:
            self._skip_matching(_REST_OF_TEXT)
            if self._text[self._at : self._at + 1] == '"':
                self._at += 1
                return
            # At the end, or at a backslash whose other half is in the next piece.
            if not self._more():
                raise BrokenError("breaks off")

    def _skip_matching(self, pattern: re.Pattern[str]) -> None:
        while True:
            found = pattern.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return
            if not self._more():
                return

    def _more(self) -> bool:
        """Read on; what lies behind is let go. Twice as much each time, for one long value."""
        if self._is_whole:
            return False
        kept = self._text[self._at :]
        self._passed += self._at
        self._at = 0
        pieces, wanted = [kept], max(1, len(kept))
        for piece in self._chunks:
            pieces.append(piece)
            wanted -= len(piece)
            if wanted <= 0:
                break
        else:
            self._is_whole = True
        self._text = "".join(pieces)
        return len(self._text) > len(kept)
