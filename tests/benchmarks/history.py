"""What an operator asks of a large file: a session, the newest turns, words, numbers."""

import functools
import itertools
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence

from multibot.store.archive import around, search, statistics
from multibot.store.archive.criteria import Criteria, SessionKey
from multibot.store.archive.finding import Finding, Order
from multibot.store.archive.reading import Transcript
from multibot.store.archive.shared import SharedFile
from multibot.store.transaction import Durability
from tests.benchmarks.figure import PER_SECOND, Effort, Figure, percentile
from tests.benchmarks.material import scratch_home
from tests.benchmarks.reading import CONVERSATIONS, fill, turns

TURNS = 100
# So often each is asked, however large the file is.
TIMES = 200
SHOWN = 20
SESSION_TURNS = 200
# Words that nearly every file of chat has, by how common they are among all.
PAIRS = {"the commonest two words": (0, 1), "two ordinary words": (40, 60)}

SESSION = """
SELECT * FROM conversations
WHERE bot_name = ? AND channel_id = ? AND session_id = ? AND deleted_at IS NULL
ORDER BY id DESC LIMIT ?
"""
NEWEST = "SELECT * FROM conversations ORDER BY id DESC LIMIT ?"
MATCH = "SELECT rowid FROM conversations_fts WHERE conversations_fts MATCH ?"
IN_ORDER = {
    Order.NEWEST: f"{MATCH} ORDER BY rowid DESC LIMIT ?",
    Order.BEST: f"{MATCH} ORDER BY rank LIMIT ?",
}
COUNT = (
    "SELECT bot_name, channel_id, count(*), sum(length(content)) FROM conversations GROUP BY 1, 2"
)


def measure(effort: Effort) -> list[Figure]:
    """Measure reading and searching; ask for a larger share to see a larger file."""
    texts, count = effort.texts(), effort.count(200_000, 400)
    with scratch_home() as home:
        fill(home, turns(count, texts, SESSION_TURNS))
        with SharedFile(home) as shared:
            size = f"of {count:,} turns"
            indexed = Figure(f"index the words {size}", _index(shared, count), PER_SECOND)
            asked = _Asked(shared, size, min(TIMES, effort.count(TIMES)))
            return [
                indexed,
                asked.session(),
                asked.newest(),
                *itertools.chain.from_iterable(
                    asked.words(name, [_common(texts)[rank] for rank in ranks])
                    for name, ranks in PAIRS.items()
                ),
                asked.numbers(),
            ]


class _Asked:
    """Questions to one file, each beside a statement of one's own."""

    def __init__(self, shared: SharedFile, size: str, times: int) -> None:
        self._shared = shared
        self._size = size
        self._times = times

    def session(self) -> Figure:
        """The last turns of one session after another."""
        keys = [SessionKey("sage", str(n), f"{n}-0") for n in range(CONVERSATIONS)]
        each = itertools.cycle(keys)
        ours = self._median(lambda: around.before(self._shared, next(each), TURNS))
        bare = self._median(lambda: self._rows(SESSION, *next(each), TURNS))
        what = f"last {TURNS} turns of a session {self._size}"
        return Figure(what, ours, "ms", bare, "the same SELECT, tuples", "<= 0.3 ms")

    def newest(self) -> Figure:
        """What `history list` reads."""
        ours = self._median(lambda: list(Transcript(self._shared, Criteria(), TURNS).turns()))
        bare = self._median(lambda: self._rows(NEWEST, TURNS))
        return Figure(f"newest {TURNS} {self._size}", ours, "ms", bare, "ORDER BY id, tuples")

    def words(self, name: str, pair: Sequence[str]) -> list[Figure]:
        """Two words, in both orders."""
        expression = " ".join(f'"{word}"' for word in pair)
        figures = []
        for order, sql in IN_ORDER.items():
            finding = Finding(self._shared, Criteria(), " ".join(pair))
            ours = self._median(functools.partial(finding.find, order, SHOWN))
            alone = functools.partial(self._rows, sql, expression, SHOWN)
            bare = self._median(alone, few=True)
            what = f"search {name} {self._size}, {order} first"
            figures.append(Figure(what, ours, "ms", bare, "FTS5 alone, ids", "<= 50 ms"))
        return figures

    def numbers(self) -> Figure:
        """What `history stats` counts."""
        ours = self._median(lambda: statistics.count(self._shared, Criteria()), few=True)
        bare = self._median(lambda: self._rows(COUNT), few=True)
        return Figure(f"numbers {self._size}", ours, "ms", bare, "GROUP BY channel, no days")

    def _rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        return self._shared.reader.execute(sql, values).fetchall()

    def _median(self, ask: Callable[[], object], *, few: bool = False) -> float:
        taken = []
        for _ in range(max(2, self._times // 40) if few else self._times):
            started = time.perf_counter()
            ask()
            taken.append((time.perf_counter() - started) * 1000)
        return percentile(taken, 0.5)


def _index(shared: SharedFile, count: int) -> float:
    started = time.perf_counter()
    while shared.write(search.fill, Durability.SOFT):
        pass
    return count / (time.perf_counter() - started)


def _common(texts: Sequence[str]) -> list[str]:
    words = Counter(word for text in texts for word in re.findall(r"[a-z]{2,}", text.lower()))
    return [word for word, _ in words.most_common()]
