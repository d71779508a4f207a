"""Where in a text the words are that were searched for."""

import re
from collections.abc import Callable
from typing import NamedTuple

# Around each word that was found: characters that are no characters, so that no text has them.
OPEN, CLOSE = "\ufdd0", "\ufdd1"
MORE = "…"
# So many words of a long text are shown, those with the most of what was searched for.
EXCERPT_WORDS = 32

_MARKED = re.compile(f"{OPEN}([^{OPEN}{CLOSE}]*){CLOSE}")


class Marked(NamedTuple):
    """A text with OPEN and CLOSE around what was found, whole and as an excerpt."""

    whole: str
    excerpt: str

    def places(self) -> list[tuple[int, int]]:
        """Return where the words begin and end in the text itself."""
        found, gone = [], 0
        for match in _MARKED.finditer(self.whole):
            begin = match.start() - gone
            found.append((begin, begin + len(match[1])))
            gone += len(OPEN) + len(CLOSE)
        return found


def show(text: str, mark: Callable[[str], str]) -> str:
    """Write a marked text with what was found as `mark` writes it."""
    return _MARKED.sub(lambda match: mark(match[1]), text).translate(_NO_MARKS)


_NO_MARKS = {ord(OPEN): None, ord(CLOSE): None}
