"""How each bot of the fleet is, read without anything heavy: `multibot status` starts with this."""

from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

from multibot.clock import from_text
from multibot.store import connection

_TABLE = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'bot_status'"
_QUERY = Path(__file__).parent / "queries" / "status.sql"


@dataclass(frozen=True, slots=True, kw_only=True)
class BotStatus:
    """One bot's row in `bot_status`."""

    bot_name: str
    pid: int
    boot_id: str
    started_at: datetime
    state: str
    gateway_state: str
    config_hash: str
    version: str
    user_id: str | None = None
    display_name: str | None = None
    ready_at: datetime | None = None
    heartbeat_at: datetime | None = None
    ack_at: datetime | None = None
    last_event_at: datetime | None = None
    last_answer_at: datetime | None = None
    latency_ms: float | None = None
    loop_lag_ms: float | None = None
    identifies: int = 0
    last_error: str | None = None
    waits_until_at: datetime | None = None


COLUMNS = tuple(field.name for field in fields(BotStatus))
TIMES = tuple(name for name in COLUMNS if name.endswith("_at"))


def read_statuses(database: Path) -> dict[str, BotStatus]:
    """Read every bot's row by its name; nothing where there is no database or no table yet."""
    if not database.exists():
        return {}
    reader = connection.open_reader(database)
    try:
        with connection.errors_of(database):
            found = connection.schema_version(reader)
            if found == 0:
                return {}
            connection.require_schema(found, database)
            if reader.execute(_TABLE).fetchone() is None:
                return {}
            rows = reader.execute(_QUERY.read_text(encoding="utf-8")).fetchall()
    finally:
        reader.close()
    return {row[0]: _status(dict(zip(COLUMNS, row, strict=True))) for row in rows}


def _status(values: dict[str, object]) -> BotStatus:
    for name in TIMES:
        text = values[name]
        values[name] = from_text(text) if isinstance(text, str) else None
    return BotStatus(**values)  # type: ignore[arg-type]  # STRICT columns have these types
