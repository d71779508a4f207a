"""What was said to one bot and by it."""

import heapq
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from multibot.clock import Clock, from_text, to_text
from multibot.conversation import session as rules_of_sessions
from multibot.conversation.message import BotName, SessionId, Turn
from multibot.conversation.session import OpenSession, SessionRules
from multibot.store import connection, statements
from multibot.store.envelope import PLATFORM
from multibot.store.sessions import Session, Sessions, session_user
from multibot.store.writer import Writer

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# Role, content, time, session, message, user, name and part of a turn.
_Row = tuple[str, str, str, str, str, str, str, int]


class History:
    """The turns and sessions of one bot. Reads are quick and wait for nobody."""

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
        self._sessions = Sessions(bot_name, clock)
        self._sql = statements.load()

    def context(
        self,
        channel_id: str,
        user_id: str,
        rules: SessionRules,
        limit: int,
        max_age: timedelta,
    ) -> tuple[Turn, ...]:
        """Return the newest turns, oldest first, over all sessions since the last `/clear`."""
        oldest = to_text(self._clock.now() - max_age)
        with connection.errors_of(self._path):
            clear = self._sql.last_clear(
                self._reader,
                bot_name=self._bot_name,
                platform=PLATFORM,
                channel_id=channel_id,
                user_id=session_user(user_id, rules),
            )
            # An answer that was still being made at the `/clear` belongs to the session before it.
            line = _Line(*clear) if clear else _Line()
            user = user_id if rules.scope == "user" else None
            rows = self._newest(channel_id, user, line, limit)
        return tuple(_turn(row) for row in reversed(rows) if row[2] >= oldest)

    def current_session(self, channel_id: str, user_id: str, rules: SessionRules) -> Session | None:
        """Return the session that a message sent now would continue."""
        with connection.errors_of(self._path):
            found = self._sessions.current(self._reader, channel_id, user_id, rules)
        if found is None:
            return None
        session, last_activity = found
        current = OpenSession(session.session_id, session.started_at, last_activity)
        return session if rules_of_sessions.continues(current, self._clock.now(), rules) else None

    def said(self, message_id: str) -> Turn | None:
        """Return what a person said, as it stands now; none once it is deleted."""
        with connection.errors_of(self._path):
            row = self._sql.said(self._reader, bot_name=self._bot_name, message_id=message_id)
        return None if row is None else _turn(row)

    def lately(self, channel_id: str, user_id: str, limit: int) -> tuple[Turn, ...]:
        """Return the newest turns with one user in one channel, oldest first, cleared or not."""
        with connection.errors_of(self._path):
            rows = self._newest(channel_id, user_id, _Line(), limit)
        return tuple(_turn(row) for row in reversed(rows))

    def own_words(self, message_id: str) -> str | None:
        """Return what this bot said with one of its messages on Discord."""
        with connection.errors_of(self._path):
            said: str | None = self._sql.own_words(
                self._reader, bot_name=self._bot_name, message_id=message_id
            )
        return said

    def talk_of_channel(self, channel_id: str, limit: int, max_age: timedelta) -> tuple[Turn, ...]:
        """Return what anybody said to this bot in a channel, oldest first, unless it was cleared."""
        with connection.errors_of(self._path):
            rows = list(
                self._sql.talk_of_channel(
                    self._reader,
                    bot_name=self._bot_name,
                    channel_id=channel_id,
                    since=to_text(self._clock.now() - max_age),
                    limit=limit,
                )
            )
        return tuple(_turn(row) for row in reversed(rows))

    async def clear(self, channel_id: str, user_id: str, rules: SessionRules) -> None:
        """Close the session: the next message starts a new one, and what was said is kept."""
        await self._writer.run(
            lambda writing: self._sessions.clear(writing, channel_id, user_id, rules)
        )

    def _newest(
        self, channel_id: str, user_id: str | None, line: "_Line", limit: int
    ) -> list[_Row]:
        """Return the newest turns, newest first: of one user, or of all.

        What was imported counts as older than its ids say: it comes in where the bot's own turns
        do not reach back as far.
        """
        where = {"bot_name": self._bot_name, "channel_id": channel_id, "limit": limit}
        sql, own, past = self._sql, "channel_context", "channel_past"
        if user_id is not None:
            where, own, past = where | {"user_id": user_id}, "user_context", "user_past"
        bounds = {"after_id": line.through, "cleared_session": line.session_id}
        rows: list[_Row] = list(getattr(sql, own)(self._reader, **where, **bounds))
        if len(rows) == limit:
            return rows
        imported = list(getattr(sql, past)(self._reader, **where, since=line.at))
        merged = heapq.merge(rows, imported, key=lambda row: row[2], reverse=True)
        return list(merged)[:limit]


class _Line(NamedTuple):
    """Where a `/clear` cut the history off; everything is behind a line that was never drawn."""

    session_id: str = ""
    through: int = 0
    at: str = ""


def _turn(row: _Row) -> Turn:
    role, content, timestamp, session_id, message_id, user_id, user_name, part = row
    return Turn(
        role=role,  # type: ignore[arg-type]  # the table's CHECK allows no other
        content=content,
        at=from_text(timestamp),
        session_id=SessionId(session_id),
        message_id=message_id,
        user_id=user_id,
        user_name=user_name,
        part=part,
    )
