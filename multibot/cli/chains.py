"""`multibot chains`: what bots say to each other just now, and what they did when it was quiet."""

from datetime import datetime

import click

from multibot.cli import fleet_file, homes, redrawing
from multibot.cli.chains_view import Talk, Watched
from multibot.cli.history_file import opened
from multibot.cli.history_lines import as_json as to_json
from multibot.cli.logs import parse_since
from multibot.clock import SystemClock, from_text
from multibot.conversation.chain import ChainRules
from multibot.errors import ExitCode, UsageError
from multibot.home import Home
from multibot.supervise import patience


@click.command()
@click.option(
    "--since",
    default="24h",
    show_default=True,
    metavar="TIME",
    help="Rounds from then on: 30m, 24h, 7d, or an ISO time.",
)
@click.option("--watch", "watching", is_flag=True, help="Show it anew every 2 s, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of tables.")
@click.pass_obj
def chains(home: Home, since: str, *, watching: bool, as_json: bool) -> int:
    """List live chains, cooldowns and rounds of activity.

    A chain is what bots say to each other in one channel; after it the channel has a cooldown. Rounds are kept for 7 days. Times are UTC.
    """
    if watching and as_json:
        raise UsageError("--watch does not go with --json.")
    homes.require(home)
    begin = from_text(parse_since(since, SystemClock().now()))
    rules = _rules(home)
    if watching:
        return redrawing.redraw(lambda: _look(home, rules, begin).text(), patience.real().pause)
    talk = _look(home, rules, begin)
    click.echo(to_json(talk.as_object()) if as_json else talk.text())
    return ExitCode.OK


def _rules(home: Home) -> ChainRules:
    """Return the limits that the fleet file has, or the usual ones where it cannot be read."""
    fleet = fleet_file.if_readable(home)
    bots = fleet.bots if fleet else ()
    return bots[0].cross_bot.rules if bots else ChainRules(enabled=True)


def _look(home: Home, rules: ChainRules, since: datetime) -> Talk:
    from multibot.store import activity, exchanges
    from multibot.store.archive import directory

    now = SystemClock().now()
    with opened(home) as shared:
        live = exchanges.live(shared.reader, rules, now)
        return Talk(
            at=now,
            rules=rules,
            channels=[
                Watched(each, directory.channel_name(shared.reader, each.place.channel_id))
                for each in live
            ],
            since=since,
            rounds=activity.rounds(shared.reader, since),
        )
