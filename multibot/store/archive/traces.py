"""A user's id in what the fleet notes for people: the note stays, the id goes."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from multibot.store import layout
from multibot.store.archive.forget import Scope

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# Takes the id's place; it leaves JSON and file names what they are.
NOBODY = "0"
# Discord's numbers; those of channels and messages look the same.
_ID = re.compile(r"(?<![0-9])[0-9]{17,20}(?![0-9])")


@dataclass(frozen=True, slots=True)
class Note:
    """A column of free text; without `bot` its rows belong to no bot."""

    table: str
    key: str
    column: str
    bot: str | None = None


NOTES = (
    Note("bot_status", "bot_name", "last_error", bot="bot_name"),
    Note("imports", "id", "options"),
    Note("imports", "id", "source"),
    Note("incidents", "id", "detail", bot="bot_name"),
    Note("upkeep", "task", "detail"),
    Note("upkeep", "task", "trouble"),
)


def remove(connection: "sqlite.Connection", scope: Scope) -> Counter[str]:
    """Take a user's id out of every note; count them by table. Run it inside a transaction."""
    removed: Counter[str] = Counter()
    for note, key, text in list(_found(connection, scope)):
        update = f"UPDATE {note.table} SET {note.column} = ? WHERE {note.key} = ?"  # noqa: S608
        connection.execute(update, (_whole(scope.user_id).sub(NOBODY, text), key))
        removed[note.table] += 1
    return removed


def count(reader: "sqlite.Connection", scope: Scope) -> Counter[str]:
    """Count what `remove` would change."""
    return Counter(note.table for note, _, _ in _found(reader, scope))


def named(reader: "sqlite.Connection") -> set[str]:
    """Return whatever may be the id of a user in any note; reads all of them."""
    return {
        each
        for note in _there(reader)
        for (text,) in reader.execute(f"SELECT {note.column} FROM {note.table}")  # noqa: S608
        for each in _ID.findall(text or "")
    }


def _there(reader: "sqlite.Connection") -> Iterator[Note]:
    # A copy may be older than some of them.
    columns = layout.columns_of(reader)
    return (note for note in NOTES if note.column in columns.get(note.table, ()))


def _found(reader: "sqlite.Connection", scope: Scope) -> Iterator[tuple[Note, object, str]]:
    for note in _there(reader):
        if note.bot or not scope.bot_name:
            ours = f"AND (:bot_name = '' OR {note.bot} = :bot_name)" if note.bot else ""
            query = (
                f"SELECT {note.key}, {note.column} FROM {note.table}"  # noqa: S608 - constants
                f" WHERE instr({note.column}, :user_id) > 0 {ours}"
            )
            for key, text in reader.execute(query, scope.values()).fetchall():
                if _whole(scope.user_id).search(text):
                    yield note, key, text


def _whole(user_id: str) -> re.Pattern[str]:
    """Find an id, and not a longer one that it is part of."""
    return re.compile(rf"(?<!\d){re.escape(user_id)}(?!\d)")
