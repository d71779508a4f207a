"""Which past turns the shared file has already, so that nothing is written twice."""

from enum import Enum, auto
from typing import TYPE_CHECKING

from multibot.conversation.past import MADE_ID, PastTurn

if TYPE_CHECKING:
    from collections.abc import Collection

    from multibot.store.driver import sqlite

_TURN = """
SELECT import_id FROM conversations
WHERE bot_name = :bot_name AND message_id = :message_id AND role = :role
"""
# The same answer under another kind of id: one copy has Discord's, the other never had any.
_ANSWERS = """
SELECT answer.message_id, answer.import_id
FROM conversations AS question
JOIN conversations AS answer ON answer.bot_name = question.bot_name
    AND answer.channel_id = question.channel_id AND answer.session_id = question.session_id
WHERE question.bot_name = :bot_name AND question.message_id = :message_id
    AND question.role = 'user' AND answer.role = 'assistant'
    AND answer.metadata ->> '$.response_to_message_id' = question.message_id
"""
_ANYTHING = "SELECT 1 FROM conversations WHERE bot_name = :bot_name LIMIT 1"


class Presence(Enum):
    """Whether a turn is in the file: not, by this import, or by anything else."""

    ABSENT = auto()
    OWN = auto()
    PRESENT = auto()


class Known:
    """Looks turns up; `reader` is None where there is no file yet."""

    def __init__(self, reader: "sqlite.Connection | None", own: "Collection[int]") -> None:
        self._reader = reader
        self._own = own
        self._seen: set[str] = set()
        self._new_bots: set[str] = set()

    def look(self, turn: PastTurn) -> Presence:
        """Say whether a turn is there."""
        if turn.bot_name in self._new_bots or self._is_new(turn.bot_name):
            return Presence.ABSENT
        assert self._reader is not None  # noqa: S101 - else every bot is new
        values = {"bot_name": turn.bot_name, "message_id": turn.message_id, "role": turn.role}
        row = self._reader.execute(_TURN, values).fetchone()
        if row is not None:
            return Presence.OWN if row[0] in self._own else Presence.PRESENT
        if turn.role != "user" and turn.answers is not None and self._is_answered(turn):
            return Presence.PRESENT
        return Presence.ABSENT

    def _is_new(self, bot_name: str) -> bool:
        """Say whether a bot had no turn at all when it was first asked for."""
        if bot_name not in self._seen:
            self._seen.add(bot_name)
            values = {"bot_name": bot_name}
            if self._reader is None or not self._reader.execute(_ANYTHING, values).fetchone():
                self._new_bots.add(bot_name)
        return bot_name in self._new_bots

    def _is_answered(self, turn: PastTurn) -> bool:
        assert self._reader is not None  # noqa: S101 - asked for above
        values = {"bot_name": turn.bot_name, "message_id": turn.answers}
        return any(
            message_id.startswith(MADE_ID) != turn.message_id.startswith(MADE_ID)
            and import_id not in self._own
            for message_id, import_id in self._reader.execute(_ANSWERS, values).fetchall()
        )
