"""`multibot render`: the supervisord.conf of the fleet, without starting anything."""

import difflib

import click

from multibot.cli import fleet_file, homes
from multibot.errors import ExitCode, UsageError
from multibot.home import Home
from multibot.supervise import conf, programs
from multibot.supervise import render as rendering


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if the file is out of date.")
@click.option("--stdout", "to_stdout", is_flag=True, help="Print the text, and write nothing.")
@click.pass_obj
def render(home: Home, *, check: bool, to_stdout: bool) -> int:
    """Write supervisord.conf for the fleet's enabled bots.

    Needs no tokens: there are none in it. `multibot up` does this by itself.
    """
    if check and to_stdout:
        raise UsageError("--check and --stdout do not go together.", remedy="Choose one of them.")
    homes.require(home)
    fleet = fleet_file.without_tokens(home)
    text = rendering.render(programs.of_fleet(fleet.bots))
    if to_stdout:
        click.echo(text, nl=False)
        return ExitCode.OK
    if check:
        return _compare(home, text)
    if conf.write(home, text):
        click.echo(f"{home.supervisord_conf.name} written")
    else:
        click.echo(f"{home.supervisord_conf.name} unchanged")
    return ExitCode.OK


def _compare(home: Home, text: str) -> int:
    name = home.supervisord_conf.name
    before = conf.read(home) or ""
    if before == text:
        click.echo(f"{name} is up to date")
        return ExitCode.OK
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        text.splitlines(keepends=True),
        f"{name} (there)",
        f"{name} (from bots/)",
    )
    click.echo("".join(lines), nl=False)
    click.echo(f"multibot: {name} is out of date; run `multibot render`.", err=True)
    return ExitCode.BUG
