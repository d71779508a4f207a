"""What there is to say of what was read: items that were passed over, and things worth knowing."""

from typing import NamedTuple


class Skipped(NamedTuple):
    """Something that was not imported: the file, the place inside it, and why."""

    file: str
    place: str
    reason: str

    def __str__(self) -> str:
        return ": ".join(part for part in self if part)


class Note(NamedTuple):
    """Something about a file that somebody should know; nothing of it is missing."""

    file: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}: {self.text}"
