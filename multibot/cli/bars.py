"""Small pictures of numbers, as long as they are large."""

from collections.abc import Sequence

# From an eighth of a character to a whole one.
EIGHTHS = "▏▎▍▌▋▊▉█"
PLAIN = "#"


def bars(values: Sequence[int], width: int, *, is_plain: bool) -> list[str]:
    """Draw a bar for each value, the longest so many characters wide; none for 0."""
    largest = max(values, default=0)
    return [_bar(value / largest * width, is_plain=is_plain) if value else "" for value in values]


def _bar(length: float, *, is_plain: bool) -> str:
    if is_plain:
        return PLAIN * max(1, round(length))
    steps = len(EIGHTHS)
    whole, rest = divmod(max(1, round(length * steps)), steps)
    return EIGHTHS[-1] * whole + (EIGHTHS[rest - 1] if rest else "")
