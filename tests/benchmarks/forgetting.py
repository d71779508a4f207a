"""Forgetting one user of a large file while a bot writes: how long it takes, and who waits."""

import shutil

from multibot.clock import SystemClock
from multibot.home import Home
from multibot.store import connection
from multibot.store.archive import checkpoint
from multibot.store.archive.forget import Scope
from multibot.store.archive.forgetting import forget
from multibot.store.archive.shared import SharedFile
from tests.benchmarks.copies import ROWS, bot_writing, fill, seconds
from tests.benchmarks.figure import Effort, Figure, percentile
from tests.benchmarks.material import scratch_home

USER = "700000000000000007"
# They wrote, or were answered, every hundredth turn, from the first to the last.
SHARE = 100


def measure(effort: Effort) -> list[Figure]:
    """Measure forgetting with a writer in another process, and the bare deletion of the rows."""
    count, texts = effort.count(ROWS, 1000), effort.texts()
    with scratch_home() as home:
        fill(home, count, texts)
        _give(home)
        bare = _bare(home)
        with bot_writing(home, texts) as waited:
            taken = seconds(lambda: _forget(home))
    what = f"{count // SHARE:,} of {count:,} turns"
    return [
        Figure(f"forget {what}, while a bot writes", taken, "s", bare, "one DELETE", "<= 5 s"),
        Figure("a write beside it, the longest", max(waited) * 1000, "ms", target="<= 50 ms"),
        Figure("a write beside it, p99", percentile(waited, 0.99) * 1000, "ms"),
    ]


def _forget(home: Home) -> None:
    with SharedFile(home) as shared:
        done = forget(home, Scope(user_id=USER), SystemClock(), shared.write)
    assert done.rows["conversations"]


def _give(home: Home) -> None:
    """Make some of the turns this user's."""
    writer = connection.open_writer(home.database)
    writer.execute("UPDATE conversations SET user_id = ? WHERE id % ? = 0", (USER, SHARE))
    writer.close()
    checkpoint.truncate(home)


def _bare(home: Home) -> float:
    """Delete the same rows of a copy in one transaction, for which every bot would wait."""
    copy = home.data / "bare.db"
    shutil.copyfile(home.database, copy)
    writer = connection.open_writer(copy)
    delete = "DELETE FROM conversations WHERE user_id = ?"
    taken = seconds(lambda: writer.execute(delete, (USER,)))
    writer.close()
    return taken
