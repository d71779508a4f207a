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
        self, connection: "sqlite.Connection", message: InboundMessage, rules: SessionRules
    ) -> Session:
        """Store what a person said, once, in the session it belongs to."""
        stored_in = self._sql.user_turn_session(
            connection, bot_name=self._bot_name, message_id=message.message_id
        )
        if stored_in is not None:
            return self.require(connection, SessionId(stored_in))
        session = self._continue(connection, message, rules) or self._open(
            connection, message, rules
        )
        self._insert(connection, message, session.session_id)
        return session

    def current(
        self, connection: "sqlite.Connection", channel_id: str, user_id: str, rules: SessionRules
    ) -> tuple[Session, datetime] | None:
        """Return the open session of a key with its last activity, however long ago that was."""
        row = self._sql.open_session(
            connection,
            bot_name=self._bot_name,
            platform=PLATFORM,
            channel_id=channel_id,
            user_id=session_user(user_id, rules),
        )
        return None if row is None else (_session(row), from_text(row[3]))

    def clear(
        self, connection: "sqlite.Connection", channel_id: str, user_id: str, rules: SessionRules
    ) -> None:
        """Close the newest session for good: no context reaches back into it."""
        self._sql.clear_newest_session(
            connection,
            bot_name=self._bot_name,
            platform=PLATFORM,
            channel_id=channel_id,
            user_id=session_user(user_id, rules),
            at=to_text(self._clock.now()),
        )

    def count_turn(self, connection: "sqlite.Connection", session_id: str) -> None:
        """Count one turn of the bot."""
        counted = self._sql.count_turn(connection, bot_name=self._bot_name, session_id=session_id)
        if not counted:
            self.require(connection, SessionId(session_id))

    def require(self, connection: "sqlite.Connection", session_id: SessionId) -> Session:
        """Return a session by its id, made again from its turns when its row is gone."""
        key = {"bot_name": self._bot_name, "session_id": session_id}
        row = self._sql.known_session(connection, **key)
        if row is None:
            log.warning("session %s had turns but no row; made again", session_id)
            self._sql.recreate_session(connection, **key, at=to_text(self._clock.now()))
            row = self._sql.known_session(connection, **key)
        return _session(row)

    def _continue(
        self, connection: "sqlite.Connection", message: InboundMessage, rules: SessionRules
    ) -> Session | None:
        """Continue the open session, or close it when the message is too late for it."""
        found = self.current(connection, message.channel_id, message.author_id, rules)
        if found is None:
            return None
        session, last_activity = found
        current = OpenSession(session.session_id, session.started_at, last_activity)
        reason = rules_of_sessions.close_reason(current, message.created_at, rules)
        key = {"bot_name": self._bot_name, "session_id": session.session_id}
        if reason is not None:
            at = to_text(self._clock.now())
            self._sql.close_session(connection, **key, at=at, reason=reason)
            return None
        self._sql.touch_session(connection, **key, at=to_text(message.created_at))
        return Session(session.session_id, session.started_at, session.turns + 1)

    def _open(
        self, connection: "sqlite.Connection", message: InboundMessage, rules: SessionRules
    ) -> Session:
        session_id = SessionId(str(uuid.uuid4()))
        at = to_text(message.created_at)
        key = {"bot_name": self._bot_name, "session_id": session_id}
        self._sql.insert_session(
            connection,
            **key,
            platform=PLATFORM,
            channel_id=message.channel_id,
            user_id=session_user(message.author_id, rules),
            at=at,
            display_id=rules_of_sessions.display_id(message.created_at, rules.timeout),
        )
        self._sql.touch_session(connection, **key, at=at)
        return Session(session_id, from_text(at), turns=1, is_new=True)

    def _insert(
        self, connection: "sqlite.Connection", message: InboundMessage, session_id: SessionId
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
            content=storable(message.content),
            at=to_text(message.created_at),
            metadata=metadata(message),
        )


def _session(row: Any) -> Session:
    return Session(SessionId(row[1]), from_text(row[2]), turns=row[4])
