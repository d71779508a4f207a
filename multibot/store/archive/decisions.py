"""One message as the whole fleet met it: what each bot decided, and what a bot's own one answers."""

from typing import TYPE_CHECKING, NamedTuple

from multibot.store import connection
from multibot.store.archive import directory

if TYPE_CHECKING:
    from multibot.store.archive.shared import SharedFile

# Decisions are found by bot and message: one look for each bot that ever decided anything.
_NEXT_DECIDER = "SELECT min(bot_name) FROM inbox WHERE bot_name > ?"
_NEXT_SENDER = "SELECT min(bot_name) FROM outbox WHERE bot_name > ?"
_MADE = """
SELECT bot_name, state, reason, detail, received_at, updated_at, guild_id, channel_id, user_id,
    created_at
FROM inbox
WHERE bot_name = ? AND message_id = ?
"""
_SENT = """
SELECT bot_name, message_id, part, sent_at FROM outbox WHERE bot_name = ? AND sent_message_id = ?
"""
_SAID = """
SELECT bot_name, json_extract(metadata, '$.response_to_message_id'), part, timestamp
FROM conversations
WHERE bot_name = ? AND message_id = ? AND role = 'assistant' AND deleted_at IS NULL
"""
_COUNTED = "SELECT bot_name, turn, chain, said_at FROM chain_messages WHERE message_id = ?"
_TAKEN = """
SELECT 1 FROM conversations WHERE bot_name = ? AND message_id = ? AND role = 'user' LIMIT 1
"""
_BOTS = "SELECT bot_name, user_id, started_at FROM bot_status ORDER BY bot_name"
_LAST_SEEN = "SELECT last_seen FROM channel_cursors WHERE bot_name = ? AND channel_id = ?"


class Made(NamedTuple):
    """What one bot decided about a message."""

    bot_name: str
    state: str
    reason: str
    detail: str
    received_at: str
    updated_at: str
    guild_id: str | None
    channel_id: str
    user_id: str
    created_at: str


class Said(NamedTuple):
    """A message of a bot: `turn` is what it answers, or a name for what made it speak up."""

    bot_name: str
    turn: str | None
    part: int | None
    said_at: str
    chain: int | None = None


class Known(NamedTuple):
    """A bot that has run here; `user_id` is missing until Discord has told it."""

    bot_name: str
    user_id: str | None
    started_at: str


def made(shared: "SharedFile", message_id: str) -> list[Made]:
    """Return what each bot decided, by name."""
    with connection.errors_of(shared.path):
        return [
            Made(*row)
            for bot in list(directory.each(shared.reader, _NEXT_DECIDER))
            for row in shared.reader.execute(_MADE, (bot, message_id)).fetchall()
        ]


def said(shared: "SharedFile", message_id: str) -> Said | None:
    """Return which bot of the fleet wrote a message, and in answer to what; none for a person's."""
    with connection.errors_of(shared.path):
        counted = shared.reader.execute(_COUNTED, (message_id,)).fetchone()
        chain = None if counted is None else counted[2]
        sent = _first(shared, _SENT, _NEXT_SENDER, message_id)
        if sent is not None:
            return Said(sent[0], sent[1], sent[2], sent[3], chain)
        if counted is not None:
            return Said(counted[0], counted[1], None, counted[3], chain)
        stored = _first(shared, _SAID, directory.NEXT_BOT, message_id)
    return None if stored is None else Said(*stored)


def took(shared: "SharedFile", message_id: str) -> list[str]:
    """Name the bots whose history has the message as a person's turn."""
    with connection.errors_of(shared.path):
        bots = list(directory.bots(shared.reader))
        return [bot for bot in bots if shared.reader.execute(_TAKEN, (bot, message_id)).fetchone()]


def known(shared: "SharedFile") -> list[Known]:
    """Return every bot that has run here lately."""
    with connection.errors_of(shared.path):
        return [Known(*row) for row in shared.reader.execute(_BOTS).fetchall()]


def last_seen(shared: "SharedFile", bot_name: str, channel_id: str) -> str | None:
    """Return the newest message that a bot has seen of a channel; none where it saw nothing."""
    with connection.errors_of(shared.path):
        row = shared.reader.execute(_LAST_SEEN, (bot_name, channel_id)).fetchone()
    return None if row is None else str(row[0])


def _first(
    shared: "SharedFile", sql: str, next_bot: str, message_id: str
) -> tuple[str, str | None, int, str] | None:
    for bot in list(directory.each(shared.reader, next_bot)):
        row: tuple[str, str | None, int, str] | None = shared.reader.execute(
            sql, (bot, message_id)
        ).fetchone()
        if row is not None:
            return row
    return None
