"""The files of the old store: a list of entries, a conversation, or several of them in one file."""

import itertools
from collections.abc import Callable, Iterable, Iterator

from multibot.importing import loaded
from multibot.importing.conversation import Conversation, Item, Key, Reading
from multibot.importing.document import Document
from multibot.importing.identity import discord_id
from multibot.importing.loaded import Loaded
from multibot.importing.remark import Note, Skipped
from multibot.importing.tree import AGGREGATE, Found, ids_of
from multibot.importing.walk import BrokenError, Unusable, Walk

Progress = Callable[[int], None]

_MESSAGES = "messages"
_PARTICIPANTS = "participants"
_IDS = ("channel_id", "user_id")
_WHOSE = "does not say whose it is; --bot NAME does"
_NOTHING = "is no conversation of the old store"
_NO_IDS = "neither its name nor its text says which channel and which person"


def read(
    document: Document, found: Found, reading: Reading, progress: Progress | None = None
) -> Iterator[Item]:
    """Give the turns of one file, and what there is to say of it."""
    walk = _walk(document, progress)
    if (first := walk.peek()) not in {"[", "{"}:
        yield Skipped(found.name, "", _NOTHING if first else "is empty")
        return
    if document.encoding.remark:
        yield Note(found.name, document.encoding.remark)
    file = _File(document, found, reading, walk)
    try:
        yield from file.items()
        if walk.peek():
            yield Skipped(found.name, "", "something follows behind the end of the JSON")
    except BrokenError as error:
        yield from file.close()
        behind = "" if not file.place else " behind this"
        yield Skipped(found.name, file.place, f"{error}{behind}")
    if document.has_changed:
        yield Note(found.name, "was written to while it was read; import it again")


def _walk(document: Document, progress: Progress | None) -> Walk | Loaded:
    """Read a small file at once, if it is all in order; walk through any other."""
    chunks = document.chunks(progress)
    if not document.is_small:
        return Walk(chunks)
    text = "".join(chunks)
    return loaded.of(text) or Walk(iter((text,)))


class _File:
    """One file while it is read; `place` is how far."""

    def __init__(
        self, document: Document, found: Found, reading: Reading, walk: Walk | Loaded
    ) -> None:
        self._document = document
        self._found = found
        self._reading = reading
        self._walk = walk
        self._open: Conversation | None = None
        self._positions = itertools.count()
        self.place = ""

    def items(self) -> Iterator[Item]:
        """Give everything, whichever of the shapes the file has."""
        key = Key(self._found.channel_id, self._found.user_id)
        is_list = self._walk.peek() == "["
        yield from self._list(key) if is_list else self._object(key, "")

    def close(self) -> Iterator[Item]:
        """Give what the conversation that was read last still holds."""
        if self._open is not None:
            conversation, self._open = self._open, None
            yield from conversation.finish()

    def _list(self, key: Key) -> Iterator[Item]:
        """Read a list, of entries or of whole conversations."""
        elements = self._walk.elements()
        for index, first in elements:
            if isinstance(first, dict) and isinstance(first.get(_MESSAGES), list):
                yield from self._whole(first, f"[{index}]")
            elif key.is_known and (bot := self._found.bot or self._reading.bot):
                behind = itertools.chain(((index, first),), elements)
                yield from self._conversation(behind, key, "", bot)
            else:
                yield self._skipped("", _WHOSE if key.is_known else _NO_IDS)
                for _ in elements:
                    pass
        yield from self.close()

    def _whole(self, value: dict[str, object], place: str) -> Iterator[Item]:
        """Read one conversation of a list of them."""
        key = Key(*(discord_id(value.get(name)) for name in _IDS))
        if not key.is_known:
            yield self._skipped(place, _NO_IDS)
            return
        messages = value[_MESSAGES]
        values = enumerate(messages if isinstance(messages, list) else ())
        yield from self._conversation(values, key, f"{place}.{_MESSAGES}", self._found.bot)
        if self._open is not None:
            self._open.know(value.get(_PARTICIPANTS))

    def _conversation(
        self, values: Iterable[tuple[int, object]], key: Key, at: str, bot: str | None
    ) -> Iterator[Item]:
        """Read a conversation but for its end: who took part may stand behind it."""
        yield from self.close()
        self._open = Conversation(self._found.name, at, key, bot, self._reading)
        yield from self._open.read(self._counted(values, at), self._positions)

    def _counted(
        self, values: Iterable[tuple[int, object]], at: str
    ) -> Iterator[tuple[int, object]]:
        for each in values:
            self.place = f"{at}[{each[0]}]"
            yield each

    def _object(self, key: Key, at: str) -> Iterator[Item]:
        """Read a conversation, or an object that has several by the names of their old files."""
        inside: dict[str, str | None] = {}
        participants: object = None
        is_one = False
        for name in self._walk.fields():
            self.place = f"{at}{name}"
            is_object = self._walk.peek() == "{"
            if name == _MESSAGES:
                is_one = True
                yield from self._messages(self._key(inside, key, is_outer=not at), at)
            elif name in _IDS:
                inside[name] = discord_id(self._walk.value())
            elif name == _PARTICIPANTS:
                participants = self._walk.value()
            elif is_object and not at and self._is_nested(name):
                is_one = True
                yield from self._object(Key(*ids_of(name)), f"{name}.")
            else:
                self._walk.skip()
        if self._open is not None:
            self._open.know(participants)
        yield from self.close()
        if not is_one:
            yield self._skipped(at.rstrip("."), _NOTHING)

    def _is_nested(self, name: str) -> bool:
        return ids_of(name) != (None, None) or self._found.path.stem == AGGREGATE

    def _key(self, inside: dict[str, str | None], named: Key, *, is_outer: bool) -> Key:
        """Say whose conversation it is: what stands inside comes before the file's name."""
        if is_outer and not named.is_known and len(inside) < len(_IDS):
            inside = {**_ids_behind(self._document), **inside}
        return Key(
            inside.get("channel_id") or named.channel_id, inside.get("user_id") or named.user_id
        )

    def _messages(self, key: Key, at: str) -> Iterator[Item]:
        if self._walk.peek() == "[" and key.is_known:
            values, place = self._walk.elements(), f"{at}{_MESSAGES}"
            yield from self._conversation(values, key, place, self._found.bot)
            return
        yield self._skipped(self.place, _NO_IDS if not key.is_known else "is no list")
        self._walk.skip()

    def _skipped(self, place: str, reason: str) -> Skipped:
        return Skipped(self._found.name, place, reason)


def _ids_behind(document: Document) -> dict[str, str | None]:
    """Look for the ids behind the messages; most files have them before."""
    walk, found = Walk(document.chunks()), {}
    try:
        for name in walk.fields():
            if name not in _IDS:
                walk.skip()
                continue
            value = walk.value()
            found[name] = None if isinstance(value, Unusable) else discord_id(value)
    except BrokenError:
        pass
    return found
