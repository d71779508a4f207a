"""Sessions of one bot: opened, continued and closed inside the transaction that stores a turn."""

import logging
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from multibot.clock import Clock, from_text, to_text
from multibot.conversation import session as rules_of_sessions
from multibot.conversation.message import BotName, InboundMessage, SessionId
from multibot.conversation.session import OpenSession, SessionRules
from multibot.store import statements
from multibot.store.envelope import PLATFORM, metadata, storable

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Session:
    """One session as it stands: `turns` counts the stored turns of both sides."""

    session_id: SessionId
    started_at: datetime
    turns: int
    is_new: bool = False


def session_user(user_id: str, rules: SessionRules) -> str:
    """Return the user part of a session's key: empty where users share the session."""
    return user_id if rules.scope == "user" else ""


class Sessions:
    """The sessions of one bot; every method runs inside the caller's transaction."""

    def __init__(self, bot_name: BotName, clock: Clock) -> None:
        self._bot_name = bot_name
        self._clock = clock
        self._sql = statements.load()

    def add_user_turn(
        self,
        connection: "sqlite.Connection",
        message: InboundMessage,
        rules: SessionRules,
        stored_in: str | None,
    ) -> Session:
        """Store what a person said in the session it belongs to, unless it is stored in one."""
        if stored_in is not None:
            return self._known(connection, message.channel_id, stored_in, rules)
        at = to_text(message.created_at)
        session = (
            self._continue(connection, message, rules, at)
            or self._reopen(connection, message, rules, at)
            or self._open(connection, message, rules, at)
        )
        self._insert(connection, message, session.session_id, at)
        return session

    def current(
        self, connection: "sqlite.Connection", channel_id: str, user_id: str, rules: SessionRules
    ) -> tuple[Session, datetime] | None:
        """Return the open session of a key with its last activity, however long ago that was."""
        row = self._sql.open_session(connection, **self._key(channel_id, user_id, rules))
        return None if row is None else (_session(row), from_text(row[3]))

    def clear(
        self, connection: "sqlite.Connection", channel_id: str, user_id: str, rules: SessionRules
    ) -> None:
        """Close the newest session for good: no context reaches back into it."""
        self._sql.clear_newest_session(
            connection,
            **self._key(channel_id, user_id, rules),
            at=to_text(self._clock.now()),
        )

    def count_turn(self, connection: "sqlite.Connection", channel_id: str, session_id: str) -> None:
        """Count one turn of the bot."""
        if not self._sql.count_turn(connection, bot_name=self._bot_name, session_id=session_id):
            self._recreate(connection, channel_id, session_id, SessionRules())

    def _key(self, channel_id: str, user_id: str, rules: SessionRules) -> dict[str, str]:
        return {
            "bot_name": self._bot_name,
            "platform": PLATFORM,
            "channel_id": channel_id,
            "user_id": session_user(user_id, rules),
        }

    def _known(
        self, connection: "sqlite.Connection", channel_id: str, session_id: str, rules: SessionRules
    ) -> Session:
        """Return the session of a turn that is stored."""
        key = {"bot_name": self._bot_name, "session_id": session_id}
        row = self._sql.known_session(connection, **key)
        if row is None:
            self._recreate(connection, channel_id, session_id, rules)
            row = self._sql.known_session(connection, **key)
        return _session(row)

    def _recreate(
        self, connection: "sqlite.Connection", channel_id: str, session_id: str, rules: SessionRules
    ) -> None:
        """Make a session again from its turns; without any, there is nothing to make it of."""
        key = {"bot_name": self._bot_name, "channel_id": channel_id, "session_id": session_id}
        began = self._sql.first_turn_at(connection, **key)
        if began is None:
            return
        log.warning("session %s had turns but no row; made again", session_id)
        named = rules_of_sessions.display_id(from_text(began), rules.timeout)
        at = to_text(self._clock.now())
        self._sql.recreate_session(connection, **key, display_id=named, at=at)

    def _continue(
        self, connection: "sqlite.Connection", message: InboundMessage, rules: SessionRules, at: str
    ) -> Session | None:
        """Continue the open session, if the message is in time for it."""
        active_since, began_since = rules_of_sessions.since(message.created_at, rules)
        row = self._sql.continue_session(
            connection,
            **self._key(message.channel_id, message.author_id, rules),
            at=at,
            active_since=to_text(active_since),
            began_since=to_text(began_since),
        )
        return None if row is None else _session(row)

    def _reopen(
        self, connection: "sqlite.Connection", message: InboundMessage, rules: SessionRules, at: str
    ) -> Session | None:
        """Continue the session that only time has closed, or close the open one for good."""
        where = self._key(message.channel_id, message.author_id, rules)
        row = self._sql.open_session(connection, **where) or self._sql.lapsed_session(
            connection, **where
        )
        if row is None:
            return None
        session, last_activity = _session(row), from_text(row[3])
        current = OpenSession(session.session_id, session.started_at, last_activity)
        reason = rules_of_sessions.close_reason(current, message.created_at, rules)
        key = {"bot_name": self._bot_name, "session_id": session.session_id}
        if reason is not None:
            now = to_text(self._clock.now())
            self._sql.close_session(connection, **key, at=now, reason=reason)
            return None
        self._sql.reopen_session(connection, **key)
        self._sql.touch_session(connection, **key, at=at)
        return Session(session.session_id, session.started_at, session.turns + 1)

    def _open(
        self, connection: "sqlite.Connection", message: InboundMessage, rules: SessionRules, at: str
    ) -> Session:
        session_id = SessionId(str(uuid.uuid4()))
        key = {"bot_name": self._bot_name, "session_id": session_id}
        self._sql.insert_session(
            connection,
            **self._key(message.channel_id, message.author_id, rules),
            session_id=session_id,
            at=at,
            display_id=rules_of_sessions.display_id(message.created_at, rules.timeout),
        )
        self._sql.touch_session(connection, **key, at=at)
        return Session(session_id, from_text(at), turns=1, is_new=True)

    def _insert(
        self,
        connection: "sqlite.Connection",
        message: InboundMessage,
        session_id: SessionId,
        at: str,
    ) -> None:
        self._sql.insert_user_turn(
            connection,
            bot_name=self._bot_name,
            platform=PLATFORM,
            guild_id=message.guild_id,
            channel_id=message.channel_id,
            parent_channel_id=message.parent_channel_id,
            channel_name=storable(message.channel_name),
            channel_type=message.channel_type,
            user_id=message.author_id,
            username=storable(message.author_name),
            session_id=session_id,
            message_id=message.message_id,
            role="system" if message.is_unprompted else "user",
            content=storable(message.content),
            at=at,
            metadata=metadata(message),
            edited_at=None if message.edited_at is None else to_text(message.edited_at),
        )


def _session(row: Any) -> Session:
    return Session(SessionId(row[1]), from_text(row[2]), turns=row[4])
