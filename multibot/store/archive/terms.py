"""What a person types to search, as an expression of FTS5 that cannot be anything but words."""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from multibot.errors import UsageError

# Nobody means so many; a pasted page would.
MOST = 32

# A quoted phrase, also one whose end was forgotten, or a run of anything but spaces.
_TERM = re.compile(r'"([^"]*)(?:"|$)(\*)?|([^\s"]+)')


class Term(NamedTuple):
    """One or more words that stand side by side; the last one may be a beginning."""

    text: str
    is_beginning: bool

    def __str__(self) -> str:
        # Inside quotes nothing means anything to FTS5 but a quote, and there is none in here.
        return f'"{self.text}"*' if self.is_beginning else f'"{self.text}"'


def expression(text: str) -> str:
    """Return what finds the turns that have all of these words, "phrases" and beginnings*.

    Raises UsageError where there is no word at all, or too many.
    """
    terms = [term for term in _terms(text) if _has_word(term.text)]
    if not terms:
        raise UsageError(
            "there is no word to search for.",
            remedy="Words are letters and digits; name one, such as hello.",
        )
    if len(terms) > MOST:
        raise UsageError(f"these are {len(terms)} words.", remedy=f"Search for {MOST} at most.")
    return " ".join(map(str, terms))


def _terms(text: str) -> Iterator[Term]:
    # Bytes of the command line that are no text arrive as halves of surrogate pairs; NUL ends a text.
    clean = text.encode("utf-8", "replace").decode("utf-8").replace("\0", " ")
    for phrase, star, word in _TERM.findall(clean):
        if word:
            yield Term(word.rstrip("*"), word.endswith("*"))
        else:
            yield Term(phrase, bool(star))


def _has_word(text: str) -> bool:
    """Tell whether the index's tokenizer sees a word here: it knows letters and digits only."""
    return any(unicodedata.category(char)[0] in "LN" for char in text)
