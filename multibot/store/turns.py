"""The order of turns in a channel, which all bots of the fleet share."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from multibot.clock import to_text
from multibot.conversation.message import BotName, InboundMessage
from multibot.store import statements
from multibot.store.claims import LONGEST_LEASE

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# How long a turn keeps its place when its process says nothing; renewed with the claim.
TURN_LEASE = timedelta(seconds=60)


class Turns:
    """One bot's places; the methods that write run inside the caller's transaction."""

    def __init__(self, bot_name: BotName) -> None:
        self._bot_name = bot_name
        self._sql = statements.load()

    def queue(
        self, connection: "sqlite.Connection", message: InboundMessage, now: datetime
    ) -> None:
        """Take the next place in the message's channel."""
        self._sql.queue_turn(
            connection,
            channel_id=message.channel_id,
            message_id=message.message_id,
            bot_name=self._bot_name,
            expires_at=to_text(now + TURN_LEASE),
        )

    def ahead(self, connection: "sqlite.Connection", message: InboundMessage, now: datetime) -> int:
        """Count the turns of the channel that come first."""
        count: int = self._sql.turns_ahead(
            connection,
            channel_id=message.channel_id,
            message_id=message.message_id,
            bot_name=self._bot_name,
            at=to_text(now),
            latest=to_text(now + LONGEST_LEASE),
        )
        return count

    def renew(self, connection: "sqlite.Connection", message_id: str, now: datetime) -> None:
        """Keep a place."""
        self._sql.renew_turn(
            connection,
            message_id=message_id,
            bot_name=self._bot_name,
            expires_at=to_text(now + TURN_LEASE),
        )

    def leave(self, connection: "sqlite.Connection", message_id: str) -> None:
        """Give a place up."""
        self._sql.leave_turn(connection, message_id=message_id, bot_name=self._bot_name)

    def leave_all(self, connection: "sqlite.Connection") -> None:
        """Give up what an earlier process of this bot held."""
        self._sql.leave_all_turns(connection, bot_name=self._bot_name)
