"""What one bot must not store again: messages whose authors were forgotten after writing them.

They are met when a bot reads again on Discord what it missed.
"""

from typing import TYPE_CHECKING

from multibot.conversation.message import BotName, InboundMessage
from multibot.store import statements
from multibot.store.archive.tombstones import Tombstone, Tombstones

if TYPE_CHECKING:
    from multibot.store.driver import sqlite


class Forgotten:
    """The tombstones that count for one bot, as they stand in the file."""

    def __init__(self, bot_name: BotName) -> None:
        self._bot_name = bot_name
        self._sql = statements.load()
        self._stones = Tombstones()
        self._last: tuple[int, str, str] | None = None

    def covers(self, connection: "sqlite.Connection", message: InboundMessage) -> bool:
        """Say whether a message is forgotten; of one that is newer than all that costs nothing."""
        last = self._sql.last_tombstone(connection)
        if last != self._last:
            rows = list(self._sql.tombstones(connection, bot_name=self._bot_name))
            self._stones = Tombstones(
                Tombstone(bot_name=bot_name, salt=salt, digest=digest, forgotten_at=at)
                for bot_name, salt, digest, at in rows
            )
            self._last = last
        return self._stones.is_forgotten(message.author_id, self._bot_name, message.created_at)
