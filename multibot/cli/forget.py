"""`multibot forget`: remove everything that is kept of one user."""

import functools
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from multibot.cli import interruption, output
from multibot.clock import SystemClock, to_text
from multibot.errors import ExitCode, UsageError
from multibot.home import Home
from multibot.wording import counted

if TYPE_CHECKING:
    from datetime import datetime

    from multibot.store.archive.forget import Scope
    from multibot.store.archive.forgetting import Forgotten
    from multibot.store.archive.held import Copy

WRITTEN_ANEW = "The database was written anew: its unused space tells of nobody who is forgotten."
HELD_UP = (
    "A program reads the database for long, so what was removed is still in its WAL."
    " End it, then run this again."
)
INCOMPLETE = "not all of it is removed. The same command goes on, and so does a bot that runs."
REST = (
    "the rows are removed; unused space and copies may still hold them. The same command goes on."
)
NOTHING = "nothing was removed; the same command begins again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was, or would be, removed, and what is left elsewhere."""

    scope: "Scope"
    rows: Mapping[str, int]
    forgotten_at: "datetime | None" = None
    is_cleared: bool = True
    remnants: int = 0
    cleaned: Sequence["Copy"] = ()
    copies: Sequence["Copy"] = ()
    files: Sequence[Path] = ()


@click.command()
@click.option("--user", "user_id", default="", metavar="ID", help="The user's Discord id.")
@click.option("--bot", "bot_name", default="", metavar="NAME", help="Only what this bot keeps.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--backups", is_flag=True, help="Also remove the user from copies in data/backups.")
@click.option(
    "--vacuum",
    is_flag=True,
    help="Write the database anew, so that its unused space holds nothing either; bots wait."
    " Alone, do only that.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def forget(  # noqa: PLR0913 - one for each option
    home: Home,
    user_id: str,
    bot_name: str,
    *,
    dry_run: bool,
    yes: bool,
    backups: bool,
    vacuum: bool,
    as_json: bool,
) -> int:
    """Forget a user.

    What they wrote goes, what bots answered them, and what was kept to do so. Bots may run meanwhile. The user stays forgotten when a backup is restored or old history is
    imported; what they write from now on is kept again. `multibot history export` comes before
    this, where the user wants a copy.
    """
    from multibot.store.archive.forget import Scope

    if vacuum and not (user_id or bot_name or dry_run or backups):
        return _write_anew(home, as_json=as_json)
    _require_id(user_id)
    scope = Scope(user_id=user_id, bot_name=bot_name)
    _require_bot(home, bot_name)
    if dry_run:
        report = _look(home, scope)
    else:
        _confirm(home, scope, yes=yes)
        report = _carry_out(home, scope, backups=backups, vacuum=vacuum)
    output.say(_as_json(report) if as_json else _as_text(home, report))
    is_whole = report.is_cleared and not report.remnants
    is_done = is_whole and not (backups and report.copies)
    return ExitCode.OK if is_done or dry_run else ExitCode.PARTIAL


def _write_anew(home: Home, *, as_json: bool) -> int:
    """Empty the unused space, whomever it tells of."""
    from multibot.store.archive import checkpoint
    from multibot.store.archive.shared import SharedFile

    with SharedFile(home):
        checkpoint.rewrite(home)
    is_cleared = checkpoint.truncate(home)
    told = WRITTEN_ANEW if is_cleared else f"{WRITTEN_ANEW}\n{HELD_UP}"
    output.say(json.dumps({"wal_cleared": is_cleared}) if as_json else told)
    return ExitCode.OK if is_cleared else ExitCode.PARTIAL


def _require_id(user_id: str) -> None:
    if not user_id:
        raise UsageError("nobody is named.", remedy="Add --user with the id of whom to forget.")
    if not (user_id.isascii() and user_id.isdigit()):
        raise UsageError(
            f"{user_id!r} is no Discord id.",
            remedy="Name the number of the user, not their name; `multibot history list --json`"
            " shows it, and Discord copies it in developer mode.",
        )


def _require_bot(home: Home, bot_name: str) -> None:
    from multibot.cli import bots
    from multibot.store.archive import directory
    from multibot.store.archive.shared import SharedFile
    from multibot.supervise import conf

    with SharedFile(home) as shared:
        known = {*conf.known_programs(home), *directory.bots(shared.reader)}
    if bot_name:
        bots.require_known([bot_name], known)


def _confirm(home: Home, scope: "Scope", *, yes: bool) -> None:
    from multibot.store.archive import forgetting

    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("this removes history.", remedy="Add --yes to do it without a question.")
    rows = forgetting.survey(home, scope)
    click.echo(f"{_whom(scope)}: {_counted(rows)}.", err=True)
    click.confirm("Remove all of it for good?", abort=True, err=True)


def _look(home: Home, scope: "Scope") -> Report:
    from multibot.store.archive import elsewhere, forgetting, held

    return Report(
        scope=scope,
        rows=forgetting.survey(home, scope),
        copies=tuple(held.held(home, scope)),
        files=tuple(elsewhere.naming(home, scope.user_id)),
    )


def _carry_out(home: Home, scope: "Scope", *, backups: bool, vacuum: bool) -> Report:
    from multibot.store.archive import forgetting
    from multibot.store.archive.shared import SharedFile

    begun = functools.partial(_is_begun, home, scope)
    with interruption.told(begun, INCOMPLETE, NOTHING), SharedFile(home) as shared:
        done = forgetting.forget(home, scope, SystemClock(), shared.write)
    with interruption.told(lambda: True, REST, NOTHING):
        return _clean_up(home, scope, done, backups=backups, vacuum=vacuum)


def _clean_up(
    home: Home, scope: "Scope", done: "Forgotten", *, backups: bool, vacuum: bool
) -> Report:
    """See to what is left outside of the tables."""
    from multibot.store.archive import checkpoint, elsewhere, held

    is_cleared = done.is_cleared
    if vacuum:
        checkpoint.rewrite(home)
        is_cleared = checkpoint.truncate(home)
    holding = tuple(held.held(home, scope))
    if backups:
        holding = tuple(held.clear(home, copy, scope) for copy in holding)
    cleaned = tuple(copy for copy in holding if backups and not copy.trouble)
    return Report(
        scope=scope,
        rows=done.rows,
        forgotten_at=done.forgotten_at,
        is_cleared=is_cleared,
        remnants=_remnants(home, scope),
        cleaned=cleaned,
        copies=tuple(copy for copy in holding if copy not in cleaned),
        files=tuple(elsewhere.naming(home, scope.user_id)),
    )


def _is_begun(home: Home, scope: "Scope") -> bool:
    from multibot.store.archive import underway
    from multibot.store.archive.shared import SharedFile

    with SharedFile(home) as shared:
        noted = underway.noted(shared.reader)
    return any((each.user_id, each.bot_name) == (scope.user_id, scope.bot_name) for each in noted)


def _remnants(home: Home, scope: "Scope") -> int:
    """Look for the id in unused space; one that is still kept by other bots says nothing."""
    from multibot.store.archive import remnants

    return 0 if scope.bot_name else remnants.count(home.database, scope.user_id)


def _whom(scope: "Scope") -> str:
    return f"User {scope.user_id} in {scope.bot_name or 'every bot'}"


def _counted(rows: Mapping[str, int]) -> str:
    if not rows:
        return "nothing is kept"
    tables = ", ".join(f"{count} in {table}" for table, count in sorted(rows.items()))
    return f"{counted(sum(rows.values()), 'row')} ({tables})"


def _as_text(home: Home, report: Report) -> str:
    return "\n".join(_lines(home, report))


def _lines(home: Home, report: Report) -> list[str]:
    whom, rows = _whom(report.scope), _counted(report.rows)
    if report.forgotten_at is None:
        lines = [f"{whom}: {rows}. Nothing was removed."]
    else:
        until = to_text(report.forgotten_at)
        lines = [
            f"{whom}: {rows}.{' Removed.' if report.rows else ''}",
            f"What was written up to {until} stays forgotten, also after a restore or an import.",
        ]
    if not report.is_cleared:
        lines.append(HELD_UP)
    if report.remnants:
        lines.append(
            f"The id is still in unused space of the database ({counted(report.remnants, 'place')}), where no"
            " query finds it. Run this again with --vacuum when the bots may wait some seconds."
        )
    return [*lines, *_left_over(home, report)]


def _left_over(home: Home, report: Report) -> list[str]:
    lines = [f"Removed from {_short(home, copy.path)}." for copy in report.cleaned]
    if report.copies:
        lines.append(
            "Copies that still hold them; a restore leaves them out, --backups removes them:"
        )
        lines += [f"  {_short(home, copy.path)}{_trouble(copy)}" for copy in report.copies]
    if report.files:
        lines.append("Other files that name them, which are not changed:")
        lines += [f"  {_short(home, path)}" for path in report.files]
    return lines


def _trouble(copy: "Copy") -> str:
    return f" {copy.trouble}" if copy.trouble else ""


def _short(home: Home, path: Path) -> str:
    return str(path.relative_to(home.root)) if path.is_relative_to(home.root) else str(path)


def _as_json(report: Report) -> str:
    return json.dumps(
        {
            "user_id": report.scope.user_id,
            "bot": report.scope.bot_name or None,
            "dry_run": report.forgotten_at is None,
            "rows": dict(sorted(report.rows.items())),
            "total": sum(report.rows.values()),
            "forgotten_at": to_text(report.forgotten_at) if report.forgotten_at else None,
            "wal_cleared": report.is_cleared,
            "remnants": report.remnants,
            "copies_cleaned": [str(copy.path) for copy in report.cleaned],
            "copies": [
                {
                    "path": str(copy.path),
                    "taken_at": to_text(copy.taken_at) if copy.taken_at else None,
                    "trouble": copy.trouble or None,
                }
                for copy in report.copies
            ],
            "files": [str(path) for path in report.files],
        },
        indent=2,
    )
