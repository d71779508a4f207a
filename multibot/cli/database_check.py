"""`multibot db check`, `db info` and `db reindex`: how the shared file is."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from multibot.cli import examination, output, tables
from multibot.cli.doctor import styled
from multibot.cli.examination import Finding, Level
from multibot.cli.overview import one_line
from multibot.clock import to_text
from multibot.errors import ExitCode
from multibot.home import Home
from multibot.wording import counted

if TYPE_CHECKING:
    from multibot.store.archive.info import Info
    from multibot.store.archive.soundness import Look

MB = 1024 * 1024
WHAT = "WHAT CAME OF IT"


@click.command()
@click.option("--full", is_flag=True, help="Compare rows with their indexes and with each other.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def check(home: Home, *, full: bool, as_json: bool) -> int:
    """Examine the database: its pages, references, search and sessions.

    Exits 78 when something is wrong, and says what to do.
    """
    from multibot.store import connection
    from multibot.store.archive.soundness import Examination

    connection.require_there(home.database)
    findings = [_finding(look) for look in Examination(home, full=full).looks()]
    failed = any(finding.level is Level.FAIL for finding in findings)
    if as_json:
        listed = [finding.as_dict() for finding in findings]
        output.say(json.dumps({"ok": not failed, "findings": listed}, indent=2))
    else:
        for finding in findings:
            click.echo(styled(finding))
    return int(ExitCode.PERMANENT if failed else ExitCode.OK)


def _finding(look: "Look") -> Finding:
    if look.trouble:
        return examination.fail(look.subject, f"{look.trouble}.", look.remedy)
    return examination.ok(look.subject, look.fine)


@click.command()
@click.pass_obj
def reindex(home: Home) -> None:
    """Make the search anew.

    It is made from what was said; the fleet must be stopped.
    """
    from multibot.cli import idle
    from multibot.store.archive import soundness
    from multibot.store.archive.shared import SharedFile

    with idle.all_bots(home), SharedFile(home) as shared:
        turns = soundness.reindex(shared, _tell if sys.stderr.isatty() else int)
    output.say(f"{counted(turns, 'turn')} can be searched")


def _tell(done: int) -> None:
    output.say(f"{counted(done, 'turn')}\r", err=True)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def info(home: Home, *, as_json: bool) -> None:
    """Tell the database's size, rows, upkeep and copies."""
    from multibot.store.archive import info as facts

    found = facts.read(home)
    output.say(json.dumps(_as_json(found), indent=2) if as_json else "\n".join(_lines(found)))


def _as_json(found: "Info") -> dict[str, object]:
    return {
        "database": str(found.path),
        "size": found.size,
        "wal_size": found.wal_size,
        "page_size": found.page_size,
        "pages": found.pages,
        "free_pages": found.free_pages,
        "schema": found.schema,
        "newest_schema": found.newest_schema,
        "sqlite": found.sqlite_version,
        "rows": found.rows,
        "bots": found.bots,
        "restoring": list(found.restoring),
        "upkeep": [
            {
                "task": run.task,
                "state": str(run.state),
                "ran_at": to_text(run.ran_at),
                "took_ms": run.took_ms,
                "detail": run.detail,
                "trouble": run.trouble,
            }
            for run in found.upkeep
        ],
        "copies": [
            {
                "file": str(path),
                "kind": None if said is None else str(said.kind),
                "taken_at": None if said is None else to_text(said.taken_at),
                "size": path.stat().st_size if said is None else said.size,
                "schema": None if said is None else said.schema,
                "rows": None if said is None else said.rows,
            }
            for path, said in found.copies
        ],
    }


def _lines(found: "Info") -> Iterator[str]:
    yield str(found.path)
    yield tables.aligned([(name, text) for name, text in _facts(found)])
    yield from _table("BOT", ("TURNS", "SESSIONS", "MESSAGES"), _bots(found))
    yield from _table("TABLE", ("ROWS",), ((n, str(c)) for n, c in found.rows.items() if c))
    yield from _table(
        "UPKEEP", ("LAST RUN", "STATE", "TOOK", WHAT), _upkeep(found), folded=[WHAT, "LAST RUN"]
    )
    yield from _table(
        "COPY",
        ("TAKEN", "WHY", "TURNS", "SIZE"),
        _copies(found),
        folded=["TAKEN", "WHY"],
    )


def _facts(found: "Info") -> Iterator[tuple[str, str]]:
    yield "size", f"{found.size / MB:.1f} MB, and {found.wal_size / MB:.1f} MB in the WAL beside it"
    yield "pages", f"{found.pages:,} of {found.page_size} bytes, {found.free_pages:,} free"
    known = (
        "" if found.schema == found.newest_schema else f" (this multibot: {found.newest_schema})"
    )
    yield "schema", f"{found.schema}{known}"
    yield "SQLite", found.sqlite_version
    taken = [said for _, said in found.copies if said is not None and said.kind == "backup"]
    last = to_text(taken[0].taken_at) if taken else "never; `multibot db backup` takes one"
    yield "last backup", last
    if found.restoring:
        yield "restoring", f"{', '.join(found.restoring)}: not finished; see `multibot db check`"


def _bots(found: "Info") -> Iterator[tuple[str, ...]]:
    for name, counts in found.bots.items():
        yield (name, *(str(counts.get(t, 0)) for t in ("conversations", "sessions", "inbox")))


def _upkeep(found: "Info") -> Iterator[tuple[str, ...]]:
    for run in found.upkeep:
        came = run.trouble or run.detail
        yield run.task, _time(run.ran_at), str(run.state), f"{run.took_ms:.0f}ms", one_line(came)


def _copies(found: "Info") -> Iterator[tuple[str, ...]]:
    for path, said in found.copies:
        if said is None:
            yield path.name, "-", "-", "-", f"{path.stat().st_size / MB:.1f} MB"
        else:
            turns, size = said.rows.get("conversations", 0), f"{said.size / MB:.1f} MB"
            yield path.name, _time(said.taken_at), str(said.kind), str(turns), size


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _table(
    what: str,
    columns: Sequence[str],
    rows: Iterable[tuple[str, ...]],
    *,
    folded: Sequence[str] = (),
) -> Iterator[str]:
    """Write a table under an empty line; nothing where there is nothing."""
    if listed := list(rows):
        yield ""
        rows = [(what, *columns), *listed]
        yield tables.shown(rows, folded=folded)
