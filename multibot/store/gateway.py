"""What counts against a limit of Discord: a bot's gateway starts, the whole host's refusals."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from multibot.clock import Clock, from_text, to_text
from multibot.conversation.message import BotName
from multibot.store import connection, statements
from multibot.store.transaction import Durability
from multibot.store.writer import Writer

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

WITHIN = timedelta(hours=24)


class GatewayLedger:
    """Rows, so that a restart does not forget them."""

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

    async def record_start(self) -> None:
        """Count one IDENTIFY; it may be sent when this returns."""

        def job(writing: "sqlite.Connection") -> None:
            at = to_text(self._clock.now())
            self._sql.insert_gateway_start(writing, bot_name=self._bot_name, at=at)

        await self._writer.run(job)

    async def starts(self) -> tuple[datetime, ...]:
        """Return this bot's starts of the last 24 hours, none of them in the future."""

        def job(writing: "sqlite.Connection") -> list[tuple[str]]:
            now = self._clock.now()
            self._sql.clamp_gateway_starts(writing, bot_name=self._bot_name, now=to_text(now))
            return list(
                self._sql.gateway_starts_since(
                    writing, bot_name=self._bot_name, since=to_text(now - WITHIN)
                )
            )

        rows = await self._writer.run(job, Durability.SOFT)
        return tuple(from_text(at) for (at,) in rows)

    def count_starts(self) -> int:
        """Count this bot's starts of the last 24 hours."""
        since = to_text(self._clock.now() - WITHIN)
        with connection.errors_of(self._path):
            return int(
                self._sql.count_gateway_starts(self._reader, bot_name=self._bot_name, since=since)
            )

    async def count_refusal(self, status: int) -> None:
        """Count one answer that Discord holds against this host's address."""

        def job(writing: "sqlite.Connection") -> None:
            minute = _minute(self._clock.now())
            self._sql.count_http_error(writing, minute=minute, status=status)

        await self._writer.run(job, Durability.SOFT)

    def refusals(self, within: timedelta) -> int:
        """Count what Discord held against this host, all bots; whole minutes, rather too many."""
        now = self._clock.now()
        with connection.errors_of(self._path):
            return int(
                self._sql.http_errors_between(
                    self._reader, first=_minute(now - within), last=_minute(now)
                )
            )


def _minute(moment: datetime) -> str:
    return to_text(moment.replace(second=0, microsecond=0))
