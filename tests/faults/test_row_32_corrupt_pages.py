"""Row 32: pages of the database are overwritten. It is found, no bot starts, a restore brings it back."""

import itertools
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from multibot.clock import SystemClock, to_text
from multibot.errors import ExitCode, PermanentError
from multibot.home import Home
from multibot.store import connection, integrity
from multibot.store.archive import search
from multibot.store.archive.backup import backup
from multibot.store.archive.soundness import Examination
from multibot.store.migrate import migrate
from multibot.store.stores import open_store
from tests.fakes import FakeClock
from tests.faults import accounts, book, crowd
from tests.process.fleet import chat_lines
from tests.store.material import SAGE
from tests.unit.config import samples

SAMPLE = Path(__file__).parents[1] / "data" / "chat_sample.jsonl"
PAGE = 4096
PAGES = 10
RUNS = book.times(300, 8)
SMALL_ROWS = 4_000
# 200 MB, for the time that a restore takes.
LARGE_ROWS = book.times(480_000, 4_000)
# Nobody listens there: should anything start after all, it must not go looking for Discord.
NOWHERE = "http://127.0.0.1:9/api/v10"
SEED = 32

TURN = """
INSERT INTO conversations (bot_name, channel_id, channel_name, channel_type, user_id, username,
    session_id, message_id, role, content, timestamp)
VALUES (?, ?, 'general', 'channel', ?, 'Ada', ?, ?, ?, ?, ?)
"""
Damage = Callable[[random.Random, bytes], bytes]


def fill(home: Home, count: int) -> None:
    """Write so many turns with real words, and let the search know them."""
    migrate(home, SystemClock())
    writer = connection.open_writer(home.database)
    for pragma in ("synchronous = OFF", "cache_size = -200000", "wal_autocheckpoint = 100000"):
        writer.execute(f"PRAGMA {pragma}").fetchall()
    writer.execute("BEGIN")
    writer.executemany(TURN, turns(count))
    while search.fill(writer, 50_000):
        pass
    writer.execute("COMMIT")
    writer.close()


def turns(count: int) -> Iterator[tuple[str, ...]]:
    texts = [content for _, content in chat_lines(SAMPLE, 2_000) if content.strip()]
    start = SystemClock().now() - timedelta(days=400)
    for number, text in zip(range(count), itertools.cycle(texts), strict=False):
        bot, channel = ("sage", "spark")[number % 2], str(number // 2 % 40)
        role = ("user", "assistant")[number // 80 % 2]
        at = to_text(start + timedelta(seconds=number))
        session = f"{bot}-{channel}-{number // 4000}"
        yield (bot, channel, f"u{channel}", session, str(10**17 + number), role, text, at)


def noise(dice: random.Random, _: bytes) -> bytes:
    """What a failing disk leaves."""
    return dice.randbytes(PAGE)


def nothing(_: random.Random, __: bytes) -> bytes:
    """What a hole in a file reads as."""
    return b"\0" * PAGE


def misplaced(_: random.Random, other: bytes) -> bytes:
    """A sector that was written to the wrong place."""
    return other


def spoil(database: Path, dice: random.Random, damage: Damage) -> None:
    """Overwrite some pages, chosen by lot, in the way of one kind of damage."""
    there = database.stat().st_size // PAGE
    chosen = dice.sample(range(there), PAGES)
    with database.open("r+b") as file:
        for page, other in itertools.pairwise([*chosen, chosen[0]]):
            file.seek(other * PAGE)
            found = file.read(PAGE)
            file.seek(page * PAGE)
            file.write(damage(dice, found))


def multibot(home: Home, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "multibot", "--home", str(home.root), *arguments],
        env={**os.environ, **samples.TOKENS, "MULTIBOT_DISCORD_API": NOWHERE},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )


def start(home: Home) -> None:
    """Start a bot, as far as its store."""
    open_store(home, SAGE, SystemClock())


def look_daily(home: Home) -> None:
    """Look as the housekeeper does; damage that can be described is an error too."""
    if told := integrity.quick_check(home.database):
        raise PermanentError(told)


def check(home: Home) -> None:
    """Look as `db check` does."""
    if any(look.trouble for look in Examination(home).looks()):
        raise PermanentError


@pytest.mark.slow
@pytest.mark.timeout(book.times(1800, 120))
def test_overwritten_pages_are_found(home: Home, clock: FakeClock, tmp_path: Path) -> None:
    fill(home, SMALL_ROWS)
    sound = tmp_path / "sound.db"
    shutil.copy(home.database, sound)
    taken = backup(home, clock)
    assert accounts.is_whole(sound)
    dice = crowd.dice(SEED)
    kinds: tuple[Damage, ...] = (noise, nothing, misplaced)
    for run in range(RUNS):
        shutil.copy(sound, home.database)
        spoil(home.database, dice, kinds[run % len(kinds)])
        for way in (start, look_daily, check):
            with pytest.raises(PermanentError):
                way(home)
    assert taken.path.exists()
    book.note(
        book.Entry(
            row=32,
            fault=f"{PAGES} pages overwritten",
            count=RUNS,
            unit="files",
            result="found each time by a bot's start, by the daily look and by `db check`",
            seed=SEED,
        )
    )


@pytest.mark.slow
@pytest.mark.timeout(book.times(1800, 120))
def test_a_damaged_file_is_refused_and_a_restore_brings_it_back(home: Home) -> None:
    samples.write(home)
    fill(home, LARGE_ROWS)
    assert multibot(home, "db", "backup").returncode == 0
    (taken,) = home.backups.glob("*.db")
    size = taken.stat().st_size
    spoil(home.database, crowd.dice(SEED), noise)

    refused, checked = multibot(home, "run", "sage"), multibot(home, "db", "check")
    began = time.monotonic()
    restored = multibot(home, "db", "restore", taken.name, "--yes")
    seconds = time.monotonic() - began

    remedy = f"multibot db restore {taken.relative_to(home.root)}"
    for done in (refused, checked):
        assert done.returncode == ExitCode.PERMANENT
        assert remedy in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    assert restored.returncode == 0, restored.stderr
    assert multibot(home, "db", "check", "--full").returncode == 0
    counts = "SELECT bot_name, count(*) FROM conversations GROUP BY 1"
    assert rows(home.database, counts) == rows(taken, counts)
    book.note(
        book.Entry(
            row=32,
            fault=f"{PAGES} pages of a large file overwritten",
            count=1,
            unit="restores",
            result="`run` and `db check` end with 78 and the command; `db restore` brings it back",
            seed=SEED,
            figures={"MB": round(size / 1e6), "restore s": round(seconds, 1)},
        )
    )


def rows(database: Path, sql: str) -> list[tuple[object, ...]]:
    reader = connection.open_reader(database)
    try:
        return list(reader.execute(sql))
    finally:
        reader.close()
