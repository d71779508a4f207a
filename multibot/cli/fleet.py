"""`multibot up`, `down` and `restart`: the fleet as a whole."""

import contextlib
import os
from collections.abc import Callable, Collection, Mapping

import click

from multibot.cli import bots
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
from multibot.supervise.readiness import Condition
from multibot.supervise.update import Change, Outcome
from multibot.supervise.watch import Hopes
from multibot.wording import counted

TIMEOUT = 60.0
OTHER_CONFIGURATION = "it is connected, but runs with another configuration than the files have"

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
    _make_place(home, bot_names)
    seconds = None if no_wait else timeout
    if stay:
        return _up_in_foreground(home, bot_names, seconds)
    time = patience.real()
    with ChangeLock(home) as lock:
        order = _order(home, bot_names)
        changes = _change(order, order.daemon.start, time)
        lock.share()
        return _await_ready(order, changes, time, seconds)


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


def _change(order: Order, start: Start, time: Patience) -> tuple[Change, ...]:
    """Do everything that changes something, and say what it was."""
    from multibot.store.migrate import migrate

    applied = migrate(order.home, SystemClock()).applied
    if applied:
        say(f"database brought up to date ({counted(len(applied), 'migration')})")
    deploy.hand_over(order)
    if Control(order.home).alive():
        changes = deploy.go_on(order, lambda: bots.rows(order.home), time)
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


def _await_ready(
    order: Order,
    changes: Collection[Change],
    time: Patience,
    seconds: float | None,
    signals: Signals | None = None,
) -> int:
    """Wait for all chosen bots, telling of those that were touched as they become ready."""
    if seconds is None:
        return ExitCode.OK
    touched = {c.bot_name for c in changes if c.outcome is not Outcome.UNCHANGED}
    hopes = Hopes(
        bot_names=order.hashes,
        tell=_teller(touched, time),
        hashes=order.hashes,
        interrupted=lambda: signals is not None and signals.stop_requested,
    )
    missing = bots.watch(order.home).wait(hopes, time, seconds)
    if hopes.interrupted():
        return ExitCode.OK
    return _say_missing(missing)


def _teller(bot_names: Collection[str], time: Patience) -> Callable[[Condition], None]:
    begun = time.clock.monotonic()

    def tell(condition: Condition) -> None:
        if condition.bot_name in bot_names:
            seconds = time.clock.monotonic() - begun
            say(f"{condition.bot_name} ready (pid {condition.pid}, {seconds:.1f} s)")

    return tell


def _say_missing(missing: Mapping[str, Condition]) -> int:
    for name, condition in sorted(missing.items()):
        reason = OTHER_CONFIGURATION if condition.is_ready else _reason(condition)
        say(f"{name} is not ready: {reason}", err=True)
    return ExitCode.BUG if missing else ExitCode.OK


def _reason(condition: Condition) -> str:
    return f"{condition.state}: {condition.error}" if condition.error else str(condition.state)


def _up_in_foreground(home: Home, bot_names: Collection[str], seconds: float | None) -> int:
    if Control(home).alive():
        raise TemporaryError(
            "the fleet runs already, in the background.",
            remedy="Stop it with `multibot down`, or leave out --foreground.",
        )
    with Signals() as signals:
        time = Patience(clock=SystemClock(), pause=signals.pause)
        with ChangeLock(home) as lock:
            order = _order(home, bot_names)
            child = Child(order.daemon)
            changes = _change(order, child.start, time)
            lock.share()
            _await_ready(order, changes, time, seconds, signals)
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

    They restart at once, and it waits until they are ready. Exits 0 when they are, 1 when some are not, 4 when no supervisord runs here.
    """
    control, time, names = Control(home), patience.real(), set(bot_names)
    bots.require_known(names, _known(home, control), home)
    bots.require_known(names, control.processes(), home)
    with ChangeLock(home, shared=True):
        readiness.forget_exits(home, names)
        lifecycle.restart(control, names, time)
        for name in sorted(names):
            say(f"{name} restarted")
        hopes = Hopes(bot_names=names, tell=_teller(names, time))
        return _say_missing(bots.watch(home).wait(hopes, time, timeout))


def _known(home: Home, control: Control) -> set[str]:
    known = set(conf.known_programs(home))
    with contextlib.suppress(NotRunningError, TemporaryError):
        known.update(control.processes())
    return known
