"""One conversation of an old file: its entries become turns of the bots that they belong to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import NamedTuple

from multibot.conversation.past import PastTurn
from multibot.importing import entry
from multibot.importing.encoding import is_garbled
from multibot.importing.entry import BadEntryError, Entry, Place
from multibot.importing.identity import bot_name, made_id
from multibot.importing.ownership import OneBot, Owned, Owners, SeveralBots
from multibot.importing.remark import Note, Skipped
from multibot.importing.times import LocalTimes
from multibot.importing.walk import Unusable

Item = PastTurn | Skipped | Note


class Key(NamedTuple):
    """The channel and the person of a conversation, as far as they are known."""

    channel_id: str | None = None
    user_id: str | None = None

    @property
    def is_known(self) -> bool:
        """Whether turns of it can be kept."""
        return self.channel_id is not None and self.user_id is not None


@dataclass(frozen=True, slots=True)
class Reading:
    """How old files are read: `zone` is that of times without one, None the machine's own.

    `bot` is whose the turns are that do not say it.
    """

    zone: tzinfo | None
    now: datetime
    bot: str | None = None

    def owners(self, folder: str | None) -> Owners:
        """Tell whose the entries of one more conversation are."""
        return OneBot(folder) if folder else SeveralBots(self.bot)


class Conversation:
    """Takes the entries of one conversation in their order.

    `at` is its place in the file, `index` how far it is read.
    """

    def __init__(self, file: str, at: str, key: Key, bot: str | None, reading: Reading) -> None:
        self.index = 0
        self._file = file
        self._at = at
        self._channel_id, self._user_id = key.channel_id or "", key.user_id or ""
        self._owners = reading.owners(bot)
        self._times = LocalTimes(reading.zone, reading.now)
        self._username = ""
        self._place = Place()
        self._same_moment: dict[tuple[str, str], int] = {}
        self._moment = ""
        self._garbled = 0
        self._without_id = 0

    def read(
        self, values: Iterable[tuple[int, object]], positions: Iterator[int]
    ) -> Iterator[Item]:
        """Give the turns of all entries, and what there is to say of the others."""
        for self.index, value in values:
            if isinstance(value, Unusable):
                yield self._skipped(self.index, "", value.reason)
                continue
            try:
                said = entry.parse(value, self.index, next(positions), self._times)
                owned = self._owners.add(said)
            except BadEntryError as error:
                yield self._skipped(self.index, error.place, str(error))
                continue
            self._learn(said)
            for each in owned:
                yield from self._turns(each)

    def know(self, participants: object) -> None:
        """Learn who takes part, as far as these are names of bots."""
        listed = participants if isinstance(participants, list) else ()
        self._owners.know(filter(None, map(bot_name, listed)))

    def finish(self) -> Iterator[Item]:
        """Give what still waits at the end of the conversation, or where the file breaks off."""
        for each in self._owners.finish():
            yield from self._turns(each)
        if self._garbled:
            what = "texts that look like UTF-8 once read as cp1252 (\u00c3\u00a4 for \u00e4), kept as they are"
            yield Note(self._file, f"{what}: {self._garbled:,}")
            self._garbled = 0
        if self._without_id:
            what = "message ids that Discord cannot have given, replaced by made ones"
            yield Note(self._file, f"{what}: {self._without_id:,}")
            self._without_id = 0

    def _learn(self, said: Entry) -> None:
        """Remember names and kinds for the entries that do not say them."""
        if not said.content.isascii():
            self._garbled += is_garbled(said.content)
        if said.message_id is None and said.metadata.get("message_id") is not None:
            self._without_id += 1
        if said.username and said.role == "user":
            self._username = said.username
        if (place := said.place) is not None:
            self._place = place if place.name else place._replace(name=self._place.name)

    def _turns(self, owned: Owned) -> Iterator[Item]:
        said, place = owned.entry, owned.entry.place or self._place
        if not owned.bots:
            yield self._skipped(said.number, "", owned.reason)
            return
        message_id = said.message_id or self._made_id(said)
        metadata = said.kept_metadata() if said.metadata else None
        for bot in owned.bots:
            yield PastTurn(
                bot,
                self._channel_id,
                self._user_id,
                message_id,
                said.role,
                said.at,
                said.content,
                said.position,
                username=self._name(said, bot),
                channel_name=place.name,
                channel_type=place.kind,
                guild_id=place.guild_id,
                parent_channel_id=place.parent_channel_id,
                metadata=metadata,
                answers=said.answers,
            )

    def _skipped(self, index: int, field: str, reason: str) -> Skipped:
        place = f"{self._at}[{index}]"
        return Skipped(self._file, f"{place}.{field}" if field else place, reason)

    def _name(self, said: Entry, bot: str) -> str:
        if said.role == "user":
            return said.username or self._username
        return said.username or entry.name(said.bot) or bot

    def _made_id(self, said: Entry) -> str:
        """Make an id; the same words at the same moment, one behind another, are two turns."""
        if said.made_from != self._moment:
            self._moment = said.made_from
            self._same_moment.clear()
        words = (said.role, said.content)
        number = self._same_moment.get(words, 0)
        self._same_moment[words] = number + 1
        key = (said.made_from, self._channel_id, self._user_id, *words)
        return made_id(*key, str(number)) if number else made_id(*key)
