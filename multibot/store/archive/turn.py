"""One stored turn of any bot, as the commands that read history know it."""

from typing import NamedTuple

from multibot.store.archive.criteria import SessionKey

COLUMNS = """
    c.id, c.bot_name, c.timestamp, c.channel_id, c.channel_name, c.channel_type, c.guild_id,
    c.user_id, c.username, c.session_id, c.message_id, c.part, c.role, c.content, c.edited_at,
    c.metadata
"""


class Key(NamedTuple):
    """Where a turn stands among all: by time, then in the order of storing."""

    timestamp: str
    id: int


class StoredTurn(NamedTuple):
    """One turn, with the names of the columns; `metadata` is JSON text."""

    id: int
    bot_name: str
    timestamp: str
    channel_id: str
    channel_name: str
    channel_type: str
    guild_id: str | None
    user_id: str
    username: str
    session_id: str
    message_id: str
    part: int
    role: str
    content: str
    edited_at: str | None
    metadata: str | None

    @property
    def key(self) -> Key:
        """Where it stands among all."""
        return Key(self.timestamp, self.id)

    @property
    def session(self) -> SessionKey:
        """The session it is part of."""
        return SessionKey(self.bot_name, self.channel_id, self.session_id)

    @property
    def is_heard(self) -> bool:
        """Whether somebody else said it: a person, or another bot of the fleet."""
        return self.role == "user"

    @property
    def is_occasion(self) -> bool:
        """Whether nobody said it: it moved the bot to speak up by itself."""
        return self.role == "system"
