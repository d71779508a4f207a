"""The JSON files of DiscordChatExporter: one channel each, or a part of one."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from multibot.importing import exported
from multibot.importing.document import Document
from multibot.importing.entry import BadEntryError
from multibot.importing.exported import Channel, Said
from multibot.importing.remark import Note, Skipped
from multibot.importing.times import LocalTimes
from multibot.importing.walk import BrokenError, Unusable, Walk

# The channel comes before its messages.
Item = Channel | Said | Skipped | Note
_NOTHING = "is no JSON export of DiscordChatExporter"


def read(
    document: Document, now: datetime, progress: Callable[[int], None] | None = None
) -> Iterator[Item]:
    """Give the messages of one file, and what there is to say of it."""
    name = document.name
    if document.encoding.remark:
        yield Note(name, document.encoding.remark)
    file = _File(name, now, Walk(document.chunks(progress)))
    try:
        yield from file.items()
    except BrokenError as error:
        behind = f" behind message {file.number + 1}" if file.number >= 0 else ""
        yield Skipped(name, "", f"{error}{behind}")
    if document.has_changed:
        yield Note(name, "was written to while it was read; import it again")


class _File:
    """One file while it is read; `number` is the message that was read last."""

    def __init__(self, name: str, now: datetime, walk: Walk) -> None:
        self._name = name
        self._times = LocalTimes(UTC, now)
        self._walk = walk
        self.number = -1

    def items(self) -> Iterator[Item]:
        """Give the channel, then its messages."""
        if (first := self._walk.peek()) != "{":
            yield Skipped(self._name, "", _NOTHING if first else "is empty")
            return
        head: dict[str, object] = {}
        place = None
        for key in self._walk.fields():
            if key in {"guild", "channel"}:
                head[key] = self._walk.value()
            elif key == "messages" and self._walk.peek() == "[":
                place = exported.channel(head.get("guild"), head.get("channel"))
                if place is None:
                    break
                yield place
                yield from self._messages()
            else:
                self._walk.skip()
        if place is None:
            yield Skipped(self._name, "", _NOTHING)

    def _messages(self) -> Iterator[Item]:
        for number, value in self._walk.elements():
            self.number = number
            said = self._said(value)
            if said is not None:
                yield said

    def _said(self, value: object) -> Said | Skipped | None:
        place = f"messages[{self.number}]"
        if isinstance(value, Unusable):
            return Skipped(self._name, place, value.reason)
        try:
            return exported.message(value, self.number, self._times)
        except BadEntryError as error:
            where = f"{place}.{error.place}" if error.place else place
            return Skipped(self._name, where, str(error))
