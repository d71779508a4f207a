"""What is on its way into the shared file, brought into order in bounded memory.

SQLite keeps them in a file that has no name and is gone with the process.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeVar

import orjson

from multibot.store import driver
from multibot.store.driver import sqlite

if TYPE_CHECKING:
    from multibot.store.driver import sqlite as sqlite_types

Item = TypeVar("Item", bound=tuple[Any, ...])

_SETUP = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA cache_size = -32768",
    "CREATE TABLE items (bot_name, channel_id, at, file, position, item)",
    "BEGIN",
)
_ADD = "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?)"
_ORDERED = "SELECT file, item FROM items ORDER BY bot_name, channel_id, at, file, position"
_AT_ONCE = 1000
_WHERE = "the system's folder for temporary files"


class Key(NamedTuple):
    """What an item is sorted by."""

    bot_name: str
    channel_id: str
    at: str
    file: int
    position: int


class Staging(Generic[Item]):
    """Takes items in any order, and gives them by bot and channel in the order of their times.

    Items are tuples of plain values; `make` makes one of a list of them.
    """

    def __init__(self, make: Callable[[list[Any]], Item]) -> None:
        self._make = make
        self._waiting: list[tuple[object, ...]] = []
        self._count = 0
        self._connection: sqlite_types.Connection = sqlite.connect("", isolation_level=None)
        for statement in _SETUP:
            self._connection.execute(statement).fetchall()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def __len__(self) -> int:
        return self._count

    def add(self, key: Key, item: Item) -> None:
        """Take one item."""
        self._waiting.append((*key, orjson.dumps(tuple(item))))
        self._count += 1
        if len(self._waiting) >= _AT_ONCE:
            self._store()

    def ordered(self) -> Iterator[tuple[int, Item]]:
        """Give every item with the number of its file."""
        self._store()
        make = self._make
        try:
            for file, item in self._connection.execute(_ORDERED):
                yield file, make(orjson.loads(item))
        except sqlite.Error as error:
            raise driver.translate(error, _WHERE) from error

    def _store(self) -> None:
        try:
            self._connection.executemany(_ADD, self._waiting)
        except sqlite.Error as error:
            raise driver.translate(error, _WHERE) from error
        self._waiting.clear()
