"""What went wrong, kept for people: one row for the same trouble within an hour, with its count.

Light to import: `multibot incidents` reads it in every hurry.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from multibot.clock import Clock, from_text, to_text
from multibot.store import connection

if TYPE_CHECKING:
    from multibot.conversation.message import BotName
    from multibot.store.driver import sqlite
    from multibot.store.writer import Writer

SAME_WITHIN = timedelta(hours=1)
_QUERY = Path(__file__).parent / "queries" / "recent_incidents.sql"


class Kind(StrEnum):
    """The kinds of trouble that are kept."""

    WATCHDOG = "watchdog"
    CRASH = "crash"
    FAILED = "failed"
    GATEWAY_LOST = "gateway_lost"
    CATCHUP_LEFT_OUT = "catchup_left_out"
    DEGRADED = "degraded"
    PARKED = "parked"
    UPKEEP = "upkeep"
    DAMAGED = "damaged"
    SPACE = "space"


@dataclass(frozen=True, slots=True)
class Incident:
    """One trouble of one bot, with the newest detail."""

    bot_name: str
    kind: str
    detail: str
    count: int
    first_at: datetime
    last_at: datetime


class Incidents:
    """One bot's own troubles, to be written."""

    def __init__(self, bot_name: "BotName", clock: Clock, *, writer: "Writer") -> None:
        from multibot.store import statements  # noqa: PLC0415 - reading needs none of these
        from multibot.store.envelope import storable  # noqa: PLC0415

        self._bot_name = bot_name
        self._clock = clock
        self._writer = writer
        self._sql = statements.load()
        self._storable = storable

    async def record(self, kind: Kind, detail: str = "", at: datetime | None = None) -> None:
        """Keep a trouble of now, or of an earlier moment; the same within an hour is counted."""
        moment = at or self._clock.now()
        values = {
            "bot_name": self._bot_name,
            "kind": kind.value,
            "detail": self._storable(detail),
            "at": to_text(moment),
        }

        def job(writing: "sqlite.Connection") -> None:
            since = to_text(moment - SAME_WITHIN)
            if not self._sql.count_incident(writing, **values, since=since):
                self._sql.insert_incident(writing, **values)

        await self._writer.run(job)


def recent(database: Path, since: datetime) -> tuple[Incident, ...]:
    """Read what went wrong in the whole fleet, newest first; nothing where there is no database."""
    if not database.exists():
        return ()
    reader = connection.open_reader(database)
    try:
        with connection.errors_of(database):
            connection.require_schema(connection.schema_version(reader), database)
            query = _QUERY.read_text(encoding="utf-8")
            rows = reader.execute(query, {"since": to_text(since)}).fetchall()
    finally:
        reader.close()
    return tuple(
        Incident(bot_name, kind, detail, count, from_text(first), from_text(last))
        for bot_name, kind, detail, count, first, last in rows
    )
