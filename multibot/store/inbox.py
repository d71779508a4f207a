"""The rows of what came in for one bot; every method runs inside the caller's transaction."""

from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args

from multibot.clock import to_text
from multibot.conversation.addressing import Decision, Reason
from multibot.conversation.message import BotName, InboundMessage
from multibot.errors import MultibotError
from multibot.store import statements
from multibot.store.envelope import PLATFORM, from_json, storable
from multibot.store.forgotten import Forgotten

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

FinalState = Literal["answered", "failed", "expired", "declined"]
FINAL_STATES = frozenset(get_args(FinalState))


class DealtWithError(MultibotError):
    """This message has been dealt with already."""


class WithdrawnError(MultibotError):
    """This message was deleted while its answer was being made."""


class Inbox:
    """One bot's inbox."""

    def __init__(self, bot_name: BotName) -> None:
        self._bot_name = bot_name
        self._forgotten = Forgotten(bot_name)
        self._sql = statements.load()

    def insert(
        self,
        writing: "sqlite.Connection",
        message: InboundMessage,
        decision: Decision,
        *,
        now: datetime,
        body: str | None,
    ) -> bool:
        """Store a message once; without a body it is a decision row.

        False when it was there, or when its author was forgotten after writing it.
        """
        if self.is_forgotten(writing, message):
            return False
        inserted: int = self._sql.insert_inbox(
            writing,
            bot_name=self._bot_name,
            message_id=message.message_id,
            platform=PLATFORM,
            guild_id=message.guild_id,
            channel_id=message.channel_id,
            user_id=message.author_id,
            created_at=to_text(message.created_at),
            at=to_text(now),
            decision=decision.verdict.value,
            reason=decision.reason.value,
            detail=storable(decision.detail),
            state="declined" if body is None else "received",
            message=body,
        )
        return inserted > 0

    def decline(
        self,
        writing: "sqlite.Connection",
        message_id: str,
        now: datetime,
        reason: Reason,
        detail: str = "",
    ) -> None:
        """Make a decision row of it: what it says is removed."""
        self._sql.decline_inbox(
            writing,
            bot_name=self._bot_name,
            message_id=message_id,
            reason=reason.value,
            detail=detail,
            at=to_text(now),
        )

    def is_over(self, connection: "sqlite.Connection", message: InboundMessage) -> bool:
        """Say whether nobody may take this message any more, not even one that declined it."""
        key = {"bot_name": self._bot_name, "message_id": message.message_id}
        is_final = self._sql.inbox_state(connection, **key) in FINAL_STATES - {"declined"}
        return is_final or self.is_forgotten(connection, message)

    def is_kept(self, connection: "sqlite.Connection", message_id: str) -> bool:
        """Say whether anything is left of a message: not once its author is forgotten."""
        key = {"bot_name": self._bot_name, "message_id": message_id}
        return (
            self._sql.inbox_state(connection, **key) is not None
            or self._sql.user_turn_session(connection, **key) is not None
        )

    def is_forgotten(self, connection: "sqlite.Connection", message: InboundMessage) -> bool:
        """Say whether the author of a message was forgotten after writing it."""
        return self._forgotten.covers(connection, message)

    def require_open(self, connection: "sqlite.Connection", message_id: str) -> None:
        """Refuse to make an answer that nobody waits for any more.

        Raise DealtWithError, or WithdrawnError where something of it may stand already.
        """
        key = {"bot_name": self._bot_name, "message_id": message_id}
        self._require_open(connection, message_id, self._sql.inbox_state(connection, **key))

    def as_it_stands(
        self, connection: "sqlite.Connection", message: InboundMessage
    ) -> tuple[InboundMessage, str | None]:
        """Return a message that is to be answered as it is stored: it may have been edited.

        And the session in which it is a turn already, if it is. Raises what `require_open` does.
        """
        key = {"bot_name": self._bot_name, "message_id": message.message_id}
        state, edited, session_id = self._sql.standing(connection, **key)
        self._require_open(connection, message.message_id, state)
        return message if edited is None else from_json(edited), session_id

    def _require_open(
        self, connection: "sqlite.Connection", message_id: str, state: str | None
    ) -> None:
        if state in FINAL_STATES:
            raise DealtWithError
        key = {"bot_name": self._bot_name, "message_id": message_id}
        # Before it was begun there was no turn; once its answer is complete, that goes out.
        if state == "generating" and self._sql.is_deleted(connection, **key) is not None:
            raise WithdrawnError

    def take(self, writing: "sqlite.Connection", message_id: str, now: datetime, body: str) -> None:
        """Make it this bot's own to answer, whether it was waiting or lost before."""
        self._sql.take_inbox(
            writing,
            bot_name=self._bot_name,
            message_id=message_id,
            reason=Reason.ANSWERED.value,
            message=body,
            at=to_text(now),
        )
