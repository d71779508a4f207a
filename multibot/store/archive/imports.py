"""Past turns written into the shared file, each step a small transaction that knows how far it came.

One run of an import is a batch. Each file that brings something has a row in `imports`, and what it
brought has that row's id; the bots' own rows have none, and are never touched.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from multibot.clock import Clock, to_text
from multibot.conversation.past import PastSession, PastTurn
from multibot.store.archive import batches
from multibot.store.archive.batches import Batch
from multibot.store.archive.presence import Known, Presence
from multibot.store.archive.shared import SharedFile
from multibot.store.envelope import PLATFORM
from multibot.store.transaction import Durability

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# A step stops after so long; committing it takes its own time, and every bot waits for both.
STEP_SECONDS = 0.02
_LARGEST_STEP = 1000
# The clock is asked once in so many rows.
_STRIDE = 50

_TURN = """
INSERT INTO conversations
    (bot_name, channel_id, user_id, message_id, role, timestamp, content, part, username,
     channel_name, channel_type, guild_id, parent_channel_id, metadata, edited_at, session_id,
     platform, import_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (bot_name, message_id, role, part) DO NOTHING
"""
_WHOSE = """
SELECT import_id FROM conversations
WHERE bot_name = :bot_name AND message_id = :message_id AND role = :role AND part = :part
"""
_CONTINUE_SESSION = """
UPDATE sessions
SET message_count = message_count + :turns, last_activity = max(last_activity, :last_activity),
    closed_at = max(closed_at, :last_activity)
WHERE session_id = :session_id
"""
_BEGIN_SESSION = """
INSERT INTO sessions
    (bot_name, platform, channel_id, user_id, session_id, started_at, last_activity, display_id,
     message_count, is_active, closed_at, close_reason, import_id)
VALUES
    (:bot_name, :platform, :channel_id, :user_id, :session_id, :started_at, :last_activity,
     :display_id, :turns, 0, :last_activity, 'import', :import_id)
"""
_BEGIN_FILE = """
INSERT INTO imports (batch_id, kind, source, sha256, options, skipped, started_at)
VALUES (:batch_id, :kind, :source, :sha256, :options, :skipped, :at)
RETURNING id
"""
_PROGRESS = """
UPDATE imports
SET position = max(position, :position), added = added + :added, present = :present
WHERE id = :id
"""
_FINISH = """
UPDATE imports SET finished_at = :at
WHERE id IN (
    SELECT id FROM imports WHERE batch_id = :batch_id AND finished_at IS NULL LIMIT 500)
"""
_FORGOTTEN = "SELECT count(*), max(forgotten_at) FROM tombstones"


class File(NamedTuple):
    """A file that turns come from; `skipped` is how many of its items are left out."""

    source: str
    sha256: str
    skipped: int = 0


class Row(NamedTuple):
    """One turn to write: the number of its file, and its session."""

    file: int
    turn: PastTurn
    session: PastSession


@dataclass(slots=True)
class Tally:
    """How many turns of a bot were new, and how many were there already."""

    new: int = 0
    present: int = 0


class _Step(NamedTuple):
    """What one transaction did: which of its first rows it added, and the files' ids after it."""

    added: list[bool]
    ids: dict[int, int]


class ForgottenMeanwhileError(Exception):
    """Somebody was forgotten since the tombstones were read: read them again, and go on."""


class Writing:
    """Writes the turns of one batch; `files` are those that the rows' numbers mean."""

    def __init__(
        self, shared: SharedFile, batch: Batch, files: Sequence[File], clock: Clock
    ) -> None:
        begun = batches.begun(shared.reader, batch.batch_id)
        self._shared = shared
        self._batch = batch
        self._files = files
        self._clock = clock
        own = enumerate(begun.get((each.source, each.sha256)) for each in files)
        self._ids = {number: import_id for number, import_id in own if import_id is not None}
        self._known = Known(shared.reader, frozenset(self._ids.values()))
        self._position: Counter[int] = Counter()
        self._present: Counter[int] = Counter()
        self._forgotten = shared.reader.execute(_FORGOTTEN).fetchone()
        self.tallies: dict[str, Tally] = {}

    def write(self, rows: Iterable[Row]) -> Iterator[int]:
        """Write what is not there; give the number of rows after each step.

        Raises ForgottenMeanwhileError before the step in which a new tombstone would be missed.
        """
        waiting = iter(rows)
        while chunk := list(itertools.islice(waiting, _LARGEST_STEP)):
            absent = [row for row in chunk if self._is_absent(row)]
            while absent:
                absent = absent[self._add(absent) :]
            yield len(chunk)

    def finish(self) -> None:
        """Note that the batch is complete; from here on a power cut takes nothing of it."""
        at = to_text(self._clock.now())
        values = {"at": at, "batch_id": self._batch.batch_id}
        while self._shared.write(lambda writing: writing.execute(_FINISH, values).rowcount):
            pass

    def _is_absent(self, row: Row) -> bool:
        presence = self._known.look(row.turn)
        if presence is Presence.ABSENT:
            return True
        self._count(row, is_new=presence is Presence.OWN)
        return False

    def _count(self, row: Row, *, is_new: bool) -> None:
        self._position[row.file] += 1
        tally = self.tallies.setdefault(row.turn.bot_name, Tally())
        if is_new:
            tally.new += 1
        else:
            tally.present += 1
            self._present[row.file] += 1

    def _add(self, rows: Sequence[Row]) -> int:
        step = self._shared.write(lambda writing: self._step(writing, rows), Durability.SOFT)
        self._ids = step.ids
        for row, is_new in zip(rows, step.added, strict=False):
            self._count(row, is_new=is_new)
        return len(step.added)

    def _step(self, writing: "sqlite.Connection", rows: Sequence[Row]) -> _Step:
        """Add rows until the time is up. A job: it changes nothing of this object."""
        if writing.execute(_FORGOTTEN).fetchone() != self._forgotten:
            raise ForgottenMeanwhileError
        until = self._clock.monotonic() + STEP_SECONDS
        ids = dict(self._ids)
        added: list[bool] = []
        for start in range(0, len(rows), _STRIDE):
            if added and self._clock.monotonic() > until:
                break
            added += self._insert(writing, rows[start : start + _STRIDE], ids)
        for session in _sessions(rows, added, ids):
            if not writing.execute(_CONTINUE_SESSION, session).rowcount:
                writing.execute(_BEGIN_SESSION, session)
        writing.executemany(_PROGRESS, self._progress(rows, added, ids))
        return _Step(added, ids)

    def _insert(
        self, writing: "sqlite.Connection", rows: Sequence[Row], ids: dict[int, int]
    ) -> list[bool]:
        for row in rows:
            if row.file not in ids:
                ids[row.file] = self._begin(writing, row.file)
        values = [_values(row, ids[row.file]) for row in rows]
        if writing.executemany(_TURN, values).rowcount == len(rows):
            return [True] * len(rows)
        # A bot has just stored one of them itself.
        return [_whose(writing, row.turn) == ids[row.file] for row in rows]

    def _begin(self, writing: "sqlite.Connection", number: int) -> int:
        file, batch = self._files[number], self._batch
        values = {
            "batch_id": batch.batch_id,
            "kind": batch.kind,
            "options": batch.options,
            "at": to_text(self._clock.now()),
            **file._asdict(),
        }
        (import_id,) = writing.execute(_BEGIN_FILE, values).fetchone()
        return int(import_id)

    def _progress(
        self, rows: Sequence[Row], added: Sequence[bool], ids: dict[int, int]
    ) -> Iterator[dict[str, int]]:
        position, new = Counter[int](), Counter[int]()
        for row, is_new in zip(rows, added, strict=False):
            position[row.file] += 1
            new[row.file] += is_new
        for file, count in position.items():
            yield {
                "id": ids[file],
                "position": self._position[file] + count,
                "added": new[file],
                "present": self._present[file] + count - new[file],
            }


def _whose(writing: "sqlite.Connection", turn: PastTurn) -> int | None:
    row = writing.execute(_WHOSE, turn._asdict()).fetchone()
    return None if row is None else row[0]


def _values(row: Row, import_id: int) -> tuple[object, ...]:
    turn = row.turn
    return (
        turn.bot_name,
        turn.channel_id,
        turn.user_id,
        turn.message_id,
        turn.role,
        turn.at,
        turn.content,
        turn.part,
        turn.username,
        turn.channel_name,
        turn.channel_type,
        turn.guild_id,
        turn.parent_channel_id,
        turn.metadata,
        turn.edited_at,
        row.session.session_id,
        PLATFORM,
        import_id,
    )


def _sessions(
    rows: Sequence[Row], added: Sequence[bool], ids: dict[int, int]
) -> list[dict[str, Any]]:
    """Sum up by session what was added."""
    found: dict[str, dict[str, Any]] = {}
    for row, is_new in zip(rows, added, strict=False):
        if not is_new:
            continue
        turn, session = row.turn, row.session
        values = found.setdefault(
            session.session_id,
            {
                "bot_name": turn.bot_name,
                "platform": PLATFORM,
                "channel_id": turn.channel_id,
                "user_id": session.user_id,
                "session_id": session.session_id,
                "started_at": session.started_at,
                "last_activity": session.started_at,
                "display_id": session.display_id,
                "turns": 0,
                "import_id": ids[row.file],
            },
        )
        values["turns"] += 1
        if turn.role == "user":
            values["last_activity"] = max(values["last_activity"], turn.at)
    return [*found.values()]
