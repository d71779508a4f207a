"""A JSON text that is in memory as a whole, to be gone through like one that is not."""

from collections.abc import Iterator

import orjson

_MARKS: dict[type, str] = {dict: "{", list: "[", str: '"'}


class Loaded:
    """Has the methods of a `Walk` that old files are read with."""

    def __init__(self, value: object) -> None:
        self._value = value
        self._is_left = True

    def peek(self) -> str:
        """Return the character that the next value begins with, of sorts; nothing at the end."""
        return _MARKS.get(type(self._value), "0") if self._is_left else ""

    def value(self) -> object:
        """Return the next value."""
        self._is_left = False
        return self._value

    def skip(self) -> None:
        """Pass over the next value."""
        self._is_left = False

    def elements(self) -> Iterator[tuple[int, object]]:
        """Give the values of a list with their numbers."""
        listed = self.value()
        return enumerate(listed if isinstance(listed, list) else ())

    def fields(self) -> Iterator[str]:
        """Stop before each value of an object, which the caller has to take or to skip."""
        whole = self.value()
        for name, self._value in whole.items() if isinstance(whole, dict) else ():
            self._is_left = True
            yield name
        self._is_left = False


def of(text: str) -> Loaded | None:
    """Read a text; None where anything about it needs a closer look."""
    try:
        return Loaded(orjson.loads(text))
    except orjson.JSONDecodeError:
        return None
