"""From a configuration to a running fleet: the steps of `multibot up`, each safe to do again."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from multibot.home import Home
from multibot.supervise import (
    conf,
    daemon,
    handover,
    leftovers,
    lifecycle,
    programs,
    readiness,
    update,
)
from multibot.supervise.control import Control
from multibot.supervise.daemon import Daemon
from multibot.supervise.patience import Patience
from multibot.supervise.update import Change, Outcome, Wish
from multibot.supervise.watch import ReadRows

# One of the ways to start supervisord; it returns when supervisord answers.
Start = Callable[[Patience], object]


class FleetBot(programs.FleetBot, Protocol):
    """What a bot is run from: `config.fleet.Bot` has all of it."""

    @property
    def variables(self) -> tuple[str, ...]: ...  # noqa: D102 - a field of the real bot
    @property
    def config_hash(self) -> str: ...  # noqa: D102 - a field of the real bot


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to bring up: `selected` bots of the fleet, or all where none are named."""

    home: Home
    bots: Sequence[FleetBot]
    selected: frozenset[str]
    environ: Mapping[str, str]
    dotenv: Mapping[str, str]
    bin_folder: Path

    @property
    def everything(self) -> bool:
        """Whether bots that are no longer in the fleet are to stop."""
        return not self.selected

    @property
    def enabled(self) -> tuple[FleetBot, ...]:
        """The bots that shall run, be it not just now."""
        return tuple(bot for bot in self.bots if bot.enabled)

    @property
    def chosen(self) -> tuple[FleetBot, ...]:
        """The bots to see to now."""
        return tuple(bot for bot in self.enabled if self.everything or bot.name in self.selected)

    @property
    def hashes(self) -> dict[str, str]:
        """The configuration hash of each bot to see to."""
        return {bot.name: bot.config_hash for bot in self.chosen}

    @property
    def daemon(self) -> Daemon:
        """The supervisord to run them."""
        return Daemon(self.home, self.environ, self.bin_folder)


def prepare(home: Home) -> None:
    """Refuse an unfit home and somebody else's supervisord.conf; make the folders, closed."""
    conf.check_home(home)
    conf.read(home)
    os.umask(0o077)
    daemon.make_folders(home)


def hand_over(order: Order) -> None:
    """Leave each chosen bot its variables, and no old notes; forget bots that are gone."""
    readiness.forget_exits(order.home, order.hashes)
    for bot in order.chosen:
        variables = handover.choose(bot.variables, order.environ, order.dotenv)
        handover.write(order.home, bot.name, variables)
    if order.everything:
        handover.discard_others(order.home, [bot.name for bot in order.enabled])
        leftovers.remove(order.home, {bot.name for bot in order.bots})


def begin(order: Order, start: Start, patience: Patience) -> tuple[Change, ...]:
    """Start supervisord with the chosen bots, where none runs."""
    fleet = programs.of_fleet(order.bots)
    names = {bot.name for bot in order.chosen}
    asleep = {program.bot_name for program in fleet} - names
    conf.install(order.home, fleet, asleep=asleep)
    start(patience)
    # The others slept through the start only: the file says again that they belong to the fleet.
    conf.install(order.home, fleet)
    lifecycle.start(Control(order.home), names, patience)
    return tuple(Change(name, Outcome.STARTED) for name in sorted(names))


def go_on(order: Order, read_rows: ReadRows, patience: Patience) -> tuple[Change, ...]:
    """Bring a running supervisord in line with the files."""
    conf.install(order.home, programs.of_fleet(order.bots))
    wish = Wish(hashes=order.hashes, selected=frozenset(order.hashes), everything=order.everything)
    return update.apply(Control(order.home), wish, read_rows(), patience)
