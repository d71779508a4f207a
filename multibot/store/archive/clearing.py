"""Removing users from a file that nobody else uses: a copy on its way back, or a backup."""

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from multibot.store import layout
from multibot.store.archive import traces, underway, words
from multibot.store.archive.forget import Belongings, Scope

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# Where rows are looked for by their user; the file itself has no index for it.
_LARGE = frozenset({"conversations", "inbox"})


class Clearing:
    """Removes one user after the other, to the last word; may be killed and done again."""

    def __init__(self, connection: "sqlite.Connection") -> None:
        self._connection = connection
        connection.execute("PRAGMA secure_delete = ON").fetchall()

    def remove(self, scopes: Iterable[Scope]) -> Counter[str]:
        """Remove what is in these scopes; return how many rows of which tables that were."""
        removed: Counter[str] = Counter()
        for scope in scopes:
            belongings = Belongings(self._connection, scope)
            for rows in belongings.found(self._connection):
                with transaction(self._connection):
                    removed += belongings.remove(self._connection, rows)
            with transaction(self._connection):
                removed += traces.remove(self._connection, scope)
                underway.end(self._connection, scope)
        return removed

    def finish(self) -> None:
        """Write the words of the search anew, without those that were removed."""
        is_unfinished = True
        is_first = True
        while is_unfinished:
            with transaction(self._connection):
                is_unfinished = words.merge(self._connection, begin=is_first)
            is_first = False

    @contextlib.contextmanager
    def of_many(self) -> Iterator[None]:
        """Find the rows of each user by an index, instead of looking through the whole file."""
        indexes = {f"forget_{table}": table for table in _LARGE & {*self._tables()}}
        for name, table in indexes.items():
            self._connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {table} (user_id)")
        try:
            yield
        finally:
            for name in indexes:
                self._connection.execute(f"DROP INDEX IF EXISTS {name}")

    def _tables(self) -> list[str]:
        return layout.tables_of(self._connection)


@contextlib.contextmanager
def transaction(connection: "sqlite.Connection") -> Iterator[None]:
    """Do all of it or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
