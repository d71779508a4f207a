"""The newest turns of a conversation, in small and large files."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from multibot.clock import SystemClock, to_text
from multibot.conversation.session import SessionRules
from multibot.home import Home
from multibot.store import connection
from multibot.store.stores import open_store
from tests.benchmarks.figure import Effort, Figure, spread
from tests.benchmarks.material import FIRST_ID, SAGE, scratch_home

TURNS = 100
CONVERSATIONS = 40
SESSION_TURNS = 20
AGES_AGO = timedelta(days=36500)
RULES = SessionRules()

INSERT = """
INSERT INTO conversations
    (bot_name, channel_id, channel_name, channel_type, user_id, username, session_id, message_id,
     role, content, timestamp)
VALUES ('sage', ?, 'philosophy', 'channel', ?, 'Ada', ?, ?, ?, ?, ?)
"""
SELECT = """
SELECT role, content, timestamp, session_id, message_id, user_id, username, part
FROM conversations
WHERE bot_name = 'sage' AND channel_id = ? AND user_id = ? AND deleted_at IS NULL
ORDER BY id DESC
LIMIT ?
"""


def measure(effort: Effort) -> list[Figure]:
    """Measure how long the last hundred turns take to read."""
    texts = effort.texts()
    sizes = (effort.count(10_000, 100), effort.count(1_000_000, 200))
    return [figure for size in sizes for figure in _measure(size, texts, effort.count(2_000))]


def _measure(rows: int, texts: Sequence[str], reads: int) -> list[Figure]:
    with scratch_home() as home:
        fill(home, turns(rows, texts))
        ours, bare = asyncio.run(_read(home, reads))
    return spread(
        f"last {TURNS} turns of {rows:,} rows",
        ours,
        bare,
        unit="ms",
        bare_is="the same SELECT, tuples",
        targets=("<= 0.3 ms", ""),
    )


async def _read(home: Home, reads: int) -> tuple[list[float], list[float]]:
    store = open_store(home, SAGE, SystemClock())
    reader = connection.open_reader(home.database)
    try:
        ours = _timed(
            reads, lambda one: store.history.context(one, f"u{one}", RULES, TURNS, AGES_AGO)
        )
        bare = _timed(reads, lambda one: reader.execute(SELECT, (one, f"u{one}", TURNS)).fetchall())
    finally:
        reader.close()
        await store.close()
    return ours, bare


def _timed(reads: int, read: Callable[[str], Sequence[object]]) -> list[float]:
    taken = []
    for number in range(reads):
        started = time.perf_counter()
        read(str(number % CONVERSATIONS))
        taken.append((time.perf_counter() - started) * 1000)
    return taken


def turns(
    count: int, texts: Sequence[str], session_turns: int = SESSION_TURNS
) -> Iterator[tuple[str, ...]]:
    """Make turns as a busy channel has them: sessions of several people, side by side."""
    start = SystemClock().now() - timedelta(days=1)
    for number, text in zip(range(count), itertools.cycle(texts), strict=False):
        conversation = number % CONVERSATIONS
        role = ("user", "assistant")[number // CONVERSATIONS % 2]
        session = f"{conversation}-{number // (CONVERSATIONS * session_turns)}"
        at = to_text(start + timedelta(milliseconds=number))
        who = (str(conversation), f"u{conversation}")
        yield (*who, session, str(FIRST_ID + number), role, text, at)


def fill(home: Home, rows: Iterator[tuple[str, ...]]) -> None:
    """Put turns into a file, as quickly as it goes."""
    writer = connection.open_writer(home.database)
    # Nobody needs this file after a power cut.
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -500000"):
        writer.execute(f"PRAGMA {pragma}").fetchall()
    writer.execute("BEGIN")
    writer.executemany(INSERT, rows)
    writer.execute("COMMIT")
    writer.execute("PRAGMA journal_mode = WAL").fetchall()
    writer.close()
