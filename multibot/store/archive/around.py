"""One turn or one session with everything around it: what a person asks about when pointing at it."""

# ruff: noqa: S608 - statements are put together from constants; values are bound
from typing import TYPE_CHECKING, NamedTuple

from multibot.store import connection
from multibot.store.archive import directory
from multibot.store.archive.criteria import SessionKey
from multibot.store.archive.turn import COLUMNS, StoredTurn

if TYPE_CHECKING:
    from multibot.store.archive.shared import SharedFile

_NEWEST = 2**63 - 1

_BY_MESSAGE = f"""
SELECT {COLUMNS}
FROM conversations AS c
WHERE c.bot_name = ? AND c.message_id = ? AND c.deleted_at IS NULL
ORDER BY c.role DESC, c.part
"""
_SESSION = f"""
SELECT {COLUMNS}
FROM conversations AS c INDEXED BY idx_conversations_session
WHERE c.bot_name = ? AND c.channel_id = ? AND c.session_id = ? AND c.deleted_at IS NULL
    AND (? OR c.role <> 'system')
"""
_BEFORE = f"{_SESSION} AND c.id < ? ORDER BY c.id DESC LIMIT ?"
_AFTER = f"{_SESSION} AND c.id > ? ORDER BY c.id LIMIT ?"
_ARRIVAL = """
SELECT bot_name, message_id, decision, reason, detail, state, received_at
FROM inbox
WHERE bot_name = ? AND message_id = ?
"""
_NEXT_BOT = "SELECT min(bot_name) FROM inbox WHERE bot_name > ?"


class Arrival(NamedTuple):
    """What one bot decided about a message, and how far it came; kept for some time."""

    bot_name: str
    message_id: str
    decision: str
    reason: str
    detail: str
    state: str
    received_at: str


def by_message(shared: "SharedFile", message_id: str) -> list[StoredTurn]:
    """Find the turns of a message: one for each bot that took part in it."""
    with connection.errors_of(shared.path):
        return [
            StoredTurn(*row)
            for bot in directory.bots(shared.reader)
            for row in shared.reader.execute(_BY_MESSAGE, (bot, message_id)).fetchall()
        ]


def arrivals(shared: "SharedFile", message_id: str) -> list[Arrival]:
    """Find what each bot decided about a message, also those that did not answer it."""
    with connection.errors_of(shared.path):
        return [
            Arrival(*row)
            for bot in directory.each(shared.reader, _NEXT_BOT)
            for row in shared.reader.execute(_ARRIVAL, (bot, message_id)).fetchall()
        ]


def before(
    shared: "SharedFile",
    session: SessionKey,
    count: int,
    turn_id: int = _NEWEST,
    *,
    with_occasions: bool = False,
) -> list[StoredTurn]:
    """Read the last turns of a session before one of them, or of all; oldest first."""
    with connection.errors_of(shared.path):
        rows = shared.reader.execute(_BEFORE, (*session, with_occasions, turn_id, count)).fetchall()
    return [StoredTurn(*row) for row in reversed(rows)]


def after(
    shared: "SharedFile",
    session: SessionKey,
    count: int,
    turn_id: int,
    *,
    with_occasions: bool = False,
) -> list[StoredTurn]:
    """Read the next turns of a session after one of them."""
    with connection.errors_of(shared.path):
        rows = shared.reader.execute(_AFTER, (*session, with_occasions, turn_id, count)).fetchall()
    return [StoredTurn(*row) for row in rows]
