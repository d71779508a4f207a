"""Deleting many rows beside bots that write: looked for without a lock, deleted by their keys.

A look may read a whole table, so it is made by a connection that only reads. What it finds is
deleted in small transactions, each of which asks again whether the row is still to go.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from multibot.store.archive import strides, words

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# So many keys are found by one look.
FOUND_AT_ONCE = 2_000

Key = Sequence[object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Rows of one table that are to go: those of `source` for which the condition holds.

    `first` is a statement that keeps other rows true; it is carried out before, with the same keys.
    `text` is the column that the search has taken in: after each key comes how long that is.
    """

    what: str
    table: str
    key: tuple[str, ...]
    condition: str
    values: dict[str, object] = field(default_factory=dict)
    source: str = ""
    first: str = ""
    text: str = ""

    def find(self, reader: "sqlite.Connection", limit: int = FOUND_AT_ONCE) -> list[Key]:
        """Return the keys of rows that are to go, so many at most; may take a while."""
        size = [f"octet_length({self.text})"] if self.text else []
        columns = ", ".join((*self.key, *size))
        source = self.source or self.table
        found = reader.execute(
            f"SELECT {columns} FROM {source} WHERE {self.condition} LIMIT :limit",  # noqa: S608 - constants
            {**self.values, "limit": limit},
        )
        return [tuple(key) for key in found.fetchall()]

    def fitting(self, keys: Sequence[Key], rows: int) -> int:
        """Say how many of these are removed at once: so many, of long texts fewer."""
        some = keys[:rows]
        return strides.cut(map(_size, some), strides.BYTES) if self.text else len(some)

    def has_long(self, keys: Sequence[Key]) -> bool:
        """Say whether `words.merge` has to follow: long texts are only marked in the search."""
        return bool(self.text) and any(_size(key) > strides.BYTES for key in keys)

    def remove(self, writing: "sqlite.Connection", keys: Sequence[Key]) -> int:
        """Delete those of these rows that are still to go; return how many that were."""
        values = {**self.values, "keys": json.dumps([list(key) for key in keys])}
        if self.first:
            writing.execute(self.first, values)
        columns = ", ".join(self.key)
        listed = ", ".join(f"value ->> {at}" for at in range(len(self.key)))
        delete = (
            f"DELETE FROM {self.table} WHERE ({columns}) IN"  # noqa: S608 - constants
            # Nothing in a condition like this one tempts SQLite to any way but by the keys.
            f" (SELECT {listed} FROM json_each(:keys)) AND iif({self.condition}, 1, 0)"
        )
        with words.removed_in_bulk(writing, is_due=self.has_long(keys)):
            return int(writing.execute(delete, values).rowcount)


def _size(key: Key) -> int:
    return int(str(key[-1]))
