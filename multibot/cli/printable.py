"""What other people wrote, made harmless: it must not move a cursor, colour a screen or turn a line."""

import re

from multibot.cli.overview import one_line

# Control characters of ECMA-48, and those of Unicode that break lines or turn the direction of what
# follows. A tab and a line break are kept; so are the marks that people write right-to-left with.
HARMFUL = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
_HARMFUL = re.compile(f"[{HARMFUL}]")


def printable(text: str) -> str:
    r"""Write what would do something as what it is: `\x1b`, `\u202e`."""
    return _HARMFUL.sub(_escaped, text.replace("\r\n", "\n"))


def printable_line(text: str) -> str:
    """Write it without line breaks, too."""
    return one_line(printable(text))


def in_json(text: str) -> str:
    """Write JSON with what would do something as escapes, which mean the same."""
    return _HARMFUL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _escaped(match: re.Match[str]) -> str:
    # Python writes both forms so.
    return repr(match[0])[1:-1]
