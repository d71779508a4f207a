"""Who is being forgotten just now, so that another process can finish it after a kill.

A tombstone holds a hash, which tells nobody whom to look for. So the user's id stands here until all
of them is gone, and then goes as well: in a table that no copy's rows are carried over from.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from multibot.clock import from_text, to_text
from multibot.store import layout
from multibot.store.archive.forget import Scope

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

_PREFIX = "forgetting"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)

_NOTE = """
INSERT INTO watermarks (name, value) VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)
"""
_TABLE = "watermarks"
# Who is forgotten in every bot is forgotten in each, but for what was noted of a later moment.
_OF_USER = """
name = :name OR name GLOB :of_each AND value <= :value
"""
_END = f"DELETE FROM watermarks WHERE {_OF_USER}"  # noqa: S608 - constants
_COUNT = f"SELECT count(*) FROM watermarks WHERE {_OF_USER}"  # noqa: S608 - constants
_NOTED = f"SELECT name, value FROM watermarks WHERE name GLOB '{_PREFIX} *' ORDER BY name"  # noqa: S608


def note(writing: "sqlite.Connection", scope: Scope, until: datetime) -> None:
    """Note that a user is being forgotten, up to a moment. Run it inside a transaction."""
    writing.execute(_NOTE, {"name": _name(scope), "value": (until - _EPOCH) // _MS})


def end(writing: "sqlite.Connection", scope: Scope) -> None:
    """Note that it is complete. Run it inside a transaction."""
    # A copy may be older than the table.
    if _is_there(writing):
        writing.execute(_END, _values(scope))


def count(reader: "sqlite.Connection", scope: Scope) -> Counter[str]:
    """Count the notes that `end` would remove."""
    if not _is_there(reader):
        return Counter()
    return +Counter({_TABLE: reader.execute(_COUNT, _values(scope)).fetchone()[0]})


def noted(reader: "sqlite.Connection") -> list[Scope]:
    """Return whom to forget, and until when; what was written later is new. Costs next to nothing."""
    return [_scope(name, value) for name, value in reader.execute(_NOTED).fetchall()]


def named(reader: "sqlite.Connection") -> set[str]:
    """Return whom a file notes, be it a copy that is older than the notes."""
    return {scope.user_id for scope in noted(reader)} if _is_there(reader) else set()


def _is_there(reader: "sqlite.Connection") -> bool:
    return _TABLE in layout.tables_of(reader)


def _values(scope: Scope) -> dict[str, object]:
    each = f"{_PREFIX} {scope.user_id} *" if not scope.bot_name else ""
    until = (from_text(scope.until) - _EPOCH) // _MS
    return {"name": _name(scope), "of_each": each, "value": until}


def _name(scope: Scope) -> str:
    return f"{_PREFIX} {scope.user_id} {scope.bot_name}"


def _scope(name: str, value: int) -> Scope:
    _, user_id, bot_name = name.split(" ", 2)
    return Scope(user_id=user_id, bot_name=bot_name, until=to_text(_EPOCH + value * _MS))
