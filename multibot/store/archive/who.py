"""Who is a person and who a bot of the fleet, and what each is called."""

from functools import cached_property
from typing import TYPE_CHECKING

from multibot.store import connection
from multibot.store.archive import directory
from multibot.store.archive.criteria import Place

if TYPE_CHECKING:
    from multibot.store.archive.shared import SharedFile

# So many of a bot's newest turns are looked at to find out under which id another bot heard it.
HEARD = 1_000

_REPORTED = """
SELECT user_id, coalesce(nullif(display_name, ''), bot_name), bot_name
FROM bot_status
WHERE user_id IS NOT NULL AND user_id <> ''
"""
# Who was told to be which bot when a copy was imported.
_IMPORTED = """
SELECT DISTINCT told.key, told.value, told.value
FROM imports, json_each(imports.options, '$.as_bot') AS told
WHERE imports.undone_at IS NULL AND told.type = 'text'
"""
# What a bot said itself is nothing that a person wrote; ids that an import made up are not shared.
_HEARD = """
SELECT DISTINCT heard.user_id, heard.username
FROM (
    SELECT message_id, role FROM conversations INDEXED BY idx_conversations_time
    WHERE bot_name = :bot
    ORDER BY timestamp DESC, id DESC
    LIMIT :most
) AS own
CROSS JOIN conversations AS heard
    ON heard.bot_name = :other AND heard.message_id = own.message_id AND heard.role = 'user'
WHERE own.role = 'assistant' AND own.message_id GLOB '[0-9]*'
"""
_NAME = """
SELECT timestamp, username FROM conversations
WHERE bot_name = ? AND channel_id = ? AND user_id = ? AND role = 'user' AND deleted_at IS NULL
ORDER BY id DESC
LIMIT 1
"""


class Who:
    """Tells the fleet's bots from people, and names both; each is looked up once."""

    def __init__(self, shared: "SharedFile") -> None:
        self._shared = shared
        self._names: dict[str, str] = {}

    @cached_property
    def bots(self) -> dict[str, str]:
        """The bots' names by their ids on Discord: as told here or to an import, or as other bots heard them."""
        with connection.errors_of(self._shared.path):
            told = [
                row
                for sql in (_IMPORTED, _REPORTED)
                for row in self._shared.reader.execute(sql).fetchall()
            ]
            found: dict[str, str] = {user_id: name for user_id, name, _ in told}
            known = {bot_name for *_, bot_name in told}
            speakers = list(directory.bots(self._shared.reader))
            for bot in speakers:
                for other in speakers if bot not in known else ():
                    if other != bot:
                        values = {"bot": bot, "other": other, "most": HEARD}
                        heard = self._shared.reader.execute(_HEARD, values).fetchall()
                        found |= {user_id: name or bot for user_id, name in heard}
        return found

    def name(self, user_id: str) -> str:
        """Return what somebody is called: a person by the newest name; empty for a stranger."""
        if user_id in self.bots:
            return self.bots[user_id]
        if user_id not in self._names:
            self._names[user_id] = self._newest_name(user_id)
        return self._names[user_id]

    def _newest_name(self, user_id: str) -> str:
        with connection.errors_of(self._shared.path):
            found = [
                row
                for place in self._places
                for row in self._shared.reader.execute(_NAME, (*place, user_id)).fetchall()
            ]
        return str(max(found)[1]) if found else ""

    @cached_property
    def _places(self) -> list[Place]:
        return list(directory.places(self._shared.reader))
