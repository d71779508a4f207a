"""`multibot import`: what was said elsewhere, brought into the shared file."""

import contextlib
import gc
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from multibot.cli import bots, homes, import_batches, interruption
from multibot.errors import UsageError
from multibot.home import Home

if TYPE_CHECKING:
    from multibot.cli.import_report import Report
    from multibot.cli.import_run import Run
    from multibot.cli.import_sources import Sources
    from multibot.config.fleet import Bot

LEGACY = "legacy"
EXPORTER = "discord-chat-exporter"
INCOMPLETE = "the import is not complete. The same command goes on where it stopped."
NOTHING = "nothing was imported; the same command begins again."


@click.group("import")
def imports() -> None:
    """Bring in older conversations.

    What was said before multibot, or elsewhere; it can be taken back.
    """


imports.add_command(import_batches.list_)
imports.add_command(import_batches.undo)

_dry_run = click.option("--dry-run", is_flag=True, help="Count what would be new; write nothing.")
_as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@imports.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--bot", "bot_name", metavar="NAME", help="Only this bot's turns.")
@click.option("--source-tz", "zone", metavar="ZONE", help="The zone of times without one.")
@_dry_run
@_as_json
@click.pass_obj
def legacy(
    home: Home,
    path: Path,
    bot_name: str | None,
    zone: str | None,
    *,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Import files of the first store.

    A folder of them, or a single one.

    What --bot names owns what does not say whose it is. Exits 0 when all was imported, 3 when something was skipped: each item is a line.
    """
    from multibot.cli import import_sources, import_zone
    from multibot.clock import SystemClock
    from multibot.importing.conversation import Reading

    homes.require(home)
    chosen = import_zone.of_machine() if zone is None else import_zone.named(zone)
    fleet = _fleet(home)
    if bot_name is not None and fleet:
        bots.require_known([bot_name], fleet)
    reading = Reading(chosen.info, SystemClock().now(), bot_name)
    path = path.resolve()
    options = {"path": import_sources.shown(path), "bot": bot_name, "zone": chosen.name}

    def read(sources: "Sources") -> None:
        if chosen.is_assumed:
            sources.report.note(
                f"times without a zone are read as those of this machine, {chosen.name};"
                " --source-tz names another"
            )
        import_sources.read_legacy(path, fleet, reading, sources)

    return _carry_out(home, fleet, LEGACY, options, read, dry_run=dry_run, as_json=as_json)


@imports.command(EXPORTER)
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--bot", "bot_name", metavar="NAME", help="Everything people say is this bot's.")
@click.option(
    "--as-bot", "as_bot", metavar="NAME=USER_ID", multiple=True, help="Which author is which bot."
)
@_dry_run
@_as_json
@click.pass_obj
def discord_chat_exporter(
    home: Home,
    files: tuple[Path, ...],
    bot_name: str | None,
    as_bot: tuple[str, ...],
    *,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Import JSON of DiscordChatExporter.

    A newer export adds what is new.

    A bot's history is what it said and what it answered. Exits 0 when all was imported, 3 when something was skipped: each item is a line.
    """
    from multibot.cli import import_sources
    from multibot.clock import SystemClock
    from multibot.importing.belonging import Rules

    homes.require(home)
    fleet = _fleet(home)
    authors = _authors(home, fleet, bot_name, as_bot)
    options = {
        "files": [import_sources.shown(each.absolute()) for each in files],
        "bot": bot_name,
        "as_bot": authors,
    }

    def read(sources: "Sources") -> None:
        rules = Rules(authors, bot_name)
        import_sources.read_exports(files, SystemClock().now(), rules, sources)

    return _carry_out(home, fleet, EXPORTER, options, read, dry_run=dry_run, as_json=as_json)


def _authors(
    home: Home, fleet: "Mapping[str, Bot]", bot_name: str | None, as_bot: tuple[str, ...]
) -> dict[str, str]:
    """Name the bots by their user ids: as they were given, and as the bots that ran here told."""
    found = {row.user_id: name for name, row in bots.rows(home).items() if row.user_id}
    given = _given(as_bot)
    found |= {user_id: name for name, user_id in given.items()}
    if fleet:
        bots.require_known([*given, *([bot_name] if bot_name else [])], fleet)
    if bot_name is not None:
        if others := [name for name in given if name != bot_name]:
            raise UsageError(
                f"--as-bot is about {bots.listed(others)}, and --bot {bot_name} leaves that out.",
                remedy="Leave out one of the two.",
            )
        return {user_id: name for user_id, name in found.items() if name == bot_name}
    if not found:
        raise UsageError(
            "it is not known who in these files is a bot of the fleet.",
            remedy="Say so with --as-bot NAME=USER_ID, or take all of it for one with --bot NAME.",
        )
    return found


def _given(as_bot: tuple[str, ...]) -> dict[str, str]:
    """Read who is which bot; one bot and one author are each other's only one."""
    from multibot.importing.identity import discord_id

    given: dict[str, str] = {}
    for each in as_bot:
        name, _, user_id = each.partition("=")
        if not name or discord_id(user_id) is None:
            raise UsageError(f"--as-bot {each!r} is not NAME=USER_ID.")
        if given.setdefault(name, user_id) != user_id:
            raise UsageError(f"--as-bot gives {name} two user ids: {given[name]} and {user_id}.")
    for user_id in given.values():
        names = [name for name, id_ in given.items() if id_ == user_id]
        if len(names) > 1:
            raise UsageError(f"--as-bot gives user id {user_id} to {bots.listed(names)}.")
    return given


def _carry_out(  # noqa: PLR0913 - what both kinds of import have in common
    home: Home,
    fleet: "Mapping[str, Bot]",
    kind: str,
    options: Mapping[str, Any],
    read: "Callable[[Sources], None]",
    *,
    dry_run: bool,
    as_json: bool,
) -> int:
    from multibot.cli.import_report import Report
    from multibot.cli.import_run import Run
    from multibot.clock import SystemClock

    report = Report(is_dry_run=dry_run)
    rules = {name: _rules(bot) for name, bot in fleet.items()}
    run = Run(
        home=home, clock=SystemClock(), report=report, rules=rules, kind=kind, options=options
    )
    if dry_run:
        with run.looking() as shared, _sources(report) as sources:
            read(sources)
            run.plan(sources, shared)
    else:
        _write(run, read)
    _warn_of_strangers(report, fleet)
    click.echo(report.as_json() if as_json else report.as_text())
    return report.exit_code


def _write(run: "Run", read: "Callable[[Sources], None]") -> None:
    with (
        interruption.told(run.is_begun, INCOMPLETE, NOTHING),
        run.alone() as shared,
        _sources(run.report) as sources,
    ):
        read(sources)
        run.write(sources, shared)


@contextlib.contextmanager
def _sources(report: "Report") -> Iterator["Sources"]:
    from multibot.cli.import_sources import Sources
    from multibot.conversation.past import PastTurn
    from multibot.importing.staging import Staging

    with _hardly_a_cycle(), Staging[PastTurn](PastTurn._make) as staging:
        yield Sources(staging, report)


@contextlib.contextmanager
def _hardly_a_cycle() -> Iterator[None]:
    """Look for cycles seldom: among millions of small values it takes a tenth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(200_000)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _fleet(home: Home) -> "Mapping[str, Bot]":
    """Read what can be read of the fleet: a missing token is no reason to import nothing."""
    from multibot.config.environment import read_environment
    from multibot.config.reading import Reading

    found = Reading(home, read_environment(home, os.environ), None).fleet
    return {bot.name: bot for bot in found.bots}


def _rules(bot: "Bot") -> Any:
    from multibot.conversation.session import SessionRules

    storage = bot.storage
    return SessionRules(storage.session_scope, storage.session_gap, storage.session_timeout)


def _warn_of_strangers(report: "Report", fleet: "Mapping[str, Bot]") -> None:
    strangers = sorted(set(report.tallies) - set(fleet))
    if fleet and strangers:
        report.note(f"no bot of this fleet is named {bots.listed(strangers)}")
