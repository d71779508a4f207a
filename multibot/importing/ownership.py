"""Whose turns an old file holds: one bot's, or several bots' mixed up."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from multibot.importing.entry import BadEntryError, Entry
from multibot.importing.identity import bot_name

# So many messages of people may wait for the answer that tells whose they are.
_WINDOW = 1000
# So many that nobody answered may wait for the end of the file, where all its bots are known.
_LONGEST_WAIT = 100_000


class Owned(NamedTuple):
    """An entry with the bots whose history it belongs to; or, with none, why it is nobody's."""

    entry: Entry
    bots: tuple[str, ...] = ()
    reason: str = ""


class Owners(Protocol):
    """Tells whose an entry is, at once or later."""

    def add(self, entry: Entry) -> Iterable[Owned]:
        """Take the next entry; give those whose owners are known now."""
        ...

    def know(self, bots: Iterable[str]) -> None:
        """Learn that these bots take part, whether they speak or not."""
        ...

    def finish(self) -> Iterable[Owned]:
        """Give what is left at the end of the file."""
        ...


class OneBot:
    """Everything is one bot's, since the file is in its folder."""

    def __init__(self, bot: str) -> None:
        self._bots = (bot,)

    def add(self, entry: Entry) -> Iterable[Owned]:
        """Refuse what another bot said: it is in that one's own folder."""
        if entry.role != "user" and (speaker := _speaker(entry)) not in (None, *self._bots):
            reason = f"was said by {speaker}, in the folder of {self._bots[0]}"
            return (Owned(entry, (), reason),)
        return (Owned(entry, self._bots),)

    def know(self, bots: Iterable[str]) -> None:
        """Know it already."""

    def finish(self) -> Iterable[Owned]:
        """Have nothing left."""
        return ()


@dataclass(slots=True)
class _Waiting:
    entry: Entry
    bots: dict[str, None] = field(default_factory=dict)


class SeveralBots:
    """The bots are told apart by what they said; a person's message is of all that answered it.

    One that no bot answered is of all bots that take part, and where none does, of `default`.
    """

    def __init__(self, default: str | None) -> None:
        self._default = default
        self._seen: dict[str, None] = {}
        self._waiting: deque[_Waiting] = deque()
        self._by_id: dict[str, list[_Waiting]] = {}
        self._unanswered: list[Entry] = []

    def add(self, entry: Entry) -> Iterable[Owned]:
        """Let a person's message wait for its answers, and note an answer."""
        if entry.role == "user":
            return self._wait(entry)
        speaker = _speaker(entry) or self._default
        if speaker is None:
            return (Owned(entry, (), "does not say which bot said it; --bot NAME does"),)
        self._seen[speaker] = None
        for answered in self._answered(entry):
            answered.bots[speaker] = None
        return (Owned(entry, (speaker,)),)

    def know(self, bots: Iterable[str]) -> None:
        """Count bots that take part as if they had spoken."""
        self._seen.update(dict.fromkeys(bots))

    def finish(self) -> Iterable[Owned]:
        """Give what waits; what nobody answered goes to every bot that spoke."""
        while self._waiting:
            yield from self._release()
        yield from self._settle()

    def _wait(self, entry: Entry) -> Iterable[Owned]:
        waiting = _Waiting(entry)
        self._waiting.append(waiting)
        if entry.message_id is not None:
            self._by_id.setdefault(entry.message_id, []).append(waiting)
        return [*self._release()] if len(self._waiting) > _WINDOW else ()

    def _answered(self, entry: Entry) -> list[_Waiting]:
        if entry.answers is not None:
            return self._by_id.get(entry.answers, [])
        return [self._waiting[-1]] if self._waiting else []

    def _release(self) -> Iterator[Owned]:
        oldest = self._waiting.popleft()
        if oldest.entry.message_id is not None:
            same = self._by_id[oldest.entry.message_id]
            same.remove(oldest)
            if not same:
                del self._by_id[oldest.entry.message_id]
        if oldest.bots:
            yield Owned(oldest.entry, tuple(oldest.bots))
            return
        self._unanswered.append(oldest.entry)
        if len(self._unanswered) > _LONGEST_WAIT:
            yield from self._settle()

    def _settle(self) -> Iterator[Owned]:
        bots = tuple(self._seen) or ((self._default,) if self._default else ())
        for entry in self._unanswered:
            yield Owned(
                entry, bots, "" if bots else "no bot answered it; --bot NAME says whose it is"
            )
        self._unanswered.clear()


def _speaker(entry: Entry) -> str | None:
    if entry.bot is None:
        return None
    name = bot_name(entry.bot)
    if name is None:
        raise BadEntryError("bot_name", "is no bot's name")
    return name
