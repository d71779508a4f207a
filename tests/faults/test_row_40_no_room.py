"""Row 40, without room: a copy that cannot be written is said in one line, and nothing of it is left."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from multibot.clock import SystemClock
from multibot.errors import ExitCode
from multibot.home import Home
from multibot.store import connection
from multibot.store.migrate import migrate
from tests.faults import book, disks
from tests.faults.conftest import Needs

FILL = """
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000)
INSERT INTO conversations (bot_name, channel_id, channel_name, channel_type, user_id, username,
    session_id, message_id, role, content, timestamp)
SELECT 'sage', '1', 'general', 'channel', '7', 'Ada', 's', i, 'user', printf('%.500c', 'x'), 'now'
FROM n
"""
BACKUP, MIGRATE = ("backup",), ("migrate",)


def multibot(home: Home, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "multibot", "--home", str(home.root), "db", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


@pytest.fixture
def home(tmp_path: Path, needs: Needs) -> Iterator[Home]:
    """Make a home on a disk of its own, with a backup and not much more room."""
    needs.mounts()
    with disks.small(tmp_path / "disk", "8m") as folder:
        made = Home(folder)
        migrate(made, SystemClock())
        writer = connection.open_writer(made.database)
        writer.execute(FILL)
        writer.close()
        assert multibot(made, *BACKUP).returncode == 0
        yield made


def require_refusal(home: Home, arguments: tuple[str, ...], code: ExitCode) -> None:
    """One line says what is wrong and where; everything is as it was."""
    before = {path: path.read_bytes() for path in home.data.rglob("*.db")}

    done = multibot(home, *arguments)

    assert done.returncode == code, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"multibot: {home.data}")
    assert {path: path.read_bytes() for path in home.data.rglob("*.db")} == before
    assert not list(home.data.rglob("*.partial*"))


def test_a_full_disk_is_said(home: Home) -> None:
    (taken,) = home.backups.glob("*.db")
    restore = ("restore", str(taken), "--yes")
    disks.fill(home.root)

    for arguments in (BACKUP, restore, (*restore, "--bot", "sage")):
        require_refusal(home, arguments, ExitCode.TEMPORARY)

    disks.empty(home.root)
    assert multibot(home, *BACKUP, "--keep", "1").returncode == 0
    assert multibot(home, *restore[:1], "--yes", newest(home)).returncode == 0


def newest(home: Home) -> str:
    info = json.loads(multibot(home, "info", "--json").stdout)
    return str(info["copies"][0]["file"])


def test_a_disk_that_cannot_be_written_is_said(home: Home) -> None:
    (taken,) = home.backups.glob("*.db")
    disks.remount(home.root, "ro")
    restore = ("restore", str(taken), "--yes")

    for arguments in (BACKUP, restore, (*restore, "--bot", "sage")):
        require_refusal(home, arguments, ExitCode.PERMANENT)
    asked = multibot(home, "query", "SELECT count(*) AS n FROM conversations", "--csv")
    assert asked.stdout == "n\n2000\n", asked.stderr
    book.note(
        book.Entry(
            row=40,
            fault="backup and restore on a full and on a read-only disk",
            count=6,
            unit="commands",
            result="75 and 78, one line each; every file as it was, nothing half left",
        )
    )
