"""A backup of a large file while a bot writes: how long it takes, and how long a write waits."""

import asyncio
import contextlib
import itertools
import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from multibot.clock import SystemClock, to_text
from multibot.home import Home
from multibot.store import connection
from multibot.store.archive import copies, search
from multibot.store.archive.backup import backup
from multibot.store.archive.restore import restore
from multibot.store.stores import open_store
from tests.benchmarks.figure import Effort, Figure, percentile
from tests.benchmarks.material import FIRST_ID, SAGE, messages, scratch_home
from tests.benchmarks.writing import RULES

ROWS = 1_000_000
BOTS = ("sage", "spark", "logic", "muse")
SESSION_TURNS = 3200
CHANNELS = 40
# Four conversations at once, each a write every 10 ms: many times what people write.
PRODUCERS = 4
PAUSE_SECONDS = 0.01
ENOUGH = 50_000

INSERT = """
INSERT INTO conversations
    (bot_name, channel_id, channel_name, channel_type, user_id, username, session_id, message_id,
     role, content, timestamp)
VALUES (?, ?, 'philosophy', 'channel', ?, 'Ada', ?, ?, ?, ?, ?)
"""


def measure(effort: Effort) -> list[Figure]:
    """Measure a backup with a writer in another process, then putting it back."""
    count, texts = effort.count(ROWS, 1000), effort.texts()
    with scratch_home() as home:
        fill(home, count, texts)
        quiet = seconds(lambda: backup(home, SystemClock()))
        with bot_writing(home, texts) as waited:
            before = len(waited)
            busy = seconds(lambda: backup(home, SystemClock()))
        taken = max(home.backups.glob("*.db"))
        bare = seconds(lambda: copies.copy(home.database, home.data / "bare.partial"))
        size = taken.stat().st_size / 1e6
        back = seconds(lambda: restore(home, SystemClock(), taken))
    assert len(waited) > before
    what = f"{count:,} turns, {size:,.0f} MB"
    alone = "the copy and its sync alone"
    return [
        Figure(f"backup of {what}, while a bot writes", busy, "s", bare, alone, "<= 2 s"),
        Figure(f"backup of {what}, at rest", quiet, "s", bare, alone),
        Figure("a write meanwhile, the longest", max(waited) * 1000, "ms", target="<= 250 ms"),
        Figure("a write meanwhile, p99", percentile(waited, 0.99) * 1000, "ms"),
        Figure(f"restore of {what}", back, "s"),
    ]


def seconds(work: Callable[[], object]) -> float:
    """Say how long something takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextlib.contextmanager
def bot_writing(home: Home, texts: Sequence[str]) -> Iterator[list[float]]:
    """Let a bot write in a process of its own; in the end, how long each write waited."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_write, args=(home.root, list(texts[:1000]), theirs))
    process.start()
    waited: list[float] = []
    try:
        ours.recv()
        yield waited
        ours.send("enough")
        waited += ours.recv()
    finally:
        process.terminate()
        process.join()


def _write(root: Path, texts: Sequence[str], pipe: Connection) -> None:
    pipe.send(asyncio.run(_until_told(Home(root), texts, pipe)))


async def _until_told(home: Home, texts: Sequence[str], pipe: Connection) -> list[float]:
    store = open_store(home, SAGE, SystemClock())
    waited: list[float] = []
    work = iter(messages(ENOUGH, texts))

    async def produce() -> None:
        while not pipe.poll():
            began = time.perf_counter()
            await store.ledger.begin(next(work), RULES)
            waited.append(time.perf_counter() - began)
            await asyncio.wait({asyncio.get_running_loop().create_future()}, timeout=PAUSE_SECONDS)

    await store.ledger.begin(next(work), RULES)
    pipe.send("writing")
    await asyncio.gather(*(produce() for _ in range(PRODUCERS)))
    await store.close()
    return waited


def fill(home: Home, count: int, texts: Sequence[str]) -> None:
    """Make a file with so many turns, their words in the search."""
    writer = connection.open_writer(home.database)
    # Nobody needs this file after a power cut.
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -500000"):
        writer.execute(f"PRAGMA {pragma}").fetchall()
    writer.execute("BEGIN")
    writer.executemany(INSERT, _rows(count, texts))
    while search.fill(writer, 50_000):
        pass
    writer.execute("COMMIT")
    writer.execute("PRAGMA journal_mode = WAL").fetchall()
    writer.close()


def _rows(count: int, texts: Sequence[str]) -> Iterator[tuple[str, ...]]:
    start = SystemClock().now() - timedelta(days=400)
    for number, text in zip(range(count), itertools.cycle(texts), strict=False):
        bot, channel = BOTS[number % len(BOTS)], str(number // len(BOTS) % CHANNELS)
        session = f"{bot}-{channel}-{number // SESSION_TURNS}"
        role = ("user", "assistant")[number // (CHANNELS * len(BOTS)) % 2]
        at = to_text(start + timedelta(seconds=number))
        message_id = str(FIRST_ID * 2 + number)
        yield (bot, channel, f"u{channel}", session, message_id, role, text, at)
