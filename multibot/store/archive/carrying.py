"""What the bots have dealt with since a copy was taken, carried over into it.

A restore brings back what was said. It must not make bots answer messages anew, or forget how often
they have logged in today: of all such rows the newer file's are the right ones.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from multibot.clock import Clock, to_text
from multibot.store import connection, layout
from multibot.store.driver import sqlite

# Each by what makes two rows the same. Rows that only one of the files has are kept.
KEYS = {
    "inbox": "bot_name, message_id",
    "outbox": "bot_name, message_id",
    "channel_cursors": "bot_name, channel_id",
    "message_claims": "message_id",
    "accepted_messages": "message_id",
    "notices": "kind, subject",
    "http_errors": "minute, status",
    "bot_status": "bot_name",
    "bot_profiles": "bot_name",
    "gateway_starts": "bot_name, started_at",
    "incidents": "bot_name, kind, first_at",
    "leases": "name",
    "upkeep": "task",
}
# Nothing is under way in a copy: whoever was answered meanwhile must not be answered again.
SETTLE = """
UPDATE inbox
SET state = 'expired', reason = 'expired', detail = 'restored from a copy', message = NULL,
    updated_at = :at
WHERE state IN ('received', 'claimed', 'generating', 'sending')
"""
_ATTACH = "ATTACH ? AS living"
_COLUMNS = "SELECT name FROM pragma_table_info(?, 'living')"


def settle(path: Path, clock: Clock) -> None:
    """Leave no message under way in a copy."""
    with _opened(path) as writer:
        writer.execute(SETTLE, {"at": to_text(clock.now())})
        writer.execute("DELETE FROM channel_turns")


def carry_over(living: Path, path: Path) -> list[str]:
    """Take the ledger of the living file into a copy; return the tables that cannot be read."""
    lost: list[str] = []
    # SQLite would remove the WAL beside an empty file, which is still to be kept.
    if not living.is_file() or living.stat().st_size == 0:
        return lost
    with _opened(path) as writer:
        try:
            writer.execute(_ATTACH, (f"{living.absolute().as_uri()}?mode=rw",))
        except sqlite.Error:
            return list(KEYS)
        for table, key in KEYS.items():
            try:
                with _transaction(writer):
                    _carry(writer, table, key)
            except sqlite.Error:
                lost.append(table)
    return lost


def _carry(writer: "sqlite.Connection", table: str, key: str) -> None:
    known = layout.columns(writer, table)
    found = {name for (name,) in writer.execute(_COLUMNS, (table,)).fetchall()}
    columns = ", ".join(name for name in known if name in found and name != "id")
    order = "ORDER BY id" if "id" in found else ""
    # Names out of the schema, keys out of the table above.
    for sql in (
        f"DELETE FROM main.{table} WHERE ({key}) IN (SELECT {key} FROM living.{table})",  # noqa: S608
        f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM living.{table} {order}",  # noqa: S608
    ):
        writer.execute(sql)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator["sqlite.Connection"]:
    with contextlib.closing(connection.open_writer(path)) as writer, connection.errors_of(path):
        yield writer
        with contextlib.suppress(sqlite.Error):
            writer.execute("DETACH living")
        # The copy is one file: it must not need a WAL beside it.
        writer.execute("PRAGMA journal_mode = DELETE").fetchall()


@contextlib.contextmanager
def _transaction(writer: "sqlite.Connection") -> Iterator[None]:
    writer.execute("BEGIN IMMEDIATE")
    try:
        yield
        writer.execute("COMMIT")
    finally:
        if writer.in_transaction:
            writer.execute("ROLLBACK")
