"""`multibot simulate`: how much bots would speak, tried on a virtual clock in seconds."""

import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
import orjson

from multibot.cli import fleet_file
from multibot.cli.bots import listed
from multibot.cli.finite import FiniteRange
from multibot.errors import ExitCode, UsageError
from multibot.home import Home
from multibot.wording import counted

if TYPE_CHECKING:
    from multibot.cli.simulation.run import Plan

MOST_HOURS = 24 * 365
MOST_BOTS, MOST_GUILDS = 50, 200
PER_DAY, MOST_PER_DAY = 400.0, 100_000
MENTIONS = 0.05


@click.command()
@click.option(
    "--hours",
    type=FiniteRange(min=0, min_open=True, max=MOST_HOURS),
    default=24.0,
    show_default=True,
    metavar="H",
    help="How much virtual time.",
)
@click.option(
    "--guilds",
    type=click.IntRange(1, MOST_GUILDS),
    default=1,
    show_default=True,
    metavar="N",
    help="How many guilds, all bots in each.",
)
@click.option(
    "--bots",
    type=click.IntRange(1, MOST_BOTS),
    metavar="N",
    help="How many bots (default: those of the fleet file, or 3).",
)
@click.option(
    "--preset",
    type=click.Choice(["seed", "gentle"]),
    help="As if cross_bot and activity were on, with this preset.",
)
@click.option(
    "--chat",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Let people write what is in this file (.jsonl or .jsonl.gz); may be repeated.",
)
@click.option(
    "--per-day",
    type=FiniteRange(0, MOST_PER_DAY),
    default=PER_DAY,
    show_default=True,
    metavar="N",
    help="Without --chat: messages of people a day, in each guild.",
)
@click.option(
    "--mentions",
    type=FiniteRange(0, 1),
    default=MENTIONS,
    show_default=True,
    metavar="SHARE",
    help="How many of the bots' answers to people mention another bot.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="For the dice.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.pass_obj
def simulate(  # noqa: PLR0913 - one argument per option
    home: Home,
    *,
    hours: float,
    guilds: int,
    bots: int | None,
    preset: str | None,
    chat: tuple[Path, ...],
    per_day: float,
    mentions: float,
    seed: int,
    as_json: bool,
) -> int:
    """Try in seconds how much bots would speak in a day.

    To people, to each other and by themselves: in a home with its settings, elsewhere with the usual ones. The same rules and the same database as in a running fleet, on a virtual clock; nothing of the home is touched, and the same seed gives the same figures.
    """
    from multibot.cli.simulation import cast
    from multibot.cli.simulation.actor import Habits
    from multibot.cli.simulation.run import Plan, figures, play

    fleet = fleet_file.without_tokens(home) if fleet_file.is_there(home) else None
    if fleet is not None and not fleet.enabled:
        raise UsageError("no bot is enabled here.", where=str(fleet.file))
    plan = Plan(
        bots=cast.bots(fleet, bots, preset),
        hours=hours,
        guilds=guilds,
        seed=seed,
        per_day=per_day,
        habits=Habits(mentions=mentions),
        chat=chat,
    )
    teller = _Teller(hours, is_watched=sys.stderr.isatty())
    found = figures(plan, asyncio.run(play(plan, teller)))
    teller.end()
    click.echo(_as_json(plan, found) if as_json else _as_text(plan, found))
    return ExitCode.OK


def _as_json(plan: "Plan", found: list[dict[str, object]]) -> str:
    from multibot.cli.simulation import report

    talk, activity = plan.bots[0].cross_bot, plan.bots[0].activity
    return orjson.dumps(
        {
            "hours": plan.hours,
            "seed": plan.seed,
            "bots": [bot.name for bot in plan.bots],
            "chat": [path.name for path in plan.chat],
            "cross_bot": talk.model_dump(mode="json"),
            "activity": activity.model_dump(mode="json"),
            "total": report.total(found),
            "guilds": found,
        },
        option=orjson.OPT_INDENT_2,
    ).decode()


def _as_text(plan: "Plan", found: list[dict[str, object]]) -> str:
    from multibot.cli.simulation import report

    return "\n".join([*_head(plan), "", report.table(found)])


def _head(plan: "Plan") -> list[str]:
    talk, activity = plan.bots[0].cross_bot, plan.bots[0].activity
    people = "chat of a file" if plan.chat else "made-up talk of people"
    names = listed([bot.name for bot in plan.bots])
    where = counted(plan.guilds, "guild")
    head = [f"{plan.hours:g} virtual hours of {names} in {where}, {people}, seed {plan.seed}"]
    if talk.enabled:
        head.append(
            f"bots talk with each other: {counted(talk.max_chain, 'message')}, then a cooldown of"
            f" {talk.cooldown_minutes:g} min; {talk.max_bot_turns} in a row at most"
        )
    else:
        head.append("bots do not talk with each other (cross_bot.enabled: false)")
    if activity.enabled:
        head.append(f"bots speak up: preset {activity.preset}")
    else:
        head.append("bots do not speak up (activity.enabled: false)")
    if not (talk.enabled or activity.enabled):
        head.append("--preset seed shows what it would be like with both.")
    return head


class _Teller:
    """Says on a terminal how far it is."""

    def __init__(self, hours: float, *, is_watched: bool) -> None:
        self._hours = hours
        self._is_watched = is_watched
        self._told = -1
        self._start: datetime | None = None

    def __call__(self, now: datetime) -> None:
        """Hear what time it is; tell every full hour."""
        self._start = self._start or now
        passed = int((now - self._start).total_seconds() // 3600)
        if self._is_watched and passed > self._told:
            self._told = passed
            click.echo(f"\rhour {passed} of {self._hours:g}\x1b[K", nl=False, err=True)

    def end(self) -> None:
        """Take away what was told."""
        if self._is_watched:
            click.echo("\r\x1b[K", nl=False, err=True)
