"""`multibot status`: what each bot is really doing. Starts nothing heavy: it runs in every prompt."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import click

from multibot.cli import bots, expecting, homes, redrawing
from multibot.cli.overview import Overview
from multibot.clock import SystemClock
from multibot.errors import ExitCode, MultibotError, NotRunningError, TemporaryError, UsageError
from multibot.home import Home
from multibot.store.archive import upkeep
from multibot.store.archive.upkeep import Upkeep
from multibot.supervise import conf, patience, restarts
from multibot.supervise.control import Control, Daemon, Process
from multibot.supervise.watch import Hopes, Watch

TIMEOUT = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What to show of a fleet, and how."""

    home: Home
    bot_names: tuple[str, ...]
    as_json: bool
    wide: bool
    explained: bool
    watch: Watch

    def look(self) -> Overview:
        """Look at the fleet as it is now."""
        daemon, processes = _ask(Control(self.home))
        conditions = self.watch.judge(self.chosen(processes), processes)
        return Overview(
            daemon=daemon,
            conditions=list(conditions.values()),
            restarts=restarts.count(self.home.supervisord_log, daemon.pid) if daemon else {},
            incidents=_incidents(self.home),
            upkeep=_upkeep(self.home),
        )

    def chosen(self, processes: Mapping[str, Process]) -> list[str]:
        """Name the bots that are shown. Raise UsageError for one that is not there."""
        known = set(processes).union(conf.known_programs(self.home)) or self._configured()
        bots.require_known(self.bot_names, known, self.home)
        return sorted(set(self.bot_names) or known)

    def _configured(self) -> set[str]:
        """Name the bots of the files, where none was ever started."""
        if not homes.has_fleet_file(self.home):
            return set()
        from multibot.cli import fleet_file

        return {name for name, enabled in fleet_file.listed(self.home).items() if enabled}

    def text(self, overview: Overview) -> str:
        """Write it as it was asked for."""
        if self.as_json:
            return json.dumps(overview.as_json(), indent=2)
        return overview.explained() if self.explained else overview.table(wide=self.wide)

    def show(self) -> int:
        """Print how the fleet is, and return the exit code that says it."""
        overview = self.look()
        click.echo(self.text(overview))
        if overview.daemon is None:
            click.echo(f"multibot: {NotRunningError()}", err=True)
            return ExitCode.NOT_RUNNING
        return ExitCode.OK if overview.all_ready else ExitCode.BUG


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.option("--wide", is_flag=True, help="All columns, the last error too.")
@click.option("--explain", "explained", is_flag=True, help="The cause and the next command.")
@click.option("--wait", "waiting", is_flag=True, help="Wait until all are ready, or will not be.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=TIMEOUT,
    show_default=True,
    metavar="S",
    help="How many seconds --wait waits.",
)
@click.option("--watch", "watching", is_flag=True, help="Show it anew every 2 s, until Ctrl-C.")
@click.argument("bot_names", metavar="[BOT]...", nargs=-1)
@click.pass_obj
def status(  # noqa: PLR0913 - one argument per option
    home: Home,
    bot_names: tuple[str, ...],
    timeout: float,
    *,
    as_json: bool,
    wide: bool,
    explained: bool,
    waiting: bool,
    watching: bool,
) -> int:
    """Show how each bot really is.

    READY only if it is connected and its heart beats. Exits 0 if all are ready, 1 if some are not, 4 if no supervisord runs here.
    """
    if not home.socket.exists():
        homes.require(home)
    view = View(
        home=home,
        bot_names=bot_names,
        as_json=as_json,
        wide=wide,
        explained=explained,
        watch=bots.watch(home),
    )
    if watching:
        if as_json or waiting:
            raise UsageError("--watch goes with neither --json nor --wait.")
        return redrawing.redraw(lambda: view.text(view.look()), patience.real().pause)
    if waiting:
        _wait(view, timeout)
    return view.show()


def _wait(view: View, seconds: float) -> None:
    chosen = view.chosen(_ask(Control(view.home))[1])
    # Not among what is asked for, which a program may read.
    hopes = Hopes(
        bot_names=chosen,
        tell=lambda _: None,
        tell_of_wait=lambda condition: expecting.tell_of_wait(condition, err=True),
    )
    view.watch.wait(hopes, patience.real(), seconds)


def _ask(control: Control) -> tuple[Daemon | None, Mapping[str, Process]]:
    try:
        return control.daemon(), control.processes()
    except (NotRunningError, TemporaryError):
        # Also one on its way down or not answering: what it would say is not to be relied on.
        return None, {}


def _upkeep(home: Home) -> Upkeep:
    try:
        return upkeep.read(home.database, SystemClock().now())
    except MultibotError:
        return upkeep.UNKNOWN


def _incidents(home: Home) -> int:
    from multibot.store.incidents import recent

    try:
        found = recent(home.database, SystemClock().now() - timedelta(days=1))
    except MultibotError:
        # The rows of the bots were not to be had either, and that is told.
        return 0
    return sum(incident.count for incident in found)
