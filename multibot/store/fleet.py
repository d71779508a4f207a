"""What one bot says of itself, and what it can know of the others."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from multibot.clock import Clock, to_text
from multibot.conversation.message import BotName
from multibot.store import connection, statements
from multibot.store.envelope import storable
from multibot.store.status import COLUMNS, BotStatus
from multibot.store.transaction import Durability
from multibot.store.writer import Writer

if TYPE_CHECKING:
    from multibot.store.driver import sqlite


@dataclass(frozen=True, slots=True)
class Peer:
    """A bot of the fleet as Discord knows it; the asking bot is one too."""

    bot_name: BotName
    user_id: str
    display_name: str


class Fleet:
    """The fleet's table of bots, with this one's own row to write."""

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

    async def report(self, status: BotStatus) -> None:
        """Write this bot's own row."""
        values = {name: _plain(getattr(status, name)) for name in COLUMNS}
        values["bot_name"] = self._bot_name
        await self._writer.run(
            lambda writing: self._sql.report_status(writing, **values), Durability.SOFT
        )

    def alive(self, max_age: timedelta) -> tuple[Peer, ...]:
        """Return every bot whose heartbeat is not older than this, by name."""
        now = self._clock.now()
        with connection.errors_of(self._path):
            rows = list(
                self._sql.peers_since(
                    self._reader, since=to_text(now - max_age), latest=to_text(now + max_age)
                )
            )
        return tuple(Peer(BotName(name), user, shown or name) for name, user, shown in rows)

    async def record_gateway_start(self) -> None:
        """Count one IDENTIFY, so that the daily budget outlives restarts."""

        def job(writing: "sqlite.Connection") -> None:
            at = to_text(self._clock.now())
            self._sql.insert_gateway_start(writing, bot_name=self._bot_name, at=at)

        await self._writer.run(job)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return to_text(value)
    return storable(value) if isinstance(value, str) else value
