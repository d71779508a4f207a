"""What belongs to one user in the shared file, and how it is removed in small steps.

A row is theirs when it says so: what they wrote, what was answered to them, and what was kept to do
so. What others wrote about them is not. Every way to remove a user goes through here.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from multibot.store import layout
from multibot.store.archive import words

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

FOREVER = "9999-12-31T23:59:59.999Z"
# So many rows are looked through in one read, however few of them are found.
WINDOW = 20_000

_OURS = "user_id = :user_id AND (:bot_name = '' OR bot_name = :bot_name)"
_BETWEEN = "id > :after AND id <= :through"
_INBOX = f"""
SELECT id, bot_name, channel_id, guild_id IS NULL, created_at, message_id FROM inbox
WHERE {_BETWEEN} AND {_OURS} AND created_at <= :until
"""  # noqa: S608 - constants
_TURN = """
SELECT id, bot_name, channel_id, channel_type = 'dm', timestamp,
    CASE role WHEN 'user' THEN message_id
        ELSE CAST(metadata ->> '$.response_to_message_id' AS TEXT) END,
    session_id
FROM conversations
"""
# An answer goes with its question: it was on its way then, and is the later of the two.
_CONVERSATIONS = f"""
{_TURN} AS said
WHERE {_BETWEEN} AND {_OURS} AND (
    timestamp <= :until
    OR role = 'assistant' AND metadata ->> '$.response_to_message_id' IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM conversations AS question
        WHERE question.bot_name = said.bot_name AND question.role IN ('user', 'system')
            AND question.message_id = CAST(said.metadata ->> '$.response_to_message_id' AS TEXT)
            AND question.timestamp > :until
    )
)
"""  # noqa: S608 - constants
# Also what carries nobody's id, or the bot's own, as turns of old files may.
_IN_SESSION = f"""
{_TURN} INDEXED BY idx_conversations_session
WHERE bot_name = :bot AND channel_id = :channel AND session_id = :session
    AND timestamp <= :until AND user_id <> :user_id
"""
_SESSIONS = f"""
SELECT bot_name, channel_id, session_id FROM sessions
WHERE {_BETWEEN} AND {_OURS} AND started_at <= :until
"""  # noqa: S608 - constants
_ACCEPTED_PAGE = """
SELECT max(message_id) FROM (
    SELECT message_id FROM accepted_messages WHERE message_id > :after
    ORDER BY message_id LIMIT :window)
"""
_ACCEPTED = """
SELECT message_id FROM accepted_messages
WHERE message_id > :after AND message_id <= :through AND user_id = :user_id
    AND (:bot_name = '' OR answered_by = :bot_name) AND accepted_at <= :until
"""
_NOTICES = """
SELECT kind FROM notices
WHERE subject = :user_id AND :bot_name = '' AND noticed_at <= :until
"""

# What was kept for one message, and for a private channel.
_OF_MESSAGE = {
    "outbox": "bot_name = :bot AND message_id = :message",
    "channel_turns": "bot_name = :bot AND message_id = :message",
    "message_claims": "bot_name = :bot AND message_id = :message",
}
_OF_CHANNEL = {
    "channel_cursors": "bot_name = :bot AND channel_id = :channel AND updated_at <= :until",
    "notices": "subject = :channel AND noticed_at <= :until",
}
# Each by its own key, and once more by what makes it theirs: an id may be given out anew meanwhile.
_OF_ROW = {
    "inbox": "id = :id AND bot_name = :bot AND message_id = :message",
    "conversations": "id = :id AND bot_name = :bot",
    "accepted_messages": "message_id = :key AND user_id = :user_id",
    "notices": "kind = :key AND subject = :user_id",
}
_TURNS_LEFT = """
SELECT count(*) FROM conversations INDEXED BY idx_conversations_session
WHERE bot_name = :bot AND channel_id = :channel AND session_id = :session
"""
_EMPTY_SESSION = f"bot_name = :bot AND session_id = :session AND NOT ({_TURNS_LEFT})"
_SHORTEN_SESSION = """
UPDATE sessions SET message_count = max(message_count - :removed, 0)
WHERE bot_name = :bot AND session_id = :session
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose rows: of one bot or (empty) of all, and none that is newer than `until`."""

    user_id: str
    bot_name: str = ""
    until: str = FOREVER

    def values(self) -> dict[str, Any]:
        """Give the parameters of the statements here."""
        return {"user_id": self.user_id, "bot_name": self.bot_name, "until": self.until}


class Received(NamedTuple):
    """A row of `inbox`."""

    id: int
    bot: str
    channel: str
    is_private: int
    at: str
    message: str


class Said(NamedTuple):
    """A row of `conversations`, with the message it was kept for where that is known."""

    id: int
    bot: str
    channel: str
    is_private: int
    at: str
    message: str | None
    session: str


class OwnSession(NamedTuple):
    """A row of `sessions` that is one user's alone."""

    bot: str
    channel: str
    session: str


class Kept(NamedTuple):
    """A row that the whole fleet keeps of a user."""

    table: str
    key: str


Row = Received | Said | OwnSession | Kept


class Belongings:
    """Everything of one user in one file."""

    def __init__(self, reader: "sqlite.Connection", scope: Scope) -> None:
        self._scope = scope
        # A copy may be older than some of the tables.
        self._tables = set(layout.tables_of(reader))

    def found(self, reader: "sqlite.Connection") -> Iterator[Sequence[Row]]:
        """Look through the file bit by bit; what others are found by comes last."""
        for table, query, kind in (
            ("inbox", _INBOX, Received),
            ("conversations", _CONVERSATIONS, Said),
        ):
            for rows in self._windows(reader, table, query):
                yield [kind(*row) for row in rows]
        for rows in self._windows(reader, "sessions", _SESSIONS):
            for own in (OwnSession(*row) for row in rows):
                where = self._scope.values() | own._asdict()
                yield [Said(*row) for row in reader.execute(_IN_SESSION, where).fetchall()]
            yield [OwnSession(*row) for row in rows]
        yield from self._kept(reader)

    def _windows(
        self, reader: "sqlite.Connection", table: str, query: str
    ) -> Iterator[list[tuple[Any, ...]]]:
        if table not in self._tables:
            return
        bounds = f"SELECT coalesce(min(id), 0) - 1, coalesce(max(id), 0) FROM {table}"  # noqa: S608
        after, last = reader.execute(bounds).fetchone()
        while after < last:
            window = {"after": after, "through": after + WINDOW}
            yield reader.execute(query, self._scope.values() | window).fetchall()
            after += WINDOW

    def _kept(self, reader: "sqlite.Connection") -> Iterator[Sequence[Row]]:
        values = self._scope.values()
        after: str | None = ""
        while "accepted_messages" in self._tables and after is not None:
            page = {"after": after, "window": WINDOW}
            through = reader.execute(_ACCEPTED_PAGE, page).fetchone()[0]
            rows = reader.execute(_ACCEPTED, values | page | {"through": through}).fetchall()
            yield [Kept("accepted_messages", key) for (key,) in rows]
            after = through
        if "notices" in self._tables:
            rows = reader.execute(_NOTICES, values).fetchall()
            yield [Kept("notices", kind) for (kind,) in rows]

    def remove(self, connection: "sqlite.Connection", rows: Sequence[Row]) -> Counter[str]:
        """Remove rows that were found, with all that was kept for them; count them by table.

        Run it inside a transaction.
        """
        return self.remove_some(connection, rows, lambda: False)[1]

    def remove_some(
        self, connection: "sqlite.Connection", rows: Sequence[Row], is_enough: Callable[[], bool]
    ) -> tuple[int, Counter[str]]:
        """Remove rows in their order until it is enough; say how many of them, too."""
        removed: Counter[str] = Counter()
        shortened: Counter[OwnSession] = Counter()
        done = 0
        with words.removed_in_bulk(connection, is_due=any(isinstance(row, Said) for row in rows)):
            for row in rows:
                done += 1
                gone = self._remove(connection, row)
                removed.update(gone)
                if isinstance(row, Said):
                    shortened[_session(row)] += gone["conversations"]
                if is_enough():
                    break
        for session, count in shortened.items():
            values = session._asdict()
            connection.execute(_SHORTEN_SESSION, values | {"removed": count})
            delete = f"DELETE FROM sessions WHERE {_EMPTY_SESSION}"  # noqa: S608 - constants
            removed["sessions"] += connection.execute(delete, values).rowcount
        return done, +removed

    def _remove(self, connection: "sqlite.Connection", row: Row) -> dict[str, int]:
        values = self._scope.values() | row._asdict()
        removed = {}
        for table, where, _ in self._reach(row):
            delete = f"DELETE FROM {table} WHERE {where}"  # noqa: S608 - constants
            removed[table] = connection.execute(delete, values).rowcount
        return removed

    def count(self, reader: "sqlite.Connection") -> Counter[str]:
        """Count by table what `remove` would remove, without writing anything."""
        counted: Counter[str] = Counter()
        turns: Counter[OwnSession] = Counter()
        seen: set[tuple[str, ...]] = set()
        for row in (row for rows in self.found(reader) for row in rows):
            if isinstance(row, OwnSession):
                turns[row] += 0
                continue
            if isinstance(row, Said):
                turns[_session(row)] += 1
            values = self._scope.values() | row._asdict()
            for table, where, key in self._reach(row):
                if key is None or key not in seen:
                    count = f"SELECT count(*) FROM {table} WHERE {where}"  # noqa: S608 - constants
                    counted[table] += reader.execute(count, values).fetchone()[0]
                if key is not None:
                    seen.add(key)
        for session, count_ in turns.items():
            left = reader.execute(_TURNS_LEFT, session._asdict()).fetchone()[0]
            counted["sessions"] += left == count_
        return +counted

    def _reach(self, row: Row) -> Iterator[tuple[str, str, tuple[str, ...] | None]]:
        """Say what goes with a row, the row itself last: table, condition, who else reaches it."""
        if isinstance(row, Kept):
            yield row.table, _OF_ROW[row.table], None
        elif isinstance(row, OwnSession):
            yield "sessions", _EMPTY_SESSION, None
        else:
            if row.message is not None:
                yield from self._there(_OF_MESSAGE, row.bot, row.message)
            if row.is_private:
                yield from self._there(_OF_CHANNEL, row.bot, row.channel)
            own = "inbox" if isinstance(row, Received) else "conversations"
            yield own, _OF_ROW[own], None

    def _there(
        self, conditions: Mapping[str, str], *key: str
    ) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        for table, where in conditions.items():
            if table in self._tables:
                yield table, where, (table, *key)


def _session(row: Said) -> OwnSession:
    return OwnSession(row.bot, row.channel, row.session)
