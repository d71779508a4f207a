"""What writers noted as acknowledged, against what is in the file, read like any other program."""

import contextlib
from pathlib import Path

import sqlite_utils

Step = tuple[str, str]

# What must be in the file for each step that was acknowledged.
EVIDENCE = {
    "receive": "SELECT message_id FROM inbox WHERE bot_name = ? AND decision = 'answer'",
    "begin": "SELECT message_id FROM conversations WHERE bot_name = ? AND role = 'user'",
    "stage": "SELECT message_id FROM outbox WHERE bot_name = ?",
    "mark": "SELECT message_id FROM outbox WHERE bot_name = ? AND state = 'sent'",
    "finish": "SELECT message_id FROM inbox WHERE bot_name = ? AND state = 'answered'",
    "decline": "SELECT message_id FROM inbox WHERE bot_name = ? AND state = 'declined'",
}
# Each of these would be half a transaction.
HALVES = (
    """SELECT count(*) FROM outbox WHERE state = 'sent' AND sent_message_id NOT IN
       (SELECT message_id FROM conversations WHERE role = 'assistant')""",
    """SELECT count(*) FROM conversations WHERE role = 'assistant' AND message_id NOT IN
       (SELECT sent_message_id FROM outbox WHERE state = 'sent')""",
    "SELECT count(*) FROM conversations WHERE session_id NOT IN (SELECT session_id FROM sessions)",
    """SELECT count(*) FROM inbox JOIN conversations USING (bot_name, message_id)
       WHERE role = 'user' AND state = 'received'""",
    """SELECT count(*) FROM sessions WHERE message_count <>
       (SELECT count(*) FROM conversations WHERE session_id = sessions.session_id)""",
)


def acknowledged(log: Path) -> set[Step]:
    """Read a log; a last line that the kill cut short was not noted."""
    lines = log.read_text(encoding="ascii").splitlines(keepends=True) if log.exists() else []
    steps = {tuple(line.split()) for line in lines if line.endswith("\n")}
    return {(step, name) for step, name in steps if step != "refused"}


def refusals(log: Path) -> int:
    """Count the writes that the store refused."""
    return log.read_text(encoding="ascii").count("refused ")


def stored(database: Path, bot: str) -> set[Step]:
    """Name every step of a bot that is in the file."""
    with contextlib.closing(sqlite_utils.Database(database)) as file:
        return {
            (step, name) for step, sql in EVIDENCE.items() for (name,) in file.execute(sql, [bot])
        }


def halves(database: Path) -> list[int]:
    """Count what only a torn transaction would leave, by kind."""
    with contextlib.closing(sqlite_utils.Database(database)) as file:
        return [file.execute(sql).fetchone()[0] for sql in HALVES]


def is_whole(database: Path, check: str = "quick_check") -> bool:
    """Ask SQLite whether the file is in order."""
    with contextlib.closing(sqlite_utils.Database(database)) as file:
        return list(file.execute(f"PRAGMA {check}")) == [("ok",)]
