"""Putting one bot's turns back out of a copy, while the other bots go on.

The living file is changed in many small transactions. Each notes in `restores` how far it came, so
that the same command goes on after a kill; the bot does not start before all of them are done.
"""

from pathlib import Path

from multibot.clock import Clock, to_text
from multibot.home import Home
from multibot.store.archive import backup, candidate, carrying
from multibot.store.archive.candidate import Candidate
from multibot.store.archive.checkpoint import Drain
from multibot.store.archive.filling import MOST, Filling, Progress, silent
from multibot.store.archive.manifest import Kind
from multibot.store.archive.restore import SUFFIX, Restored, alone, require_place
from multibot.store.archive.shared import SharedFile

_KNOWN = "SELECT sha256, kept FROM restores WHERE bot_name = :bot"
_BEGIN = """
INSERT INTO restores (bot_name, source, sha256, kept, began_at)
VALUES (:bot, :source, :sha256, :kept, :at)
ON CONFLICT (bot_name) DO UPDATE
SET source = excluded.source, sha256 = excluded.sha256, began_at = excluded.began_at,
    step = 'emptying', position = 0
"""


def is_half_done(home: Home, bot_name: str) -> bool:
    """Say whether a restore of a bot was begun and is not finished."""
    if not home.database.exists():
        return False
    with SharedFile(home) as shared:
        return shared.reader.execute(_KNOWN, {"bot": bot_name}).fetchone() is not None


def restore_bot(
    home: Home,
    clock: Clock,
    file: Path,
    bot_name: str,
    *,
    progress: Progress = silent,
    most: int = MOST,
) -> Restored:
    """Put one bot's turns and sessions back; the caller sees to it that this bot does not run.

    What it has dealt with stays known, and what only the copy knows of that is added. Nobody is
    forgotten meanwhile. At `most` so many rows share a transaction.
    """
    began = clock.monotonic()
    require_place(home)
    with (
        alone(home),
        SharedFile(home) as shared,
        candidate.made(home, file) as made,
    ):
        carrying.settle(made.path)
        with (
            Drain(home) as drain,
            Filling(shared, made, bot_name, clock=clock, settle=drain.move, most=most) as filling,
        ):
            kept = _begin(home, clock, shared, made, bot_name)
            rows = filling.run(progress)
    return Restored(
        source=made.source,
        kept=kept,
        rows=rows,
        migrated=made.migrated,
        forgotten=made.forgotten,
        seconds=clock.monotonic() - began,
    )


def _begin(home: Home, clock: Clock, shared: SharedFile, made: Candidate, bot_name: str) -> Path:
    """Note the restore before anything changes, unless it is one that was interrupted."""
    known = shared.reader.execute(_KNOWN, {"bot": bot_name}).fetchone()
    if known is None:
        kept = backup.take(home, clock, Kind.BEFORE_RESTORE, suffix=SUFFIX).path
    else:
        # What is there now is half of something; what was there before is kept already.
        kept = Path(known[1])
    if known is None or known[0] != made.sha256:
        values = {
            "bot": bot_name,
            "source": str(made.source),
            "sha256": made.sha256,
            "kept": str(kept),
            "at": to_text(clock.now()),
        }
        shared.write(lambda writer: writer.execute(_BEGIN, values))
    return kept
