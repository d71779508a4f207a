"""`multibot incidents`: what went wrong lately, also while nobody looked."""

import json
from collections.abc import Sequence

import click

from multibot.cli import bots, homes
from multibot.cli.logs import parse_since
from multibot.cli.overview import one_line
from multibot.clock import SystemClock, from_text, to_text
from multibot.errors import ExitCode
from multibot.home import Home
from multibot.store.incidents import Incident, recent
from multibot.supervise import conf


@click.command()
@click.option(
    "--since",
    default="24h",
    show_default=True,
    metavar="TIME",
    help="From then on: 30m, 24h, 7d, or an ISO time.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@click.argument("bot_names", metavar="[BOT]...", nargs=-1)
@click.pass_obj
def incidents(home: Home, since: str, bot_names: tuple[str, ...], *, as_json: bool) -> int:
    """List what went wrong lately, newest first.

    Crashes, hangs, lost connections, a full disk. The same trouble of one bot within an hour is one line with its count.
    """
    homes.require(home)
    begin = from_text(parse_since(since, SystemClock().now()))
    found = recent(home.database, begin)
    bots.require_known(bot_names, {*conf.known_programs(home), *(each.bot_name for each in found)})
    chosen = [each for each in found if not bot_names or each.bot_name in bot_names]
    if as_json:
        click.echo(json.dumps({"since": to_text(begin), "incidents": _as_json(chosen)}, indent=2))
    elif chosen:
        click.echo("\n".join(map(_line, chosen)))
    elif home.database.exists():
        click.echo(f"nothing went wrong since {to_text(begin)}")
    else:
        click.echo("nothing was ever started here")
    return ExitCode.OK


def _line(incident: Incident) -> str:
    often = f" ({incident.count} times since {to_text(incident.first_at)})"
    return (
        f"{to_text(incident.last_at)}  {incident.bot_name}  {incident.kind.replace('_', ' ')}:"
        f" {one_line(incident.detail) or 'no details'}{often if incident.count > 1 else ''}"
    )


def _as_json(found: Sequence[Incident]) -> list[dict[str, object]]:
    return [
        {
            "bot": each.bot_name,
            "kind": each.kind,
            "detail": each.detail,
            "count": each.count,
            "first_at": to_text(each.first_at),
            "last_at": to_text(each.last_at),
        }
        for each in found
    ]
