"""An import of old files against the same files and rows with the libraries alone."""

import contextlib
import io
import itertools
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, timedelta
from pathlib import Path
from typing import NamedTuple

from multibot.cli.main import root
from multibot.clock import SystemClock, to_text
from multibot.home import Home
from multibot.store import connection
from multibot.store.migrate import migrate
from tests.benchmarks.figure import PER_SECOND, Effort, Figure
from tests.importing.layouts import LAYOUTS, Line

TURNS = 50_000
# So many turns of one person are in each file.
FILE_TURNS = 25
FIRST_ID = 10**17
BARE = "json, and one transaction"
_INSERT = """
INSERT INTO conversations
    (bot_name, channel_id, channel_name, channel_type, user_id, username, session_id, message_id,
     role, content, timestamp, metadata)
VALUES ('sage', ?, 'philosophy', 'channel', ?, 'Ada', 'one', ?, ?, ?, ?, ?)
"""


def measure(effort: Effort) -> list[Figure]:
    """Measure how many turns a second come out of a file for each person, as the first store had."""
    lines = talk(effort.count(TURNS, 20), effort.texts())
    with tempfile.TemporaryDirectory(prefix="mb-") as folder:
        old = Path(folder) / "old"
        LAYOUTS["F3"](old, lines, UTC)
        ours = taken(lambda: run(made(folder, "home"), old))
        bare = taken(lambda: copy(made(folder, "bare"), old))
    count, what = len(lines), f"import of {len(lines):,} turns"
    rates = (count / ours.seconds, PER_SECOND, count / bare.seconds)
    times = (ours.processor * 1e6 / count, "us", bare.processor * 1e6 / count)
    return [
        Figure(what, *rates, BARE, ">= 20,000 /s"),
        Figure(f"{what}, processor time", *times, BARE, "<= 50 us"),
    ]


class Taken(NamedTuple):
    """How long something took, and how much of that a processor was busy with it."""

    seconds: float
    processor: float


def taken(work: Callable[[], object]) -> Taken:
    """Carry out some work of this process and time it."""
    began, busy = time.perf_counter(), time.process_time()
    work()
    return Taken(time.perf_counter() - began, time.process_time() - busy)


def talk(count: int, texts: Sequence[str]) -> list[Line]:
    """Make questions of many people with their answers, a few seconds apart."""
    begin = SystemClock().now() - timedelta(days=365)
    people = max(1, count // FILE_TURNS)
    words = itertools.cycle(texts)
    return [
        _line(number, people, to_text(begin + timedelta(seconds=7 * number)), text)
        for number, text in zip(range(count), words, strict=False)
    ]


def _line(number: int, people: int, at: str, text: str) -> Line:
    is_answer = number % 2 == 1
    asked = number - is_answer
    return Line(
        bot="sage",
        channel_id="10",
        user_id=str(5000 + asked // 2 % people),
        role="assistant" if is_answer else "user",
        at=at,
        content=text,
        message_id="" if is_answer else str(FIRST_ID + asked),
        answers=str(FIRST_ID + asked) if is_answer else "",
        username="Ada",
        channel_name="philosophy",
    )


def made(folder: str, name: str) -> Home:
    """Make a home without a bot."""
    home = Home(Path(folder) / name)
    home.fleet_file.parent.mkdir(parents=True)
    home.fleet_file.touch()
    return home


def run(home: Home, old: Path) -> None:
    """Import everything by the command, in this process."""
    words = ["--home", home.root, "import", "legacy", old, "--source-tz", "UTC", "--json"]
    with contextlib.redirect_stdout(io.StringIO()) as said:
        root.main(list(map(str, words)), standalone_mode=False)
    assert json.loads(said.getvalue())["skipped"] == 0


def copy(home: Home, old: Path) -> None:
    """Read every file and insert what is in it: no order, no sessions, nothing looked up."""
    migrate(home, SystemClock())
    writer = connection.open_writer(home.database)
    writer.execute("BEGIN IMMEDIATE")
    for path in old.rglob("*.json"):
        whole = json.loads(path.read_text(encoding="utf-8"))
        writer.executemany(_INSERT, _rows(whole))
    writer.execute("COMMIT")
    writer.close()


def _rows(whole: dict[str, object]) -> Iterator[tuple[object, ...]]:
    messages = whole["messages"]
    assert isinstance(messages, list)
    place = (str(whole["channel_id"]), str(whole["user_id"]))
    for each in messages:
        metadata = each["metadata"]
        message_id = str(metadata.get("message_id") or metadata["response_to_message_id"])
        said = (each["role"], each["content"], each["timestamp"], json.dumps(metadata))
        yield (*place, message_id, *said)
