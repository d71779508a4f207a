"""Sessions that have ended by themselves: closed without waiting for the message that would do it.

`last_activity` stays what it was, the time of the newest message, so that closing decides nothing:
a message that is found later and still belongs to such a session takes it up again (`sessions.py`).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from multibot.clock import to_text
from multibot.conversation.session import SessionRules

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

USUAL = SessionRules()
NO_RULES: Mapping[str, SessionRules] = MappingProxyType({})

# Open sessions are few; without the hint all sessions of a bot are read.
_OPEN = "sessions INDEXED BY idx_sessions_open"
_NEXT_BOT = f"""
SELECT min(bot_name) FROM {_OPEN} WHERE is_active = 1 AND bot_name > :bot_name
"""  # noqa: S608 - a constant
# Strict, as the rules are: at exactly the limit it is the same session.
_CLOSE = f"""
UPDATE sessions
SET is_active = 0, closed_at = :at,
    close_reason = CASE WHEN last_activity < :silent_since THEN 'gap' ELSE 'timeout' END
WHERE id IN (
    SELECT id FROM {_OPEN}
    WHERE bot_name = :bot_name AND is_active = 1 AND mode = 'chat'
        AND (last_activity < :silent_since OR started_at < :begun_before)
    LIMIT :limit)
"""  # noqa: S608 - a constant


def close_lapsed(
    connection: "sqlite.Connection",
    now: datetime,
    limit: int,
    rules: Mapping[str, SessionRules] = NO_RULES,
    default: SessionRules = USUAL,
) -> int:
    """Close at most so many sessions that no message now would continue; return how many.

    `rules` are those of each bot by its name; any other bot has the default ones. A job: it runs
    inside the caller's transaction. Call it again while it returns the limit.
    """
    closed = 0
    for bot_name in _bots(connection):
        own = rules.get(bot_name, default)
        values = {
            "bot_name": bot_name,
            "at": to_text(now),
            "silent_since": to_text(now - own.gap),
            "begun_before": to_text(now - own.timeout),
            "limit": limit - closed,
        }
        closed += connection.execute(_CLOSE, values).rowcount
        if closed >= limit:
            break
    return closed


def _bots(connection: "sqlite.Connection") -> Iterator[str]:
    """Name the bots that have open sessions: a look-up each, however many sessions there are."""
    value = {"bot_name": ""}
    while (bot_name := connection.execute(_NEXT_BOT, value).fetchone()[0]) is not None:
        yield bot_name
        value = {"bot_name": bot_name}
