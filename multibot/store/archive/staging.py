"""Past turns on their way into the shared file: brought into order in bounded memory.

SQLite keeps them in a file that has no name and is gone with the process.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Self

import orjson

from multibot.conversation.past import PastTurn
from multibot.store import driver
from multibot.store.driver import sqlite

if TYPE_CHECKING:
    from multibot.store.driver import sqlite as sqlite_types

_SETUP = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA cache_size = -32768",
    "CREATE TABLE turns (bot_name, channel_id, at, file, position, turn)",
    "BEGIN",
)
_ADD = "INSERT INTO turns VALUES (?, ?, ?, ?, ?, ?)"
_ORDERED = "SELECT file, turn FROM turns ORDER BY bot_name, channel_id, at, file, position"
_AT_ONCE = 1000
_WHERE = "the system's folder for temporary files"


class Staging:
    """Takes turns in any order, and gives them by bot and channel in the order of their times."""

    def __init__(self) -> None:
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

    def add(self, file: int, turn: PastTurn) -> None:
        """Take one turn of a file."""
        packed = orjson.dumps(tuple(turn))
        key = (turn.bot_name, turn.channel_id, turn.at, file, turn.position)
        self._waiting.append((*key, packed))
        self._count += 1
        if len(self._waiting) >= _AT_ONCE:
            self._store()

    def ordered(self) -> Iterator[tuple[int, PastTurn]]:
        """Give every turn with the number of its file."""
        self._store()
        try:
            for file, packed in self._connection.execute(_ORDERED):
                yield file, PastTurn._make(orjson.loads(packed))
        except sqlite.Error as error:
            raise driver.translate(error, _WHERE) from error

    def _store(self) -> None:
        try:
            self._connection.executemany(_ADD, self._waiting)
        except sqlite.Error as error:
            raise driver.translate(error, _WHERE) from error
        self._waiting.clear()
