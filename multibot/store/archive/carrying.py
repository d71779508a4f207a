"""What the bots have dealt with since a copy was taken, carried over into it.

A restore brings back what was said. It must not make bots answer messages anew, or forget how often
they have logged in today: of all such rows the newer file's are the right ones.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from multibot.store import connection, layout
from multibot.store.driver import sqlite
from multibot.store.layout import LEDGER

# What a restore is there for, and what belongs to the file itself. All other tables are carried over.
HISTORY = frozenset(
    {"conversations", "sessions", "imports", "tombstones", "restores", "watermarks", LEDGER}
)
# Those are of processes that have ended.
_PASSING = frozenset({"channel_turns"})
# What makes two rows the same, where that is not the primary key.
_SAME = {
    "inbox": "bot_name, message_id",
    "outbox": "bot_name, message_id",
    "message_claims": "message_id",
    "gateway_starts": "bot_name, started_at",
    "incidents": "bot_name, kind, first_at",
}
# Nothing is under way in a copy: whoever was answered meanwhile must not be answered again.
SETTLE = """
UPDATE inbox
SET state = 'expired', reason = 'expired', detail = 'restored from a copy', message = NULL
WHERE state IN ('received', 'claimed', 'generating', 'sending')
"""
# A copy that is put back may also be the newer one: where a restore is undone.
_NEWER_HERE = """
SELECT bot_name, message_id FROM main.inbox AS here JOIN living.inbox AS there
    USING (bot_name, message_id)
WHERE here.updated_at > there.updated_at
"""
_ASIDE = {
    "outbox": f"WHERE (bot_name, message_id) NOT IN ({_NEWER_HERE})",
    "inbox": f"WHERE (bot_name, message_id) NOT IN ({_NEWER_HERE})",
}
_ATTACH = "ATTACH ? AS living"
_COLUMNS = "SELECT name FROM pragma_table_info(?, 'living')"
_KEY = "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk"


def settle(path: Path) -> None:
    """Leave no message under way in a copy."""
    with _opened(path) as writer:
        writer.execute(SETTLE)
        for table in _PASSING:
            writer.execute(f"DELETE FROM {table}")  # noqa: S608 - a constant


def carry_over(living: Path, path: Path) -> list[str]:
    """Take the ledger of the living file into a copy; return the tables that cannot be read."""
    lost: list[str] = []
    # SQLite would remove the WAL beside an empty file, which is still to be kept.
    if not living.is_file() or living.stat().st_size == 0:
        return lost
    with _opened(path) as writer:
        tables = [name for name in layout.tables_of(writer) if name not in HISTORY | _PASSING]
        # The parts of an answer follow its message, as long as that tells which is the newer one.
        tables.sort(key=lambda name: name == "inbox")
        try:
            # Read only: a damaged file is to be kept as it is, so its WAL must not go into it.
            writer.execute(_ATTACH, (f"{living.absolute().as_uri()}?mode=ro",))
        except sqlite.Error:
            return tables
        for table in tables:
            try:
                with _transaction(writer):
                    _carry(writer, table)
            except sqlite.Error:
                lost.append(table)
    return lost


def _carry(writer: "sqlite.Connection", table: str) -> None:
    known = layout.columns(writer, table)
    found = {name for (name,) in writer.execute(_COLUMNS, (table,)).fetchall()}
    if not found:
        # A file that is older than the table.
        return
    key = _SAME.get(table) or ", ".join(name for (name,) in writer.execute(_KEY, (table,)))
    columns = ", ".join(name for name in known if name in found and name != "id")
    order = "ORDER BY id" if "id" in found else ""
    taken = f"FROM living.{table} {_ASIDE.get(table, '')}"
    # The names are out of the schema.
    for sql in (
        f"DELETE FROM main.{table} WHERE ({key}) IN (SELECT {key} {taken})",  # noqa: S608
        f"INSERT INTO main.{table} ({columns}) SELECT {columns} {taken} {order}",
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
