"""A simulation from its settings to its figures, in a temporary database."""

import contextlib
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from multibot.cli.simulation import cast, record, traffic
from multibot.cli.simulation.actor import Actor, Habits
from multibot.cli.simulation.agenda import Agenda
from multibot.cli.simulation.quiet import Quiet
from multibot.cli.simulation.town import Town
from multibot.cli.simulation.traffic import Replay
from multibot.config.fleet import Bot
from multibot.home import Home
from multibot.store import activity, chains, connection
from multibot.store.migrate import migrate
from multibot.store.stores import assemble
from multibot.store.straight import StraightWriter

FIRST_USER_ID = 9_000_000_000
UPKEEP_SECONDS = 3600.0

Tell = Callable[[datetime], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to simulate."""

    bots: tuple[Bot, ...]
    hours: float
    guilds: int
    seed: int
    per_day: float
    habits: Habits
    chat: Sequence[Path] = ()


def figures(plan: Plan, town: Town) -> list[dict[str, object]]:
    """Give what came of it, guild by guild."""
    rules, end = plan.bots[0].cross_bot.rules, town.agenda.now()
    diaries = (guild.diary for guild in town.guilds.values())
    return [record.of_guild(each, rules, end, plan.hours) for each in diaries]


async def play(plan: Plan, tell: Tell) -> Town:
    """Let the time pass and return what it left; `tell` hears how far it is."""
    agenda = Agenda()
    length = timedelta(hours=plan.hours)
    with _home() as home:
        migrate(home, agenda)
        writer = StraightWriter(home)
        reader = connection.open_existing(home.database)
        try:
            town = _people(plan, agenda, length)
            for number, bot in enumerate(plan.bots):
                actor = Actor(
                    bot=bot,
                    user_id=str(FIRST_USER_ID + number),
                    store=assemble(home, bot.name, agenda, reader, writer),
                    town=town,
                    chance=random.Random(f"{plan.seed} {bot.name}"),  # noqa: S311 - dice
                    habits=plan.habits,
                )
                town.join(actor.me, actor.hear, bot.priority)
                Quiet(actor).begin()
            agenda.after(UPKEEP_SECONDS, partial(_upkeep, plan, agenda, writer))
            await agenda.run(agenda.start + length, tell)
        finally:
            reader.close()
            await writer.close()
    return town


def _people(plan: Plan, agenda: Agenda, length: timedelta) -> Town:
    chance = random.Random(f"{plan.seed} people")  # noqa: S311 - dice
    replay = Replay(plan.chat) if plan.chat else None
    channels = replay.channels if replay else cast.channels(plan.bots)
    town = Town(agenda, chance, [channels] * plan.guilds)
    for number, guild in enumerate(town.guilds.values()):
        if replay:
            remarks = replay.play(number / plan.guilds, length)
        else:
            own = random.Random(f"{plan.seed} guild {number}")  # noqa: S311 - dice
            remarks = traffic.made_up(channels, plan.per_day, length, own)
        town.populate(guild, remarks)
    return town


async def _upkeep(plan: Plan, agenda: Agenda, writer: StraightWriter) -> None:
    """Remove what is over, as the fleet's housekeeper does."""
    talk = plan.bots[0].cross_bot.rules
    rules = plan.bots[0].activity.rules(talk.pair_cooldown)
    now = agenda.now()
    await writer.run(lambda writing: chains.clean(writing, talk, now=now, limit=100_000))
    await writer.run(lambda writing: activity.clean(writing, rules, now=now, limit=100_000))
    agenda.after(UPKEEP_SECONDS, partial(_upkeep, plan, agenda, writer))


@contextlib.contextmanager
def _home() -> Iterator[Home]:
    with tempfile.TemporaryDirectory(prefix="multibot-simulation-") as folder:
        yield Home(Path(folder))
