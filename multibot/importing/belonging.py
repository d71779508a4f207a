"""Which messages of a channel are part of a bot's history: its own, and those that it answered."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from multibot.clock import from_text
from multibot.conversation.past import PastTurn
from multibot.conversation.session import SessionRules
from multibot.importing.entry import as_json
from multibot.importing.exported import Channel, Said
from multibot.importing.remark import Note

# An answer that names no message is to the newest one of a person, if that is no older than this.
_RECENT: timedelta = SessionRules().gap
# Messages of a bot that follow each other so quickly are parts of one answer.
_SAME_ANSWER = timedelta(seconds=15)
# So many messages of people are remembered, for the answer that may come.
_REMEMBERED = 10_000


_MOST_STRANGERS = 5


@dataclass(frozen=True, slots=True)
class Rules:
    """Whose history is made: `bots` by user id; with `all_for`, people's messages are all that bot's."""

    bots: Mapping[str, str] = field(default_factory=dict)
    all_for: str | None = None


class Part(NamedTuple):
    """A message as a turn of one bot; `person` is whom it is from, or to whom it speaks."""

    bot: str
    role: str
    said: Said
    person: str
    answers: str | None = None
    part: int = 0


@dataclass(slots=True)
class _Remembered:
    said: Said
    given: set[str] = field(default_factory=set)


class Belonging:
    """Takes the messages of one channel in their order.

    In a private channel everything is part of the history of each bot that speaks there.
    """

    def __init__(self, rules: Rules, *, is_private: bool = False) -> None:
        self._bots = rules.bots
        self._all_for = rules.all_for
        self._is_private = is_private
        self._people: OrderedDict[str, _Remembered] = OrderedDict()
        self._newest: _Remembered | None = None
        self._last: Part | None = None
        self._speakers: set[str] = set()
        self.left_out = 0
        self._strangers: dict[str, str] = {}

    def remarks(self, name: str) -> Iterator[Note]:
        """Say what is no part of any history."""
        if self.left_out:
            yield Note(name, f"messages that are no part of a bot's history: {self.left_out:,}")
        if self._strangers and not self._speakers:
            some = list(self._strangers.items())[:_MOST_STRANGERS]
            listed = ", ".join(f"{author} ({user_id})" for user_id, author in some)
            remedy = "--as-bot NAME=USER_ID makes one of them yours"
            yield Note(name, f"no bot of the fleet speaks there; its bots are {listed}: {remedy}")

    def add(self, said: Said) -> Iterator[Part]:
        """Take one message; give the turns that are known with it."""
        bot = self._bots.get(said.author_id)
        if bot is not None:
            yield from self._answer(bot, said)
        elif said.is_bot:
            self.left_out += 1
            self._strangers.setdefault(said.author_id, said.author_name)
        else:
            yield from self._remember(_Remembered(said))

    def _remember(self, remembered: _Remembered) -> Iterator[Part]:
        self._people[remembered.said.message_id] = self._newest = remembered
        self._last = None
        # Until something is given of it, it is no part of anybody's history.
        self.left_out += 1
        if len(self._people) > _REMEMBERED:
            self._people.popitem(last=False)
        for bot in [self._all_for] if self._all_for else self._in_private():
            yield from self._give(remembered, bot)

    def _in_private(self) -> list[str]:
        return sorted(self._speakers) if self._is_private else []

    def _answer(self, bot: str, said: Said) -> Iterator[Part]:
        if bot not in self._speakers:
            self._speakers.add(bot)
            for each in [*self._people.values()] if self._is_private else ():
                yield from self._give(each, bot)
        part = self._next_part(bot, said) or self._first_part(bot, said)
        if part.answers is not None and (question := self._people.get(part.answers)):
            yield from self._give(question, bot)
        self._last = part
        yield part

    def _next_part(self, bot: str, said: Said) -> Part | None:
        """Take it for more of the answer that this bot gave just before, if it may be that."""
        last = self._last
        if last is None or last.bot != bot or said.reply_to not in {None, last.answers}:
            return None
        if said.person not in {None, last.person} or not _within(last.said, said, _SAME_ANSWER):
            return None
        return last._replace(said=said, part=last.part + 1)

    def _first_part(self, bot: str, said: Said) -> Part:
        """Find out what it answers: the message that it names, a command, or what was said last."""
        person, answers = said.person or said.author_id, said.reply_to
        if answers is None and said.person is None and self._newest is not None:
            newest = self._newest.said
            answers = newest.message_id if _within(newest, said, _RECENT) else None
        if answers is not None and (question := self._people.get(answers)):
            person = question.said.author_id
        return Part(bot, "assistant", said, person, answers)

    def _give(self, remembered: _Remembered, bot: str) -> Iterator[Part]:
        if bot in remembered.given:
            return
        if not remembered.given:
            self.left_out -= 1
        remembered.given.add(bot)
        yield Part(bot, "user", remembered.said, remembered.said.author_id)


def turns(
    messages: Iterable[tuple[int, Said]], places: Mapping[int, Channel], rules: Rules
) -> Iterator[tuple[int, PastTurn | Note]]:
    """Give the turns that messages become, each with the number of its file.

    The messages come by channel, in the order of their times; `places` are the files' channels.
    """
    belonging, channel_id, name = Belonging(rules), "", ""
    moment, seen = "", set[str]()
    for file, said in messages:
        place = places[file]
        if place.channel_id != channel_id:
            yield from ((file, note) for note in belonging.remarks(name))
            channel_id, name = place.channel_id, place.name or f"channel {place.channel_id}"
            belonging = Belonging(rules, is_private=place.kind == "dm")
            moment = ""
        if said.at != moment:
            moment = said.at
            seen.clear()
        # Exports of one channel overlap.
        if said.message_id not in seen:
            seen.add(said.message_id)
            yield from ((file, _turn(part, place)) for part in belonging.add(said))
    yield from ((0, note) for note in belonging.remarks(name))


def _turn(part: Part, place: Channel) -> PastTurn:
    said = part.said
    return PastTurn(
        bot_name=part.bot,
        channel_id=place.channel_id,
        user_id=part.person,
        message_id=said.message_id,
        role=part.role,
        at=said.at,
        content=said.content,
        position=said.number,
        part=part.part,
        username=said.author_name,
        channel_name=place.name,
        channel_type=place.kind,
        guild_id=place.guild_id,
        parent_channel_id=place.parent_channel_id,
        metadata=_metadata(part),
        edited_at=said.edited_at,
        answers=part.answers,
    )


def _metadata(part: Part) -> str | None:
    """Write what the store keeps of a message beside its columns, in the store's own words."""
    said, values = part.said, dict[str, object]()
    if part.role == "user":
        if said.reply_to is not None:
            values["reply_to_message_id"] = said.reply_to
    elif part.answers is not None:
        values["response_to_message_id"] = part.answers
    if said.attachments:
        values["attachments"] = said.attachments
    return as_json(values)


def _within(earlier: Said, later: Said, limit: timedelta) -> bool:
    return from_text(later.at) - from_text(earlier.at) <= limit
