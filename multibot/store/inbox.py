"""The rows of what came in for one bot; every method runs inside the caller's transaction."""

from datetime import datetime
from typing import TYPE_CHECKING

from multibot.clock import to_text
from multibot.conversation.addressing import Decision, Reason
from multibot.conversation.message import BotName, InboundMessage
from multibot.store import statements
from multibot.store.envelope import PLATFORM, storable

if TYPE_CHECKING:
    from multibot.store.driver import sqlite


class Inbox:
    """One bot's inbox."""

    def __init__(self, bot_name: BotName) -> None:
        self._bot_name = bot_name
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
        """Store a message once; without a body it is a decision row. False when it was there."""
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
