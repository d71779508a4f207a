"""`multibot doctor`: looks at the machine and the home, and says what to do about each fault."""

import importlib.metadata
import importlib.util
import json
import os
import resource
import shutil
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from multibot.cli import examination, homes
from multibot.cli.examination import Finding, Level
from multibot.clock import Clock, SystemClock
from multibot.errors import ExitCode
from multibot.home import Home
from multibot.wording import counted

# What one bot imports at its start; of these, uncompiled ones cost the most.
_PACKAGES = ("multibot", "aiohttp", "discord", "pydantic", "yaml")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def doctor(home: Home, *, as_json: bool) -> int:
    """Examine this machine and this home.

    Exits 78 when something must be changed.
    """
    homes.require(home)
    findings = examine(home, os.environ, SystemClock())
    failed = any(finding.level is Level.FAIL for finding in findings)
    if as_json:
        listed = [finding.as_dict() for finding in findings]
        click.echo(json.dumps({"ok": not failed, "findings": listed}, indent=2))
    else:
        for finding in findings:
            click.echo(styled(finding))
    return int(ExitCode.PERMANENT if failed else ExitCode.OK)


def styled(finding: Finding) -> str:
    """Write a finding with its level in colour, where there are colours."""
    colour = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}[finding.level]
    level, rest = str(finding)[:5], str(finding)[5:]
    return click.style(level, fg=colour) + rest


def examine(home: Home, environ: Mapping[str, str], clock: Clock) -> tuple[Finding, ...]:
    """Look at everything, in the order in which a newcomer would put it right."""
    try:
        about_files = tuple(_files(home))
    except OSError as error:
        about_files = (examination.unreadable(str(error.filename), str(error.strerror)),)
    return (*_machine(clock, home), *_installation(), *about_files, *_fleet(home, environ))


def _machine(clock: Clock, home: Home) -> Iterator[Finding]:
    from multibot.store import driver, filesystem

    yield examination.python(sys.version_info[:3])
    yield examination.sqlite(
        driver.sqlite.sqlite_version_info, driver.sqlite.__name__, driver.OLDEST
    )
    yield examination.disk(shutil.disk_usage(_nearest(home.data)).free)
    kind = filesystem.kind_of(_nearest(home.data))
    yield examination.file_system(kind, network=filesystem.is_network(kind))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    yield examination.open_files(None if hard == resource.RLIM_INFINITY else hard)
    yield examination.wall_clock(clock.now(), _written(home.database))


def _installation() -> Iterator[Finding]:
    yield examination.supervisor(_installed("supervisor"))
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        for folder in spec.submodule_search_locations or () if spec else ():
            yield examination.compiled(package, Path(folder), *_uncompiled(Path(folder)))


def _files(home: Home) -> Iterator[Finding]:
    from multibot.supervise import conf, render

    yield examination.home_folder(home.root, _mode(home.root))
    yield from _places(home)
    yield examination.dotenv(home.dotenv, _mode(home.dotenv))
    for path in (home.data, home.run, home.logs, home.database):
        yield examination.private(str(path.relative_to(home.root)), path, _mode(path))
    yield _database(home)
    yield examination.owner(_strangers(home), os.getuid())
    for path in sorted(home.run.glob("*.env")):
        yield examination.private(path.name, path, _mode(path), secret=True)
    text = "" if home.supervisord_conf.is_dir() else _text(home.supervisord_conf)
    ours = text is not None and render.is_ours(text)
    yield examination.conf_file(home.supervisord_conf, text, ours=ours)
    yield examination.socket_path(os.fsencode(home.socket), conf.SOCKET_PATH_LIMIT)


def _places(home: Home) -> Iterator[Finding]:
    """Look whether the fleet may write where it must, and whether each name is what it should be."""
    for path in (home.root, home.data, home.run, home.logs):
        if path.exists():
            name = "home" if path == home.root else str(path.relative_to(home.root))
            yield from examination.place(
                name, path, is_folder=path.is_dir(), writable=os.access(path, os.W_OK | os.X_OK)
            )


def _database(home: Home) -> Finding:
    from multibot.errors import MultibotError
    from multibot.store import integrity

    if not home.database.exists():
        return examination.ok("database", "not there yet; `multibot up` makes it")
    try:
        return examination.database(*integrity.examine(home.database))
    except MultibotError as error:
        return examination.fail("database", error.what, error.remedy or "")


def _fleet(home: Home, environ: Mapping[str, str]) -> Iterator[Finding]:
    from multibot.config.environment import open_dotenv, read_environment
    from multibot.config.load import check
    from multibot.config.settings import DISCORD_API

    report = check(home, read_environment(home, environ))
    for fault in report.faults:
        if fault == open_dotenv(home.dotenv):
            # That has a line of its own.
            continue
        level = Level.FAIL if fault.severity == "error" else Level.WARN
        place = ": ".join(part for part in (fault.file, fault.path, fault.message) if part)
        yield Finding("config", level, place, fault.remedy)
    if report.fleet is None:
        return
    yield examination.ok("config", f"{counted(len(report.fleet.enabled), 'bot')} enabled")
    real = report.fleet.settings.discord_api == DISCORD_API
    for bot in report.fleet.enabled:
        token = bot.token.reveal() if bot.token else None
        yield examination.token(bot.name, token, real_discord=real)


def _installed(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _uncompiled(folder: Path) -> tuple[int, int]:
    """Count the modules under a folder that Python would have to compile, and all modules."""
    modules = list(folder.rglob("*.py"))
    missing = [m for m in modules if not Path(importlib.util.cache_from_source(m)).exists()]
    return len(missing), len(modules)


def _nearest(path: Path) -> Path:
    """Return the path, or its closest parent that is there already."""
    return next(place for place in (path, *path.parents) if place.exists())


def _mode(path: Path) -> int | None:
    return path.stat().st_mode if path.exists() else None


def _strangers(home: Home) -> list[Path]:
    """List what the bots write to and somebody else owns."""
    writable = (home.data, home.run, home.logs, home.database, home.database_lock)
    return [path for path in writable if path.exists() and path.stat().st_uid != os.getuid()]


def _written(path: Path) -> datetime | None:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.exists() else None


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else None
