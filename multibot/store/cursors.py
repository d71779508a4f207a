"""How far one bot has read each channel: up to what is stored, and never past what is not.

A cursor stands before the oldest message that arrived and has no row yet, so that a process killed
anywhere finds that message again. While a channel is held, because messages of it may have been
missed, its cursor does not move at all.
"""

import functools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from multibot.clock import Clock, to_text
from multibot.conversation.message import BotName, InboundMessage
from multibot.store import connection, statements
from multibot.store.selection import Selection
from multibot.store.transaction import Durability
from multibot.store.writer import Writer

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# So many cursors move in one write; all other writes wait meanwhile.
SLICE = 100

Move = Callable[["sqlite.Connection", datetime], None]


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a channel is read: everything up to `last_seen` has been dealt with."""

    channel_id: str
    last_seen: str
    is_dm: bool = False


class Cursors:
    """One bot's cursors: what arrives is noted in memory, where it ends in the shared file."""

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
        self._sql = statements.load()
        self._pending: dict[str, set[str]] = {}
        self._highest: dict[str, str] = {}
        self._held = Selection()

    def read(self) -> tuple[Cursor, ...]:
        """Return every cursor as it is stored."""
        with connection.errors_of(self._path):
            rows = list(self._sql.cursors(self._reader, bot_name=self._bot_name))
        return tuple(Cursor(channel_id, seen, bool(is_dm)) for channel_id, seen, is_dm in rows)

    def arrived(self, channel_id: str, message_id: str) -> None:
        """Note a message before anything is awaited: no cursor passes it until it is settled."""
        self._pending.setdefault(channel_id, set()).add(message_id)
        self._reach(channel_id, message_id)

    def settled(self, channel_id: str, message_id: str) -> None:
        """Note that a message has its row, or needs none."""
        pending = self._pending.get(channel_id, set())
        pending.discard(message_id)
        if not pending:
            self._pending.pop(channel_id, None)

    def is_settled(self, channel_id: str, message_id: str) -> bool:
        """Say whether nothing is owed to a message that arrived."""
        return message_id not in self._pending.get(channel_id, ())

    def is_idle(self, channel_id: str) -> bool:
        """Say whether every message of a channel that arrived is settled."""
        return channel_id not in self._pending

    def reached(self, channel_id: str) -> str:
        """Return the newest message of a channel that this process knows of."""
        return self._highest.get(channel_id, "")

    def hold_all(self) -> None:
        """Move no cursor: events begin anew, and what was missed is not known yet."""
        self._held.choose_all()

    def hold_only(self, channel_ids: Iterable[str]) -> None:
        """Let every cursor move but these, unless they were let go, and those held one by one."""
        self._held.narrow(channel_ids)

    def hold(self, channel_id: str) -> None:
        """Move this cursor no more: a message of the channel was lost on the way."""
        self._held.add(channel_id)

    def is_held(self, channel_id: str) -> bool:
        """Say whether a channel's cursor stands still."""
        return channel_id in self._held

    def let_go(self, channel_id: str) -> None:
        """Let a cursor move again: nothing was missed."""
        self._held.discard(channel_id)

    async def release(self, cursors: Iterable[Cursor]) -> None:
        """Let these channels' cursors move again, from here on; many are written bit by bit."""
        moves = []
        for cursor in cursors:
            self.let_go(cursor.channel_id)
            self._reach(cursor.channel_id, cursor.last_seen)
            moves.append(self._move(cursor.channel_id, is_dm=cursor.is_dm))
        for start in range(0, len(moves), SLICE):
            await self._write(moves[start : start + SLICE])

    async def pass_over(self, channel_id: str, message_id: str, *, is_dm: bool) -> None:
        """Go past a message of which nothing is stored."""
        self._reach(channel_id, message_id)
        self.settled(channel_id, message_id)
        if not self.is_held(channel_id):
            await self._write([self._move(channel_id, is_dm=is_dm)])

    async def pass_by(self, message: InboundMessage) -> None:
        """Go past a message whose author is not allowed; a private one leaves no trace at all."""
        if message.is_dm:
            self.settled(message.channel_id, message.message_id)
        else:
            await self.pass_over(message.channel_id, message.message_id, is_dm=False)

    def step(self, message: InboundMessage) -> Move:
        """Return what moves the cursor in the transaction that stores this message."""
        self._reach(message.channel_id, message.message_id)
        if self.is_held(message.channel_id):
            return _stay
        return self._move(message.channel_id, is_dm=message.is_dm, stored=message.message_id)

    def _move(self, channel_id: str, *, is_dm: bool, stored: str | None = None) -> Move:
        pending = self._pending.get(channel_id, set()) - {stored}
        return functools.partial(
            self._carry_out, Cursor(channel_id, self._highest[channel_id], is_dm), tuple(pending)
        )

    def _carry_out(
        self,
        cursor: Cursor,
        pending: tuple[str, ...],
        writing: "sqlite.Connection",
        now: datetime,
    ) -> None:
        missing = self._without_row(writing, pending) if pending else set()
        last_seen = id_below(min(missing, key=id_order)) if missing else cursor.last_seen
        self._sql.move_cursor(
            writing,
            bot_name=self._bot_name,
            channel_id=cursor.channel_id,
            is_dm=int(cursor.is_dm),
            last_seen=last_seen,
            at=to_text(now),
        )

    def _without_row(self, writing: "sqlite.Connection", pending: tuple[str, ...]) -> set[str]:
        """Say which are not stored: a write that its caller gave up may be there by now."""
        ids = orjson.dumps(pending).decode()
        rows = self._sql.stored_among(writing, bot_name=self._bot_name, message_ids=ids)
        return set(pending) - {message_id for (message_id,) in rows}

    async def _write(self, moves: list[Move]) -> None:
        def job(writing: "sqlite.Connection") -> None:
            now = self._clock.now()
            for move in moves:
                move(writing, now)

        if moves:
            await self._writer.run(job, Durability.SOFT)

    def _reach(self, channel_id: str, message_id: str) -> None:
        highest = self._highest.get(channel_id)
        if highest is None or is_newer(message_id, highest):
            self._highest[channel_id] = message_id


def is_newer(message_id: str, other: str) -> bool:
    """Compare two ids as the numbers they are."""
    return id_order(message_id) > id_order(other)


def id_order(message_id: str) -> tuple[int, str]:
    """Give what sorts ids, which are text, as the numbers they are."""
    return len(message_id), message_id


def id_below(message_id: str) -> str:
    """Return the id just before this one."""
    return str(int(message_id) - 1)


def _stay(writing: "sqlite.Connection", now: datetime) -> None:
    """Leave the cursor where it is."""
