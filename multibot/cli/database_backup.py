"""`multibot db backup` and `db restore`: copies of the shared file, and the way back."""

import functools
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from multibot.cli import homes, interruption, output, tables
from multibot.errors import UsageError
from multibot.home import Home
from multibot.wording import counted, were

if TYPE_CHECKING:
    from multibot.store.archive.backup import Backup
    from multibot.store.archive.restore import Restored

MB = 1024 * 1024
NOTHING = "nothing was replaced; the same command begins again."


@click.command()
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="N",
    help="Remove older backups, so that N are left.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def backup(home: Home, keep: int | None, *, as_json: bool) -> None:
    """Copy the database into data/backups/, while the fleet runs.

    Copies made before a migration or a restore are never removed.
    """
    from multibot.clock import SystemClock
    from multibot.store.archive.backup import backup as take

    homes.require(home)
    taken = take(home, SystemClock(), keep=keep)
    output.say(_backup_as_json(taken) if as_json else _backup_as_text(taken))


def _backup_as_json(taken: "Backup") -> str:
    from multibot.clock import to_text

    return json.dumps(
        {
            "backup": str(taken.path),
            "manifest": str(taken.manifest_path),
            "taken_at": to_text(taken.manifest.taken_at),
            "size": taken.size,
            "sha256": taken.manifest.sha256,
            "schema": taken.manifest.schema,
            "rows": taken.manifest.rows,
            "seconds": round(taken.seconds, 3),
            "removed": [str(path) for path in taken.removed],
        }
    )


def _backup_as_text(taken: "Backup") -> str:
    turns = taken.manifest.rows.get("conversations", 0)
    lines = [
        f"{taken.path}: {counted(turns, 'turn')}, {taken.size / MB:.1f} MB, {taken.seconds:.1f} s",
        *(f"removed {path}" for path in taken.removed),
    ]
    return "\n".join(lines)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--bot", "bot_name", metavar="NAME", help="Only this bot's history.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def restore(home: Home, file: Path, bot_name: str | None, *, yes: bool, as_json: bool) -> None:
    """Put a copy of the database back: the whole, or one bot's history.

    FILE is a path, or a name in data/backups/. The whole needs a stopped fleet; with --bot, only
    that bot must be stopped. What is replaced is kept as a copy. Users who were forgotten stay
    forgotten, and what bots have answered is not answered again.
    """
    from multibot.cli import idle
    from multibot.store.archive import candidate

    homes.require(home)
    found = candidate.find(home, file)
    # Whoever is asked holds up nobody who wants to start a bot.
    with idle.all_bots(home) if bot_name is None else idle.one_bot(home, bot_name):
        pass
    _confirm(found, bot_name, yes=yes)
    done = _whole(home, found) if bot_name is None else _one_bot(home, found, bot_name)
    output.say(_restored_as_json(done, bot_name) if as_json else _restored_as_text(done, bot_name))


def _confirm(found: Path, bot_name: str | None, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("this replaces history.", remedy="Add --yes to do it without a question.")
    what = f"the history of {bot_name}" if bot_name else "the database"
    question = tables.wrapped(f"Replace {what} by that of {found}?")
    click.confirm(question, abort=True, err=True)


def _whole(home: Home, file: Path) -> "Restored":
    from multibot.cli import idle
    from multibot.clock import SystemClock
    from multibot.store.archive.restore import restore as put_back

    with idle.all_bots(home):
        return put_back(home, SystemClock(), file)


def _one_bot(home: Home, file: Path, bot_name: str) -> "Restored":
    from multibot.cli import idle
    from multibot.clock import SystemClock
    from multibot.store.archive.partition import is_half_done, restore_bot

    incomplete = (
        f"the restore is not complete, and {bot_name} does not start before it is."
        " The same command goes on where it stopped."
    )
    begun = functools.partial(is_half_done, home, bot_name)
    with (
        idle.one_bot(home, bot_name),
        interruption.told(begun, incomplete, NOTHING),
        _progress() as progress,
    ):
        return restore_bot(home, SystemClock(), file, bot_name, progress=progress)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Tell on a terminal how far a restore is."""
    if not sys.stderr.isatty():
        yield lambda done, total: None  # noqa: ARG005 - nobody looks
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("turns", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _restored_as_json(done: "Restored", bot_name: str | None) -> str:
    return json.dumps(
        {
            "restored": str(done.source),
            "bot": bot_name,
            "kept": None if done.kept is None else str(done.kept),
            "rows": done.rows,
            "migrated": list(done.migrated),
            "forgotten_users": done.forgotten,
            "not_carried_over": list(done.lost),
            "seconds": round(done.seconds, 3),
        }
    )


def _restored_as_text(done: "Restored", bot_name: str | None) -> str:
    whose = f"the history of {bot_name}" if bot_name else "the database"
    turns, sessions = (done.rows.get(table, 0) for table in ("conversations", "sessions"))
    rows = f"{counted(turns, 'turn')}, {counted(sessions, 'session')}"
    lines = [f"{whose} is that of {done.source} again: {rows} ({done.seconds:.1f} s)"]
    if done.kept is not None:
        lines.append(f"what was there is kept in {done.kept}")
    if done.migrated:
        lines.append(f"brought up to date: {', '.join(done.migrated)}")
    if done.forgotten:
        who = counted(done.forgotten, "user")
        lines.append(f"left out: {who} who {were(done.forgotten)} forgotten since")
    if done.lost:
        lines.append(f"not readable in what was there, so older now: {', '.join(done.lost)}")
    return "\n".join(lines)
