"""`multibot up`, `down` and `restart`: the fleet as a whole."""

import contextlib
import os
from collections.abc import Collection

import click

from multibot.cli import bots, expecting, homes
from multibot.cli.output import say
from multibot.clock import SystemClock
from multibot.errors import ExitCode, MultibotError, NotRunningError, TemporaryError, UsageError
from multibot.home import Home
from multibot.supervise import conf, daemon, deploy, lifecycle, patience, readiness
from multibot.supervise.control import Control
from multibot.supervise.deploy import Order, Start
from multibot.supervise.foreground import Child, Signals
from multibot.supervise.lock import ChangeLock
from multibot.supervise.patience import Patience
from multibot.supervise.update import Change, Outcome
from multibot.supervise.watch import Hopes, Watch
from multibot.wording import counted

TIMEOUT = 60.0

timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=TIMEOUT,
    show_default=True,
    metavar="S",
    help="How many seconds to wait until the bots are ready.",
)


@click.command()
@click.option("--foreground", "stay", is_flag=True, help="Stay; SIGTERM or Ctrl-C stops all.")
@click.option("--no-wait", is_flag=True, help="Do not wait until the bots are ready.")
@timeout_option
@click.argument("bot_names", metavar="[BOT]...", nargs=-1)
@click.pass_obj
def up(home: Home, bot_names: tuple[str, ...], timeout: float, *, stay: bool, no_wait: bool) -> int:
    """Start the fleet, or bring what runs in line with the files.

    Only bots that differ are touched. Exits 0 when all are ready, 1 when some are not.
    """
    homes.require(home)
    _make_place(home, bot_names)
    seconds = None if no_wait else timeout
    if stay:
        return _up_in_foreground(home, bot_names, seconds)
    time = patience.real()
    with ChangeLock(home) as lock:
        order, watch = _order(home, bot_names), bots.watch(home)
        changes = _change(order, order.daemon.start, watch, time)
        lock.share()
        return _await_ready(_hopes(order, changes, time), watch, time, seconds)


def _make_place(home: Home, bot_names: Collection[str]) -> None:
    """Make the folders, where the lock is; in a folder without any, only for files in order."""
    if not home.data.is_dir():
        _order(home, bot_names)
    deploy.prepare(home)


def _order(home: Home, bot_names: Collection[str]) -> Order:
    from multibot.config.environment import read_dotenv, read_environment
    from multibot.config.load import load

    fleet = load(home, read_environment(home, os.environ))
    bots.require_known(bot_names, [bot.name for bot in fleet.bots])
    for name in bot_names:
        if not fleet.bot(name).enabled:
            raise UsageError(
                f"{name} is disabled.", where=str(fleet.file), remedy="Set enabled: true."
            )
    return Order(
        home=home,
        bots=fleet.bots,
        selected=frozenset(bot_names),
        environ=os.environ,
        dotenv=read_dotenv(home.dotenv),
        bin_folder=daemon.own_bin(),
    )


def _change(order: Order, start: Start, watch: Watch, time: Patience) -> tuple[Change, ...]:
    """Do everything that changes something, and say what it was."""
    from multibot.store.migrate import migrate

    applied = migrate(order.home, SystemClock()).applied
    if applied:
        say(f"database brought up to date ({counted(len(applied), 'migration')})")
    deploy.hand_over(order)
    if Control(order.home).alive():
        changes = deploy.go_on(order, watch.read_rows, time)
    else:
        changes = deploy.begin(order, start, time)
    _say(changes)
    return changes


def _say(changes: Collection[Change]) -> None:
    if all(change.outcome is Outcome.UNCHANGED for change in changes):
        names = [change.bot_name for change in changes]
        alike = f"{bots.listed(names)} unchanged" if names else "no bot is enabled"
        say(f"nothing to do: {alike}")
        return
    for change in changes:
        say(f"{change.bot_name} {change.outcome}")


def _hopes(
    order: Order, changes: Collection[Change], time: Patience, signals: Signals | None = None
) -> Hopes:
    """Hope for all chosen bots; those that were touched are told of as they become ready."""
    touched = {c.bot_name for c in changes if c.outcome is not Outcome.UNCHANGED}
    return Hopes(
        bot_names=order.hashes,
        tell=expecting.teller(touched, time),
        tell_of_wait=expecting.tell_of_wait,
        hashes=order.hashes,
        interrupted=lambda: signals is not None and signals.stop_requested,
    )


def _await_ready(hopes: Hopes, watch: Watch, time: Patience, seconds: float | None) -> int:
    if seconds is None:
        return ExitCode.OK
    missing = watch.wait(hopes, time, seconds)
    if hopes.interrupted():
        return ExitCode.OK
    return expecting.say_missing(missing)


def _up_in_foreground(home: Home, bot_names: Collection[str], seconds: float | None) -> int:
    if Control(home).alive():
        raise TemporaryError(
            "the fleet runs already, in the background.",
            remedy="Stop it with `multibot down`, or leave out --foreground.",
        )
    with Signals() as signals:
        time = Patience(clock=SystemClock(), pause=signals.pause)
        with ChangeLock(home) as lock:
            order, watch = _order(home, bot_names), bots.watch(home)
            child = Child(order.daemon)
            changes = _change(order, child.start, watch, time)
            lock.share()
            _await_ready(_hopes(order, changes, time, signals), watch, time, seconds)
        ended = child.keep(home, signals, time)
    if ended:
        raise MultibotError(
            f"supervisord ended by itself (code {ended}); its log may say why.",
            where=str(home.supervisord_log),
        )
    return ExitCode.OK


@click.command()
@click.argument("bot_names", metavar="[BOT]...", nargs=-1)
@click.pass_obj
def down(home: Home, bot_names: tuple[str, ...]) -> int:
    """Stop the fleet, or only the bots that are named.

    All stop at once; without names, supervisord ends as well.
    """
    control = Control(home)
    if not control.alive():
        homes.require(home)
    bots.require_known(bot_names, _known(home, control), home)
    with contextlib.ExitStack() as held:
        # Also where nothing answers: an `up` may be about to start it. Without the folder of the
        # lock there was never one.
        if home.run.is_dir():
            held.enter_context(ChangeLock(home, shared=True))
        if not control.alive():
            say("nothing is running")
            return ExitCode.OK
        stopped = _stop(home, control, set(bot_names))
    for name in stopped:
        say(f"{name} stopped")
    for name in sorted(set(bot_names).difference(stopped)):
        say(f"{name} was not running")
    return ExitCode.OK


def _stop(home: Home, control: Control, bot_names: set[str]) -> tuple[str, ...]:
    time = patience.real()
    if bot_names:
        return lifecycle.stop(control, bot_names, time)
    return (*lifecycle.end(control, home, time), "supervisord")


@click.command()
@timeout_option
@click.argument("bot_names", metavar="BOT...", nargs=-1, required=True)
@click.pass_obj
def restart(home: Home, bot_names: tuple[str, ...], timeout: float) -> int:
    """Restart the bots that are named.

    They restart at once, and it waits until they are ready. Exits 0 when they are, 1 when some are not, 4 when no supervisord runs here, 78 when the files have a fault that would keep one down: then nothing is restarted.
    """
    homes.require(home)
    control, time, names = Control(home), patience.real(), set(bot_names)
    bots.require_known(names, _known(home, control), home)
    bots.require_known(names, control.processes(), home)
    with ChangeLock(home, shared=True):
        _require_startable(home, names)
        readiness.forget_exits(home, names)
        lifecycle.restart(control, names, time)
        for name in sorted(names):
            say(f"{name} restarted")
        hopes = Hopes(
            bot_names=names,
            tell=expecting.teller(names, time),
            tell_of_wait=expecting.tell_of_wait,
        )
        return expecting.say_missing(bots.watch(home).wait(hopes, time, timeout))


def _require_startable(home: Home, bot_names: Collection[str]) -> None:
    """Refuse what these bots would refuse at their start, while they still run."""
    from multibot.config.environment import read_environment
    from multibot.config.load import load_bot

    for name in sorted(bot_names):
        fleet = load_bot(home, read_environment(home, {}, name), name)
        if not fleet.bot(name).enabled:
            raise UsageError(
                f"{name} is disabled.",
                where=str(fleet.file),
                remedy="Set `enabled: true` for it, or run `multibot up` to stop it.",
            )


def _known(home: Home, control: Control) -> set[str]:
    known = set(conf.known_programs(home))
    with contextlib.suppress(NotRunningError, TemporaryError):
        known.update(control.processes())
    return known
