"""What belongs to one user in the shared file, and how it is removed in small steps.

A row is theirs when it says so: what they wrote, what was answered to them, and what was kept to do
so. What others wrote about them is not. Every way to remove a user goes through here.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

FOREVER = "9999-12-31T23:59:59.999Z"
# So many rows are looked through in one read, however few of them are found.
WINDOW = 20_000

_OURS = "user_id = :user_id AND (:bot_name = '' OR bot_name = :bot_name)"
_INBOX = f"""
SELECT id, bot_name, channel_id, guild_id IS NULL, message_id FROM inbox
WHERE id > :after AND id <= :through AND {_OURS} AND created_at <= :until
"""  # noqa: S608 - constants
_TURN = """
SELECT id, bot_name, channel_id, channel_type = 'dm', session_id,
    CASE role WHEN 'user' THEN message_id
        ELSE CAST(metadata ->> '$.response_to_message_id' AS TEXT) END
FROM conversations
"""
_CONVERSATIONS = f"{_TURN} WHERE id > :after AND id <= :through AND {_OURS} AND timestamp <= :until"
_IN_SESSION = f"""
{_TURN} WHERE bot_name = :bot AND channel_id = :channel AND session_id = :session
    AND timestamp <= :until
"""
_SESSIONS = f"""
SELECT bot_name, channel_id, session_id FROM sessions
WHERE id > :after AND id <= :through AND {_OURS} AND started_at <= :until
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
OF_MESSAGE = {
    "outbox": "bot_name = :bot AND message_id = :message",
    "channel_turns": "bot_name = :bot AND message_id = :message",
    "message_claims": "bot_name = :bot AND message_id = :message",
}
OF_CHANNEL = {
    "channel_cursors": "bot_name = :bot AND channel_id = :channel AND updated_at <= :until",
    "notices": "subject = :channel AND noticed_at <= :until",
}
# Each by its own key, and once more by what makes it theirs: an id may be given out anew meanwhile.
OF_ROW = {
    "inbox": "id = :id AND bot_name = :bot AND message_id = :message",
    "conversations": "id = :id AND bot_name = :bot",
    "sessions": "bot_name = :bot AND session_id = :session",
    "accepted_messages": "message_id = :key AND user_id = :user_id",
    "notices": "kind = :key AND subject = :user_id",
}
_SHORTEN_SESSION = """
UPDATE sessions SET message_count = max(message_count - :removed, 0)
WHERE bot_name = :bot AND session_id = :session
"""
_EMPTY_SESSION = """
NOT EXISTS (
    SELECT 1 FROM conversations
    WHERE bot_name = :bot AND channel_id = :channel AND session_id = :session)
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
    message: str


class Said(NamedTuple):
    """A row of `conversations`, with the message it was kept for where that is known."""

    id: int
    bot: str
    channel: str
    is_private: int
    session: str
    message: str | None


class OwnSession(NamedTuple):
    """A row of `sessions` that is one user's alone."""

    bot: str
    channel: str
    session: str


class Counted(NamedTuple):
    """A row that the whole fleet keeps of a user."""

    table: str
    key: str


Row = Received | Said | OwnSession | Counted


def statement(verb: str, table: str, where: str) -> str:
    """Put a statement together from the constants above."""
    return f"{verb} FROM {table} WHERE {where}"


class Belongings:
    """Everything of one user in one file."""

    def __init__(self, reader: "sqlite.Connection", scope: Scope) -> None:
        self.scope = scope
        listed = reader.execute("SELECT name FROM pragma_table_list WHERE schema = 'main'")
        # A copy may be older than some of the tables.
        self._tables = {name for (name,) in listed}

    def found(self, reader: "sqlite.Connection") -> Iterator[Sequence[Row]]:
        """Look through the file bit by bit; rows that others depend on come last."""
        for table, query, kind in (
            ("inbox", _INBOX, Received),
            ("conversations", _CONVERSATIONS, Said),
        ):
            for rows in self._windows(reader, table, query):
                yield [kind(*row) for row in rows]
        for rows in self._windows(reader, "sessions", _SESSIONS):
            for own in (OwnSession(*row) for row in rows):
                where = own._asdict() | self.scope.values()
                yield [Said(*row) for row in reader.execute(_IN_SESSION, where).fetchall()]
                yield [own]
        yield from self._counted(reader)

    def _windows(
        self, reader: "sqlite.Connection", table: str, query: str
    ) -> Iterator[list[tuple[Any, ...]]]:
        if table not in self._tables:
            return
        bounds = f"SELECT coalesce(min(id), 0) - 1, coalesce(max(id), 0) FROM {table}"  # noqa: S608
        after, last = reader.execute(bounds).fetchone()
        while after < last:
            window = {"after": after, "through": after + WINDOW}
            if rows := reader.execute(query, self.scope.values() | window).fetchall():
                yield rows
            after += WINDOW

    def _counted(self, reader: "sqlite.Connection") -> Iterator[Sequence[Row]]:
        values = self.scope.values()
        after: str | None = ""
        while "accepted_messages" in self._tables and after is not None:
            page = {"after": after, "window": WINDOW}
            through = reader.execute(_ACCEPTED_PAGE, page).fetchone()[0]
            rows = reader.execute(_ACCEPTED, values | page | {"through": through}).fetchall()
            yield [Counted("accepted_messages", key) for (key,) in rows]
            after = through
        if "notices" in self._tables:
            rows = reader.execute(_NOTICES, values).fetchall()
            yield [Counted("notices", kind) for (kind,) in rows]

    def remove(self, connection: "sqlite.Connection", rows: Sequence[Row]) -> Counter[str]:
        """Remove rows that were found, with all that was kept for them; count them by table.

        Run it inside a transaction.
        """
        removed: Counter[str] = Counter()
        sessions: Counter[OwnSession] = Counter()
        for row in rows:
            for table, where in self._reach(row):
                sql = statement("DELETE", table, where)
                count = connection.execute(sql, self.scope.values() | row._asdict()).rowcount
                removed[table] += count
                if table == "conversations" and isinstance(row, Said):
                    sessions[OwnSession(row.bot, row.channel, row.session)] += count
        for session, count in sessions.items():
            values = session._asdict()
            connection.execute(_SHORTEN_SESSION, values | {"removed": count})
            where = f"{OF_ROW['sessions']} AND {_EMPTY_SESSION}"
            sql = statement("DELETE", "sessions", where)
            removed["sessions"] += connection.execute(sql, values).rowcount
        return +removed

    def _reach(self, row: Row) -> Iterator[tuple[str, str]]:
        """Say what goes with a row, the row itself last."""
        if isinstance(row, Counted):
            yield row.table, OF_ROW[row.table]
        elif isinstance(row, OwnSession):
            yield "sessions", f"{OF_ROW['sessions']} AND {_EMPTY_SESSION}"
        else:
            parts = OF_MESSAGE if row.message is not None else {}
            for table, where in {**parts, **(OF_CHANNEL if row.is_private else {})}.items():
                if table in self._tables:
                    yield table, where
            own = "inbox" if isinstance(row, Received) else "conversations"
            yield own, OF_ROW[own]
