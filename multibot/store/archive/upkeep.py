"""What the housekeeper did last, and what it found wrong. Light to import: `status` reads it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from multibot.clock import from_text, to_text
from multibot.store import connection

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

LEASE = "housekeeper"

_BEGIN = """
INSERT INTO upkeep (task, state, ran_at) VALUES (:task, 'running', :at)
ON CONFLICT (task) DO UPDATE SET state = excluded.state, ran_at = excluded.ran_at
"""
_END = """
INSERT INTO upkeep (task, state, ran_at, took_ms, detail, trouble)
VALUES (:task, :state, :at, :took_ms, :detail, :trouble)
ON CONFLICT (task) DO UPDATE SET state = excluded.state, ran_at = excluded.ran_at,
    took_ms = excluded.took_ms, detail = excluded.detail, trouble = excluded.trouble
"""
_ROWS = "SELECT task, state, ran_at, took_ms, detail, trouble FROM upkeep ORDER BY task"
_HOLDER = "SELECT holder, expires_at FROM leases WHERE name = :name"


class State(StrEnum):
    """How far a task came; a `running` one that nobody runs took its process with it."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Run:
    """The last run of a task: when it began, how it ended, what is wrong, if anything."""

    task: str
    state: State
    ran_at: datetime
    took_ms: float = 0.0
    detail: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Who looks after the file, None where nobody does just now, and the last run of each task."""

    holder: str | None
    runs: tuple[Run, ...]

    @property
    def troubles(self) -> tuple[Run, ...]:
        """The runs that left something to be told."""
        return tuple(run for run in self.runs if run.trouble)


UNKNOWN = Upkeep(None, ())


def begin(writing: "sqlite.Connection", task: str, at: datetime) -> None:
    """Note that a task begins: should it take the process with it, the next one knows."""
    writing.execute(_BEGIN, {"task": task, "at": to_text(at)})


def end(writing: "sqlite.Connection", run: Run) -> None:
    """Note how a task ended."""
    values = {
        "task": run.task,
        "state": run.state.value,
        "at": to_text(run.ran_at),
        "took_ms": round(run.took_ms, 1),
        "detail": run.detail,
        "trouble": run.trouble,
    }
    writing.execute(_END, values)


def runs(reader: "sqlite.Connection") -> tuple[Run, ...]:
    """Return the last run of every task, by name."""
    return tuple(
        Run(task, State(state), from_text(at), took, detail, trouble)
        for task, state, at, took, detail, trouble in reader.execute(_ROWS).fetchall()
    )


def read(database: Path, now: datetime) -> Upkeep:
    """Read all of it from the file as it is; nothing where there is no database."""
    if not database.exists():
        return UNKNOWN
    reader = connection.open_reader(database)
    try:
        with connection.errors_of(database):
            connection.require_schema(connection.schema_version(reader), database)
            row = reader.execute(_HOLDER, {"name": LEASE}).fetchone()
            holder = row[0] if row is not None and from_text(row[1]) > now else None
            return Upkeep(holder, runs(reader))
    finally:
        reader.close()
