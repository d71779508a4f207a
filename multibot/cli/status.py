"""`multibot status`: what each bot is really doing. Starts nothing heavy: it runs in every prompt."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta

import click

from multibot.cli import bots
from multibot.errors import ExitCode, NotRunningError, TemporaryError
from multibot.home import Home
from multibot.supervise import conf, restarts
from multibot.supervise.control import Control, Daemon, Process
from multibot.supervise.readiness import Condition

HEADINGS = (
    "BOT",
    "STATE",
    "PID",
    "READY SINCE",
    "HEARTBEAT",
    "RESTARTS",
    "GATEWAY",
    "LAST ERROR",
)
ERROR_WIDTH = 100
NONE = "-"


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.argument("bot_names", metavar="[BOT]...", nargs=-1)
@click.pass_obj
def status(home: Home, bot_names: tuple[str, ...], *, as_json: bool) -> int:
    """Show how each bot is: READY only if it is connected and its heart beats.

    Exits 0 if all are ready, 1 if some are not, 4 if no supervisord runs here.
    """
    daemon, processes = _ask(Control(home))
    known = set(processes).union(conf.known_programs(home))
    bots.require_known(bot_names, known)
    chosen = sorted(set(bot_names) or known)
    conditions = list(bots.watch(home).judge(chosen, processes).values())
    restarted = restarts.count(home.supervisord_log, daemon.pid) if daemon else {}
    if as_json:
        click.echo(json.dumps(_as_json(daemon, conditions, restarted), indent=2))
    else:
        click.echo(_table([HEADINGS, *(_cells(c, restarted) for c in conditions)]))
    if daemon is None:
        click.echo(f"multibot: {NotRunningError()}", err=True)
        return ExitCode.NOT_RUNNING
    return ExitCode.OK if all(c.is_ready for c in conditions) else ExitCode.BUG


def _ask(control: Control) -> tuple[Daemon | None, Mapping[str, Process]]:
    try:
        return control.daemon(), control.processes()
    except (NotRunningError, TemporaryError):
        # Also one on its way down or not answering: what it would say is not to be relied on.
        return None, {}


def _as_json(
    daemon: Daemon | None, conditions: Sequence[Condition], restarted: Mapping[str, int]
) -> dict[str, object]:
    return {
        "supervisord": {"pid": daemon.pid, "version": daemon.version} if daemon else None,
        "bots": [
            {
                "name": c.bot_name,
                "state": str(c.state),
                "pid": c.pid,
                "ready_for_seconds": _rounded(c.ready_for),
                "heartbeat_age_seconds": _rounded(c.heartbeat_age),
                "restarts": restarted.get(c.bot_name, 0),
                "gateway": c.gateway,
                "last_error": c.error,
                "config_hash": c.config_hash,
            }
            for c in conditions
        ],
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _cells(condition: Condition, restarted: Mapping[str, int]) -> tuple[str, ...]:
    error = " ".join((condition.error or NONE).split())
    return (
        condition.bot_name,
        str(condition.state),
        str(condition.pid or NONE),
        age(condition.ready_for),
        age(condition.heartbeat_age),
        str(restarted.get(condition.bot_name, 0)),
        condition.gateway or NONE,
        error if len(error) <= ERROR_WIDTH else error[: ERROR_WIDTH - 1] + "…",
    )


def age(seconds: float | None) -> str:
    """Write a length of time in its two largest units: `3m 12s`."""
    if seconds is None:
        return NONE
    span = timedelta(seconds=max(0, int(seconds)))
    hours, rest = divmod(span.seconds, 3600)
    units = [(span.days, "d"), (hours, "h"), (rest // 60, "m"), (rest % 60, "s")]
    while len(units) > 1 and units[0][0] == 0:
        del units[0]
    return " ".join(f"{number}{unit}" for number, unit in units[:2])


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)
