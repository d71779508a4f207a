"""Past turns written into the shared file, each step a small transaction that knows how far it came.

One run of an import is a batch. Each file that brings something has a row in `imports`, and what it
brought has that row's id; the bots' own rows have none, and are never touched.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from multibot.clock import Clock, to_text
from multibot.store.archive import batches, pastrows
from multibot.store.archive.batches import Batch
from multibot.store.archive.pastrows import Row
from multibot.store.archive.presence import Known, Presence
from multibot.store.archive.shared import SharedFile
from multibot.store.transaction import Durability

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# A step puts no more turns in after so long; their sessions and the commit take their own time, and
# every bot waits for all of it.
STEP_SECONDS = 0.015
_LARGEST_STEP = 1000
# Of long texts fewer rows are held at once, and put in between two looks at the clock.
_HELD_CHARACTERS = 4 << 20
_STRIDE_CHARACTERS = 1 << 15
# A power cut may take the newest steps, whole: the rerun does them again.
_SOFT = Durability.SOFT
# The clock is asked once in so many rows.
_STRIDE = 50
# So much is moved into the file at once: each time two syncs are waited for, and a WAL of 1,000 pages
# would be moved by the bot that commits next. As long as nobody else has written it may be more.
_SETTLED_ROWS = 1000
_SETTLED_CHARACTERS = 1 << 20
_TIMES_ALONE = 4

_BEGIN_FILE = """
INSERT INTO imports (batch_id, kind, source, sha256, skipped, options, started_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_PROGRESS = """
UPDATE imports
SET position = max(position, :position), added = added + :added, present = :present
WHERE id = :id
"""
_FINISH = """
UPDATE imports SET finished_at = :at
WHERE id IN (
    SELECT id FROM imports WHERE batch_id = :batch_id AND finished_at IS NULL LIMIT 2000)
"""
_SEAL = """
UPDATE imports SET finished_at = finished_at
WHERE id = (SELECT max(id) FROM imports WHERE batch_id = :batch_id)
"""
# What a step leaves in the WAL is moved by `settle`, while others write.
_LEAVE_WAL = "PRAGMA wal_autocheckpoint = 0"
# It stays the same until somebody else has committed.
_VERSION = "PRAGMA data_version"
# Another row whenever a tombstone was added or changed, also one that is not the latest.
_FORGOTTEN = "SELECT id, digest, forgotten_at FROM tombstones ORDER BY id DESC LIMIT 1"


class File(NamedTuple):
    """A file that turns come from; `skipped` is how many of its items are left out."""

    source: str
    sha256: str
    skipped: int = 0


@dataclass(slots=True)
class Tally:
    """How many turns of a bot were new, and how many were there already."""

    new: int = 0
    present: int = 0


class ForgottenMeanwhileError(Exception):
    """Somebody was forgotten since the tombstones were read: read them again, and go on."""


@dataclass(frozen=True, slots=True)
class _Done:
    """What became of some rows: of each file, of each bot, and which files were begun with them."""

    handled: Counter[int]
    present: Counter[int]
    bots: Counter[tuple[str, bool]]
    begun: dict[int, int] = field(default_factory=dict)
    version: int = 0

    @property
    def rows(self) -> int:
        """How many rows these were."""
        return self.handled.total()


def _nothing() -> None:
    pass


class Writing:
    """Writes the turns of one batch; `files` are those that the rows' numbers mean.

    `settle` is called after some steps, outside of any transaction.
    """

    def __init__(
        self,
        shared: SharedFile,
        batch: Batch,
        files: Sequence[File],
        clock: Clock,
        settle: Callable[[], None] = _nothing,
    ) -> None:
        begun = batches.begun(shared.reader, batch.batch_id)
        self._shared = shared
        self._batch = batch
        self._files = files
        self._clock = clock
        self._settle = settle
        own = enumerate(begun.get((each.source, each.sha256)) for each in files)
        self._ids = {number: import_id for number, import_id in own if import_id is not None}
        self._known = Known(shared.reader, frozenset(self._ids.values()))
        self._handled: Counter[int] = Counter()
        self._present: Counter[int] = Counter()
        self._unsettled = 0.0
        self._version: int | None = None
        self._forgotten = shared.reader.execute(_FORGOTTEN).fetchone()
        self.tallies: dict[str, Tally] = {}

    def write(self, rows: Iterable[Row]) -> Iterator[int]:
        """Write what is not there; give the number of rows after each step.

        Raises ForgottenMeanwhileError before the step in which a new tombstone would be missed.
        """
        batches.recount(self._shared, self._batch.batch_id)
        waiting = iter(rows)
        while chunk := _some(waiting, _LARGEST_STEP, _HELD_CHARACTERS):
            absent = self._absent(chunk)
            while absent:
                absent = absent[self._add(absent) :]
            yield len(chunk)

    def finish(self) -> None:
        """Note that the batch is complete; from here on a power cut takes nothing of it."""
        at = to_text(self._clock.now())
        values = {"at": at, "batch_id": self._batch.batch_id}
        while self._shared.write(lambda writing: writing.execute(_FINISH, values).rowcount, _SOFT):
            self._settle()
        self._shared.write(lambda writing: writing.execute(_SEAL, values))

    def _absent(self, rows: list[Row]) -> list[Row]:
        """Look every turn up, outside of any transaction; count those that are there."""
        found = [(row, self._known.look(row.turn)) for row in rows]
        there = [(row, each) for row, each in found if each is not Presence.ABSENT]
        if not there:
            return rows
        is_new = [each is Presence.OWN for _, each in there]
        self._note(_counted([row for row, _ in there], is_new))
        return [row for row, each in found if each is Presence.ABSENT]

    def _add(self, rows: Sequence[Row]) -> int:
        done = self._shared.write(lambda writing: self._step(writing, rows), _SOFT)
        self._settle_if_due(rows[: done.rows], done.version)
        self._ids |= done.begun
        self._note(done)
        return done.rows

    def _settle_if_due(self, written: Sequence[Row], version: int) -> None:
        characters = sum(len(row.turn.content) for row in written)
        self._unsettled += len(written) / _SETTLED_ROWS + characters / _SETTLED_CHARACTERS
        self._version = version if self._version is None else self._version
        if self._unsettled >= (_TIMES_ALONE if version == self._version else 1):
            self._settle()
            self._unsettled = 0.0

    def _note(self, done: _Done) -> None:
        self._handled.update(done.handled)
        self._present.update(done.present)
        for (bot_name, is_new), count in done.bots.items():
            tally = self.tallies.setdefault(bot_name, Tally())
            tally.new += count * is_new
            tally.present += count * (not is_new)

    def _step(self, writing: "sqlite.Connection", rows: Sequence[Row]) -> _Done:
        """Add rows until the time is up. A job: it changes nothing of this object."""
        if writing.execute(_FORGOTTEN).fetchone() != self._forgotten:
            raise ForgottenMeanwhileError
        writing.execute(_LEAVE_WAL).fetchall()
        (version,) = writing.execute(_VERSION).fetchone()
        until = self._clock.monotonic() + STEP_SECONDS
        begun: dict[int, int] = {}
        added: list[bool] = []
        waiting = iter(rows)
        while some := _some(waiting, _STRIDE, _STRIDE_CHARACTERS):
            if added and self._clock.monotonic() > until:
                break
            added += pastrows.insert_turns(writing, some, self._of(writing, some, begun))
        rows = rows[: len(added)]
        new = [row for row, is_new in zip(rows, added, strict=True) if is_new]
        ids = self._of(writing, new, begun)
        pastrows.enter_sessions(writing, new, ids)
        done = _counted(rows, added, begun, version)
        writing.executemany(_PROGRESS, self._progress(done, Counter(row.file for row in new)))
        return done

    def _of(
        self, writing: "sqlite.Connection", rows: Sequence[Row], begun: dict[int, int]
    ) -> dict[int, int]:
        """Return the ids of the files of some rows, beginning those that have none."""
        ids = {}
        for file in dict.fromkeys(row.file for row in rows):
            found = self._ids.get(file) or begun.get(file)
            if found is None:
                found = begun[file] = self._begin(writing, file)
            ids[file] = found
        return ids

    def _begin(self, writing: "sqlite.Connection", number: int) -> int:
        batch, at = self._batch, to_text(self._clock.now())
        values = (batch.batch_id, batch.kind, *self._files[number], batch.options, at)
        return int(writing.execute(_BEGIN_FILE, values).lastrowid or 0)

    def _progress(self, done: _Done, new: Counter[int]) -> Iterator[dict[str, int]]:
        for file, count in done.handled.items():
            yield {
                "id": self._ids.get(file) or done.begun[file],
                "position": self._handled[file] + count,
                "added": new[file],
                "present": self._present[file] + done.present[file],
            }


def _some(rows: Iterator[Row], most: int, characters: int) -> list[Row]:
    """Take the next rows: at least one, and none more once their texts are so long."""
    some: list[Row] = []
    for row in itertools.islice(rows, most):
        some.append(row)
        characters -= len(row.turn.content)
        if characters <= 0:
            break
    return some


def _counted(
    rows: Sequence[Row],
    is_new: Sequence[bool],
    begun: dict[int, int] | None = None,
    version: int = 0,
) -> _Done:
    pairs = list(zip(rows, is_new, strict=True))
    return _Done(
        handled=Counter(row.file for row in rows),
        present=Counter(row.file for row, each in pairs if not each),
        bots=Counter((row.turn.bot_name, each) for row, each in pairs),
        begun=begun or {},
        version=version,
    )
