"""One run of an import: what was read is compared with the shared file, and what is new written."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from multibot.cli import import_progress
from multibot.cli.import_report import Report
from multibot.cli.import_sources import Sources
from multibot.clock import Clock, from_text
from multibot.conversation.past import PastTurn
from multibot.conversation.session import SessionRules
from multibot.home import Home
from multibot.importing import rebuilding
from multibot.importing.doubles import Doubles
from multibot.importing.remark import Skipped
from multibot.store import integrity, migrate
from multibot.store.archive import batches, tombstones
from multibot.store.archive.batches import Batch
from multibot.store.archive.checkpoint import Drain
from multibot.store.archive.imports import ForgottenMeanwhileError, Tally, Writing
from multibot.store.archive.pastrows import Row
from multibot.store.archive.presence import Known, Presence
from multibot.store.archive.shared import SharedFile
from multibot.store.archive.tombstones import Tombstones

_FORGOTTEN = "whoever this is about asked to be forgotten"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Everything that a run needs; `options` is what its outcome depends on."""

    home: Home
    clock: Clock
    report: Report
    rules: Mapping[str, SessionRules]
    kind: str
    options: Mapping[str, Any]
    told: set[tuple[int, int]] = field(default_factory=set)

    @contextlib.contextmanager
    def looking(self) -> Iterator[SharedFile | None]:
        """Open the shared file to compare with, if there is one; no file is made."""
        if not self.home.database.exists():
            yield None
            return
        with SharedFile(self.home) as shared:
            integrity.require_whole(shared.reader, None, self.home.database)
            yield shared

    @contextlib.contextmanager
    def alone(self) -> Iterator[SharedFile]:
        """Open the shared file to write; refuses what keeps an import from being written at all."""
        self.home.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with batches.alone(self.home), self._open() as shared:
            integrity.require_whole(shared.reader, None, self.home.database)
            yield shared

    def plan(self, sources: Sources, shared: SharedFile | None) -> None:
        """Count what would be new; nothing is written."""
        known = Known(None, ())
        if shared is not None:
            begun = batches.begun(shared.reader, self._batch(shared).batch_id)
            known = Known(shared.reader, frozenset(begun.values()))
        tallies: dict[str, Tally] = {}
        for row in self._rows(sources, tombstones.load(self.home)):
            tally = tallies.setdefault(row.turn.bot_name, Tally())
            if known.look(row.turn) is Presence.PRESENT:
                tally.present += 1
            else:
                tally.new += 1
        self.report.tallies = tallies

    def write(self, sources: Sources, shared: SharedFile) -> None:
        """Write what is new, in small steps; a run that was interrupted is continued."""
        with Drain(self.home) as drain:
            batch = self._batch(shared)
            writing = None
            while writing is None:
                writing = Writing(shared, batch, sources.files, self.clock, drain.move)
                try:
                    self._write_all(writing, sources)
                except ForgottenMeanwhileError:
                    writing = None
            writing.finish()
            self.report.tallies = writing.tallies
            if batches.begun(shared.reader, batch.batch_id):
                batches.note_skipped(shared, batch.batch_id, self.report.skipped.total())
                self.report.batch_id = batch.batch_id

    def is_begun(self) -> bool:
        """Tell whether an interruption has left something behind, for the same run to go on with."""
        if batches.is_blank(self.home.database):
            return False
        with SharedFile(self.home) as shared:
            return batches.unfinished(shared.reader, self.kind, self._options) is not None

    def _open(self) -> SharedFile:
        """Open the shared file; one that holds nothing yet is made, or brought up to date."""
        if batches.is_blank(self.home.database):
            migrate.migrate(self.home, self.clock)
        return SharedFile(self.home)

    def _write_all(self, writing: Writing, sources: Sources) -> None:
        rows = self._rows(sources, tombstones.load(self.home))
        with import_progress.shown("writing", len(sources.staging)) as advance:
            for done in writing.write(rows):
                advance(done)

    def _batch(self, shared: SharedFile) -> Batch:
        found = batches.unfinished(shared.reader, self.kind, self._options)
        self.report.is_resumed = found is not None
        return Batch(
            batch_id=found or batches.new_id(self.clock.now()),
            kind=self.kind,
            options=self._options,
        )

    @property
    def _options(self) -> str:
        return json.dumps(self.options, sort_keys=True)

    def _rows(self, sources: Sources, stones: Tombstones) -> Iterator[Row]:
        doubles = Doubles()
        turns = doubles.without(self._remembered(sources, stones))
        for placed in rebuilding.rebuild(turns, self._rules_of):
            yield Row(*placed)
        self.report.doubles = doubles.count

    def _rules_of(self, bot_name: str) -> SessionRules:
        return self.rules.get(bot_name, SessionRules())

    def _remembered(self, sources: Sources, stones: Tombstones) -> Iterator[tuple[int, PastTurn]]:
        """Leave out what somebody asked to be forgotten."""
        if not len(stones):
            yield from sources.ordered()
            return
        for file, turn in sources.ordered():
            if not stones.is_forgotten(turn.user_id, turn.bot_name, from_text(turn.at)):
                yield file, turn
            elif (file, turn.position) not in self.told:
                self.told.add((file, turn.position))
                source = sources.files[file].source
                self.report.skip(Skipped(source, f"entry {turn.position + 1}", _FORGOTTEN))
