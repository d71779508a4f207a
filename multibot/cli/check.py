"""`multibot check`: everything but running."""

import json
import os
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from multibot.cli import homes
from multibot.errors import ExitCode, MultibotError
from multibot.home import Home
from multibot.wording import counted

if TYPE_CHECKING:
    from multibot.config.fault import Fault
    from multibot.config.fleet import Bot
    from multibot.config.load import Report


@click.command()
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="Another fleet file than bots/multi_bot.yaml.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def check(home: Home, config_file: Path | None, *, as_json: bool) -> int:
    """Say everything that is wrong with the configuration, at once.

    Exits 0 when the fleet can start, else 78.
    """
    from multibot.config import load
    from multibot.config.environment import read_environment
    from multibot.config.fault import without_tokens

    if config_file is None:
        homes.require(home)
    environment = read_environment(home, os.environ)
    report = load.check(home, environment, config_file.absolute() if config_file else None)
    report = load.Report(report.fleet, (*report.faults, *_old_files(home)))
    text = _as_json(report) if as_json else _as_text(report)
    # Somebody may have pasted a token where no fault looks for one.
    click.echo(without_tokens(text))
    return ExitCode.PERMANENT if report.errors else ExitCode.OK


def _old_files(home: Home) -> "tuple[Fault, ...]":
    """Find the history of the first store, where nobody has imported it."""
    from multibot.config.fault import Fault
    from multibot.importing import detection

    if not detection.holds_old_files(home.data):
        return ()
    from multibot.store.archive import batches

    try:
        if not batches.is_blank(home.database):
            return ()
    except MultibotError:
        # Whatever is wrong with the database is not a matter of configuration.
        return ()
    name = str(home.data.relative_to(home.root))
    message = "holds conversations of the first store, and the database has none."
    remedy = f"Run `multibot import legacy {name} --dry-run`, or move them away."
    return (Fault(message=message, remedy=remedy, file=name, severity="warning"),)


def _as_json(report: "Report") -> str:
    body = {
        "ok": not report.errors,
        "faults": [fault.as_dict() for fault in report.faults],
        "bots": [_bot_dict(bot) for bot in report.fleet.bots] if report.fleet else [],
    }
    return json.dumps(body, indent=2)


def _bot_dict(bot: "Bot") -> dict[str, object]:
    return {
        "name": bot.name,
        "enabled": bot.enabled,
        "channels": bot.channels,
        "priority": bot.priority,
        "persona": bot.persona.name,
        "variables": bot.variables,
        "token_fingerprint": bot.token.fingerprint() if bot.token else None,
        "config_hash": bot.config_hash,
    }


def _as_text(report: "Report") -> str:
    lines = [line for part in _grouped(report.faults) for line in part]
    if report.fleet:
        lines += [_bot_line(bot) for bot in report.fleet.bots]
    return "\n".join([*lines, _closing(report)])


def _grouped(faults: "tuple[Fault, ...]") -> list[list[str]]:
    ordered = sorted(faults, key=lambda fault: (_file(fault), fault.line or 0))
    return [
        [click.style(file, bold=True), *map(_fault_line, group), ""]
        for file, group in groupby(ordered, key=_file)
    ]


def _file(fault: "Fault") -> str:
    return fault.file or "environment"


def _fault_line(fault: "Fault") -> str:
    colour = "red" if fault.severity == "error" else "yellow"
    line = f"line {fault.line}: " if fault.line else ""
    bot = f" [{fault.bot}]" if fault.bot else ""
    return f"  {click.style(f'{fault.severity:7}', fg=colour)} {line}{fault.sentence}{bot}"


def _bot_line(bot: "Bot") -> str:
    state = "enabled " if bot.enabled else "disabled"
    token = f"token {bot.token.fingerprint()}" if bot.token else "no token needed"
    return f"  {bot.name:12} {state}  {token:16}  {', '.join(bot.channels)}"


def _closing(report: "Report") -> str:
    errors = len(report.errors)
    warnings = counted(len(report.faults) - errors, "warning")
    if errors:
        return (
            f"{counted(errors, 'error')}, {warnings}. Nothing will start until they are put right."
        )
    assert report.fleet is not None  # noqa: S101 - a report without errors has its fleet
    bots = counted(len(report.fleet.bots), "bot")
    return (
        f"The configuration is in order: {bots}, {len(report.fleet.enabled)} enabled, {warnings}."
    )
