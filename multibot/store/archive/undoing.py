"""Taking an import back: its turns go, in small steps; what the bots added since stays."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from multibot.clock import Clock, to_text
from multibot.errors import UsageError
from multibot.store.archive import batches, strides, words
from multibot.store.archive.shared import SharedFile
from multibot.store.archive.strides import Room
from multibot.store.transaction import Durability, Job

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

Outcome = TypeVar("Outcome")

_SOFT = Durability.SOFT
# What a step leaves in the WAL is moved by `settle`, while others write.
_LEAVE_WAL = "PRAGMA wal_autocheckpoint = 0"

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
    is_merge_due: bool


@dataclass(slots=True)
class _Removed:
    """What a step has removed so far; `is_merge_due` where words were only marked."""

    turns: int = 0
    is_merge_due: bool = False
    sessions: dict[_Session, None] = field(default_factory=dict)


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
        is_merge_due = False
        while left:
            step = self._take(functools.partial(self._step, import_ids=left))
            left = left[step.files :]
            is_merge_due |= step.is_merge_due
            yield step.turns
        if is_merge_due:
            self._merge()
        values = {"at": to_text(self._clock.now()), "batch_id": self._batch_id}
        while self._take(lambda writing: writing.execute(_UNDONE, values).rowcount):
            continue
        self._shared.write(lambda writing: writing.execute(_SEAL, values))

    def _take(self, job: Job[Outcome]) -> Outcome:
        done = self._shared.write(job, _SOFT)
        self._settle()
        return done

    def _merge(self) -> None:
        merge = words.Merging()
        is_unfinished = self._take(functools.partial(merge, begin=True))
        while is_unfinished:
            is_unfinished = self._take(merge)

    def _step(self, writing: "sqlite.Connection", import_ids: list[int]) -> _Step:
        """Remove turns until the time is up. A job; a file counts once nothing of it is left."""
        writing.execute(_LEAVE_WAL).fetchall()
        room = Room(self._clock)
        files = 0
        removed = _Removed()
        for import_id in import_ids:
            is_left = True
            while is_left and room.is_left:
                is_left = _remove(writing, import_id, removed, room)
            if is_left:
                break
            files += 1
        for session in removed.sessions:
            _settle(writing, session)
        return _Step(files, removed.turns, removed.is_merge_due)


def _remove(writing: "sqlite.Connection", import_id: int, removed: _Removed, room: Room) -> bool:
    """Remove some turns of a file; return whether any may be left."""
    values = {"import_id": import_id, "limit": room.rows}
    rows = writing.execute(_TURNS, values).fetchall()
    some, size = room.take(rows)
    # To take its words out one by one is for a long text alone more than bots can wait.
    is_long = size > strides.BYTES
    with words.removed_in_bulk(writing, is_due=is_long):
        writing.executemany(_DELETE, [{"id": row[1]} for row in some])
    removed.turns += len(some)
    removed.is_merge_due |= is_long
    removed.sessions.update(dict.fromkeys(_Session(*row[2:]) for row in some))
    return len(some) < len(rows) or len(rows) == strides.ROWS


def _settle(writing: "sqlite.Connection", session: _Session) -> None:
    """Let a session's row say what is left of it."""
    key = session._asdict()
    turns, first, import_id, last = writing.execute(_LEFT, key).fetchone()
    found = {"turns": turns, "first": first, "import_id": import_id, "last": last}
    writing.execute(_SHORTEN, key | found)
    if not turns:
        writing.execute(_REMOVE, key)
