"""What processes do to the shared file as a whole: migrate it, copy it, put a copy back.

A migration is killed from inside, at a statement that is told beforehand: its folder holds, in place
of the real `migrations.py`, one that lends the real migrations a connection that counts.
"""

import os
import runpy
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlite_utils import Database, Migrations

from multibot.clock import SystemClock
from multibot.home import Home
from multibot.store.archive.backup import backup
from multibot.store.archive.partition import restore_bot
from multibot.store.archive.restore import restore
from multibot.store.migrate import migrate
from tests.process.stand import eventually

Order = dict[str, Any]

_MODULE = """
from pathlib import Path
from tests.faults import keeper
migrations = keeper.counted(Path(__file__).parent / "real")
"""


class Station:
    """Counts the statements of a process, and ends it at one of them or a little later."""

    def __init__(self) -> None:
        self.passed = 0
        self.last = 0
        self.steps = 0

    def stop_at(self, statement: int, steps: int = 0) -> None:
        """Be killed at this statement, or after so many of SQLite's own steps from there."""
        self.last, self.steps = statement, steps

    def watch(self, connection: Any) -> None:
        """Look at everything that this connection does."""

        def passes(_: str) -> None:
            self.passed += 1
            if self.passed == self.last:
                if not self.steps:
                    die()
                connection.set_progress_handler(die, self.steps)

        connection.set_trace_callback(passes)


def die() -> int:
    """End this process as the kernel would for want of memory."""
    os.kill(os.getpid(), signal.SIGKILL)
    return 1


STATION = Station()


class _Counted(Migrations):
    """The real migrations; the first look at a file begins the count."""

    def pending(self, db: Database) -> "list[Migrations._Migration]":
        if not STATION.passed:
            STATION.watch(db.conn)
        return super().pending(db)


def counted(real: Path) -> Migrations:
    """Take over what a folder of migrations has."""
    found: Migrations = runpy.run_path(str(real / "migrations.py"))["migrations"]
    made = _Counted(found.name)
    made._migrations = found._migrations
    return made


def stations(migrations: Path, folder: Path) -> Path:
    """Make the folder in which migrations can be killed."""
    (folder / "real").mkdir(parents=True)
    for path in migrations.iterdir():
        if path.is_file():
            shutil.copy(path, folder / "real")
    (folder / "migrations.py").write_text(_MODULE)
    return folder


def _migrate(home: Home, order: Order) -> object:
    if "folder" not in order:
        return migrate(home, SystemClock()).applied
    STATION.stop_at(order.get("statement", 0), order.get("steps", 0))
    migrate(home, SystemClock(), folder=Path(order["folder"]))
    return STATION.passed


def _backup(home: Home, order: Order) -> object:
    return str(backup(home, SystemClock(), keep=order.get("keep")).path)


def _restore(home: Home, order: Order) -> object:
    if bot_name := order.get("bot"):
        return restore_bot(home, SystemClock(), Path(order["file"]), bot_name, most=5).rows
    return restore(home, SystemClock(), Path(order["file"])).rows


ACTS: dict[str, Callable[[Home, Order], object]] = {
    "migrate": _migrate,
    "backup": _backup,
    "restore": _restore,
}


def play(order: Order) -> Order:
    """Do what one order says, once the gate is open."""
    gate = order.get("gate", "")
    assert eventually(lambda: not gate or Path(gate).exists())
    return {"done": ACTS[order["act"]](Home(Path(order["home"])), order)}
