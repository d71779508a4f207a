"""What goes into an import and comes out of the shared file, compared line by line."""

import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from multibot.conversation.past import MADE_ID
from multibot.home import Home
from multibot.store import connection
from tests.importing.layouts import Line

ROOT = Path(__file__).parents[2]
PARTIAL = 3
_READ = """
SELECT bot_name, channel_id, user_id, role, timestamp, content, message_id,
    metadata ->> '$.response_to_message_id', username, channel_name
FROM conversations
ORDER BY id
"""
# All that a run leaves behind, but for its name and its times.
_STATE = (
    "SELECT * FROM conversations ORDER BY id",
    "SELECT * FROM sessions ORDER BY id",
    """SELECT id, kind, source, sha256, options, position, added, present, skipped,
           finished_at IS NOT NULL, undone_at IS NOT NULL
       FROM imports ORDER BY id""",
)


def run(home: Home, *arguments: object, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Run `multibot import ...` as a process of its own; return what it says as JSON."""
    done = subprocess.run(
        command(home, *arguments, "--json"),
        cwd=ROOT,
        env={**os.environ, **(environ or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, PARTIAL}, done.stderr
    assert "Traceback" not in done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def command(home: Home, *arguments: object) -> list[str]:
    """Write the command line."""
    words = ["--home", home.root, "import", *arguments]
    return [sys.executable, "-m", "multibot", *map(str, words)]


def read_back(home: Home) -> list[Line]:
    """Read every turn, in the order in which the store keeps them."""
    reader = connection.open_reader(home.database)
    try:
        return [_line(row) for row in reader.execute(_READ)]
    finally:
        reader.close()


def exported(home: Home, file: Path) -> list[Line]:
    """Let `multibot history export` write every turn into a file, and read that."""
    words = ["--home", home.root, "history", "export", "--format", "jsonl", "--output", file]
    done = subprocess.run(
        [sys.executable, "-m", "multibot", *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with file.open(encoding="utf-8") as lines:
        return [_line(_columns(json.loads(line))) for line in lines]


def _columns(turn: Mapping[str, Any]) -> list[Any]:
    answers = (turn["metadata"] or {}).get("response_to_message_id")
    names = ("bot_name", "channel_id", "user_id", "role", "timestamp", "content", "message_id")
    return [*(turn[name] for name in names), answers, turn["username"], turn["channel_name"]]


def _line(row: Sequence[Any]) -> Line:
    line = Line._make(row)
    is_made = line.message_id.startswith(MADE_ID)
    message_id = "" if is_made else line.message_id
    return line._replace(message_id=message_id, answers=line.answers or "")


def ordered(lines: Iterable[Line]) -> list[Line]:
    """Bring lines into the order in which they have to come back."""
    return sorted(lines, key=lambda line: (line.bot, line.channel_id, line.at))


def differences(expected: Iterable[Line], found: Iterable[Line]) -> list[tuple[Line, Line]]:
    """Compare line by line; lines of one moment in one channel may change places."""
    pairs = zip(sorted(expected), sorted(found), strict=True)
    return [(one, other) for one, other in pairs if one != other]


def state(home: Home) -> str:
    """Sum up everything that imports left in the file."""
    digest = hashlib.sha256()
    reader = connection.open_reader(home.database)
    try:
        for statement in _STATE:
            for row in reader.execute(statement):
                digest.update(repr(row).encode())
    finally:
        reader.close()
    return digest.hexdigest()


def sessions(home: Home) -> list[tuple[Any, ...]]:
    """Read every session with what is in it."""
    reader = connection.open_reader(home.database)
    try:
        return reader.execute(
            """SELECT bot_name, channel_id, user_id, started_at, last_activity, message_count,
                   is_active, close_reason
               FROM sessions ORDER BY bot_name, channel_id, user_id, started_at"""
        ).fetchall()
    finally:
        reader.close()


def kill_at(words: Sequence[str], seconds: float) -> bool:
    """Start a command and kill it after so long; return whether it was still at work."""
    process = subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False


class Beside:
    """A bot that works in a process of its own."""

    def __init__(self, module: str, home: Home, bot_name: str) -> None:
        words = [sys.executable, "-m", module, str(home.root), bot_name]
        self._process = subprocess.Popen(
            words, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def wait_for(self, seconds: float) -> None:
        """Let it work for a while."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def end(self) -> dict[str, Any]:
        """Tell it to stop; return what it says."""
        output, _ = self._process.communicate("stop\n", timeout=60)
        said: dict[str, Any] = json.loads(output)
        return said


def moments(clean_seconds: float, count: int, seed: int) -> Iterator[float]:
    """Choose when to kill, at random over all of a run."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    for _ in range(count):
        yield chance.uniform(0.0, clean_seconds)


def timed(home: Home, *arguments: object) -> tuple[dict[str, Any], float]:
    """Run an import and say how long it took."""
    began = time.perf_counter()
    return run(home, *arguments), time.perf_counter() - began


def fingerprint(folder: Path) -> dict[str, tuple[int, str]]:
    """Note what every file of a folder holds and when it was changed."""
    return {
        str(path): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
