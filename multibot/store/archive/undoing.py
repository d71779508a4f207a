"""Taking an import back: its turns go, in small steps; what the bots added since stays."""

import functools
import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from multibot.clock import Clock, to_text
from multibot.errors import UsageError
from multibot.store.archive import batches
from multibot.store.archive.shared import SharedFile
from multibot.store.transaction import Durability

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

_SOFT = Durability.SOFT
# A step stops after so long; committing it takes its own time, and every bot waits for both.
STEP_SECONDS = 0.02
# The clock is asked once in so many rows: each takes its words out of the search as well.
_STRIDE = 25
# Of long texts fewer: it stops at the first that makes them so long.
_STRIDE_BYTES = 1 << 15

_TURNS = """
SELECT octet_length(content), id, bot_name, channel_id, session_id FROM conversations
WHERE import_id = :import_id
LIMIT :limit
"""
_COUNT = """
SELECT count(*) FROM conversations
WHERE import_id IN (SELECT id FROM imports WHERE batch_id = :batch_id)
"""
_DELETE = "DELETE FROM conversations WHERE id = :id"
# What another import added to the same session keeps it.
_LEFT = """
SELECT count(*) AS turns, min(timestamp) AS first, min(import_id) AS import_id,
    max(timestamp) FILTER (WHERE role = 'user') AS last
FROM conversations
WHERE bot_name = :bot_name AND channel_id = :channel_id AND session_id = :session_id
"""
_SHORTEN = """
UPDATE sessions
SET message_count = :turns, last_activity = coalesce(:last, :first, last_activity),
    import_id = :import_id
WHERE bot_name = :bot_name AND session_id = :session_id
"""
# The line that a `/clear` drew stays, also in a session that has nothing left.
_REMOVE = """
DELETE FROM sessions
WHERE bot_name = :bot_name AND session_id = :session_id AND is_active = 0
    AND cleared_through IS NULL AND message_count = 0
"""
_UNDONE = """
UPDATE imports SET undone_at = :at
WHERE id IN (
    SELECT id FROM imports WHERE batch_id = :batch_id AND undone_at IS NULL LIMIT 200)
"""
_SEAL = """
UPDATE imports SET undone_at = undone_at
WHERE id = (SELECT max(id) FROM imports WHERE batch_id = :batch_id)
"""


class _Session(NamedTuple):
    bot_name: str
    channel_id: str
    session_id: str


class _Step(NamedTuple):
    files: int
    turns: int


class Undoing:
    """Takes one batch back; it may be interrupted, and goes on where it stopped.

    `settle` is called after each step, outside of any transaction.
    """

    def __init__(
        self,
        shared: SharedFile,
        batch_id: str,
        clock: Clock,
        settle: Callable[[], None] = lambda: None,
    ) -> None:
        self._shared = shared
        self._batch_id = batch_id
        self._clock = clock
        self._settle = settle
        self._ids = sorted(batches.begun(shared.reader, batch_id).values())
        if not self._ids:
            raise UsageError(
                f"there is no import {batch_id!r}.", remedy="`multibot import list` shows them."
            )

    def count(self) -> int:
        """Say how many turns the batch has brought and are still there."""
        batch = {"batch_id": self._batch_id}
        (count,) = self._shared.reader.execute(_COUNT, batch).fetchone()
        return int(count)

    def steps(self) -> Iterator[int]:
        """Remove everything; give the number of turns that each step removed."""
        left = self._ids
        while left:
            step = self._shared.write(functools.partial(self._step, import_ids=left), _SOFT)
            left = left[step.files :]
            self._settle()
            yield step.turns
        values = {"at": to_text(self._clock.now()), "batch_id": self._batch_id}
        while self._shared.write(lambda writing: writing.execute(_UNDONE, values).rowcount, _SOFT):
            self._settle()
        self._shared.write(lambda writing: writing.execute(_SEAL, values))

    def _step(self, writing: "sqlite.Connection", import_ids: list[int]) -> _Step:
        """Remove turns until the time is up. A job; a file counts once nothing of it is left."""
        until = self._clock.monotonic() + STEP_SECONDS
        files = turns = 0
        sessions: dict[_Session, None] = {}
        for import_id in import_ids:
            is_left = True
            while is_left and self._clock.monotonic() <= until:
                removed, is_left = _remove(writing, import_id, sessions)
                turns += removed
            if is_left:
                break
            files += 1
        for session in sessions:
            _settle(writing, session)
        return _Step(files, turns)


def _remove(
    writing: "sqlite.Connection", import_id: int, sessions: dict[_Session, None]
) -> tuple[int, bool]:
    """Remove some turns of a file; return how many, and whether any may be left."""
    values = {"import_id": import_id, "limit": _STRIDE}
    rows = writing.execute(_TURNS, values).fetchall()
    before = itertools.accumulate((row[0] for row in rows), initial=0)
    some = [row[1:] for row, size in zip(rows, before, strict=False) if size < _STRIDE_BYTES]
    writing.executemany(_DELETE, [{"id": id_} for id_, *_ in some])
    sessions.update(dict.fromkeys(_Session(*row[1:]) for row in some))
    return len(some), len(some) < len(rows) or len(rows) == _STRIDE


def _settle(writing: "sqlite.Connection", session: _Session) -> None:
    """Let a session's row say what is left of it."""
    key = session._asdict()
    turns, first, import_id, last = writing.execute(_LEFT, key).fetchone()
    found = {"turns": turns, "first": first, "import_id": import_id, "last": last}
    writing.execute(_SHORTEN, key | found)
    if not turns:
        writing.execute(_REMOVE, key)
