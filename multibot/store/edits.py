"""What people change on Discord, brought to what one bot has stored of it.

An event may come before the row it is about: while a message is on its way in, or a part of an
answer on its way out. What was told lately is therefore kept in memory, and asked for again by
whoever has stored something new (`settle`).
"""

from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import orjson

from multibot.clock import Clock, to_text
from multibot.conversation.message import BotName, InboundMessage
from multibot.store import connection, statements
from multibot.store.claims import Claims
from multibot.store.cursors import id_order
from multibot.store.envelope import storable
from multibot.store.transaction import Durability
from multibot.store.turns import Turns
from multibot.store.writer import Writer

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

T = TypeVar("T")

# So many edits and deletions are remembered; a row comes seconds after them, or not at all.
REMEMBERED = 1000
# So many messages change in one write; all other writes wait meanwhile.
SLICE = 100
# So many turns of a channel are compared with what Discord shows of it.
COMPARED = 400


class Edits:
    """Edits and deletions of one bot's turns, and of the copies that wait to be answered."""

    def __init__(
        self,
        bot_name: BotName,
        clock: Clock,
        *,
        reader: "sqlite.Connection",
        writer: Writer,
        path: Path,
    ) -> None:
        self._bot_name = bot_name
        self._clock = clock
        self._reader = reader
        self._writer = writer
        self._path = path
        self._claims = Claims(bot_name)
        self._turns = Turns(bot_name)
        self._sql = statements.load()
        # None is a deletion: nothing comes after it.
        self._told: OrderedDict[str, InboundMessage | None] = OrderedDict()

    async def edited(self, messages: Sequence[InboundMessage]) -> None:
        """Bring messages that were edited up to date; an older edit than the known one is none."""
        for message in messages:
            known = self._told.get(message.message_id, message)
            if known is not None and _order(known) <= _order(message):
                self._remember(message.message_id, message)
        for some in _sliced(messages):
            if self._is_stored([message.message_id for message in some]):
                await self._edit(some)

    async def deleted(self, message_ids: Collection[str]) -> None:
        """Empty what is stored of messages that were deleted; their rows stay."""
        for message_id in message_ids:
            self._remember(message_id, None)
        for some in _sliced([*message_ids]):
            if self._is_stored(some):
                await self._delete(some)

    async def settle(self, message_id: str) -> None:
        """Apply what was told of a message before it was stored; call after storing one."""
        if message_id not in self._told:
            return
        newest = self._told[message_id]
        if newest is None:
            await self._delete([message_id])
        else:
            await self._edit([newest])

    def empty(self, writing: "sqlite.Connection", message_ids: Sequence[str]) -> None:
        """Take away what these messages say, wherever it stands; inside the caller's transaction."""
        gone = {"bot_name": self._bot_name, "message_ids": _json(message_ids)}
        self._sql.delete_turns(writing, **gone, at=to_text(self._clock.now()))
        self._sql.empty_waiting(writing, **gone)
        self._sql.empty_sent(writing, **gone)

    def missing(
        self, channel_id: str, there: Collection[str], oldest: str, newest: str
    ) -> tuple[str, ...]:
        """Name stored messages of a channel that are not among those that are there.

        Only from the oldest to the newest of these ids, of which all that exist must be known.
        """
        where = {"bot_name": self._bot_name, "channel_id": channel_id}
        with connection.errors_of(self._path):
            stored = [
                *self._sql.newest_messages(self._reader, **where, limit=COMPARED),
                *self._sql.waiting_messages(self._reader, **where),
            ]
        ids = dict.fromkeys(message_id for (message_id,) in stored)
        return tuple(each for each in ids if each not in there and _lies(oldest, each, newest))

    def _remember(self, message_id: str, message: InboundMessage | None) -> None:
        self._told[message_id] = message
        self._told.move_to_end(message_id)
        while len(self._told) > REMEMBERED:
            self._told.popitem(last=False)

    def _is_stored(self, message_ids: Sequence[str]) -> bool:
        """Ask before writing: most of what people change no bot has kept."""
        with connection.errors_of(self._path):
            found = self._sql.is_stored(
                self._reader, bot_name=self._bot_name, message_ids=_json(message_ids)
            )
        return bool(found)

    async def _edit(self, messages: Sequence[InboundMessage]) -> None:
        def job(writing: "sqlite.Connection") -> None:
            for message in messages:
                self._edit_one(writing, message)

        await self._writer.run(job, Durability.SOFT)

    def _edit_one(self, writing: "sqlite.Connection", message: InboundMessage) -> None:
        attachments = [storable(each) for each in message.attachments]
        new = {
            "bot_name": self._bot_name,
            "message_id": message.message_id,
            "content": storable(message.content),
            "edited_at": _order(message),
        }
        self._sql.edit_turn(writing, **new, changes=_json({"attachments": attachments or None}))
        self._sql.edit_waiting(writing, **new, attachments=_json(attachments))

    async def _delete(self, message_ids: Sequence[str]) -> None:
        gone = {"bot_name": self._bot_name, "message_ids": _json(message_ids)}

        def job(writing: "sqlite.Connection") -> None:
            now = self._clock.now()
            for (message_id,) in list(self._sql.expire_deleted(writing, **gone, at=to_text(now))):
                self._claims.settle(writing, message_id, now, "expired")
                self._turns.leave(writing, message_id)
            self._sql.bury_growing(writing, **gone, at=to_text(now))
            self.empty(writing, message_ids)

        # Hard: nobody would ever tell of it again.
        await self._writer.run(job)


def _order(message: InboundMessage) -> str:
    return "" if message.edited_at is None else to_text(message.edited_at)


def _lies(oldest: str, message_id: str, newest: str) -> bool:
    return message_id.isdigit() and id_order(oldest) <= id_order(message_id) <= id_order(newest)


def _json(value: object) -> str:
    return orjson.dumps(value).decode("utf-8")


def _sliced(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), SLICE):
        yield items[start : start + SLICE]
