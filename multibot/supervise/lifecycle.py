"""Starting, stopping and restarting bots side by side: the slowest one sets the time, not the sum."""

import contextlib
from collections.abc import Collection

from multibot.errors import NotRunningError, TemporaryError
from multibot.home import Home
from multibot.supervise import daemon, handover
from multibot.supervise.control import ALIVE, Control, Process, ProcessState, ShuttingDownError
from multibot.supervise.patience import Patience

GRACE_SECONDS = 5.0
# supervisord goes on killing at its own pace; this only ends a wait that makes no sense any more.
SHUTDOWN_SECONDS = 60.0


def start(control: Control, bot_names: Collection[str], patience: Patience) -> None:
    """Start these bots at once; one that is just stopping, as soon as it has ended."""
    waiting = set(bot_names)

    def all_started() -> bool:
        processes = control.processes()
        for name in sorted(waiting):
            if processes[name].state is not ProcessState.STOPPING:
                control.start(name)
                waiting.discard(name)
        return not waiting

    if not patience.until(all_started, control.longest_stop() + GRACE_SECONDS):
        raise _will_not_stop(waiting)


def stop(control: Control, bot_names: Collection[str], patience: Patience) -> tuple[str, ...]:
    """Stop these bots at once; return when they have ended, naming those that were running."""
    running = tuple(sorted(_not_ended(control, bot_names)))
    for name in running:
        control.stop(name)
    _await_ended(control, running, patience)
    return running


def restart(control: Control, bot_names: Collection[str], patience: Patience) -> None:
    """Restart these bots at once; each starts again as soon as it has ended."""
    for name in sorted(bot_names):
        control.stop(name)
    start(control, bot_names, patience)


def end(control: Control, home: Home, patience: Patience) -> tuple[str, ...]:
    """Stop all bots at once, then supervisord; return when it is gone, naming whom that stopped."""
    running: tuple[str, ...] = ()
    pid = 0
    with contextlib.suppress(ShuttingDownError):
        pid = control.daemon().pid
        running = tuple(sorted(_not_ended(control, control.processes())))
        control.stop_all()
        _await_ended(control, running, patience)
        control.shutdown()

    def gone() -> bool:
        return not control.alive() and (pid == 0 or daemon.is_gone(pid))

    with contextlib.suppress(NotRunningError):
        if not patience.until(gone, SHUTDOWN_SECONDS):
            raise TemporaryError(
                "supervisord was asked to end and has not; its log may say why.",
                where=str(home.supervisord_log),
            )
    # Nobody is left to read what was handed over.
    handover.discard_others(home, ())
    return running


def _runs(process: Process) -> bool:
    return process.state in ALIVE or process.state is ProcessState.STOPPING


def _await_ended(control: Control, bot_names: Collection[str], patience: Patience) -> None:
    def ended() -> bool:
        return not _not_ended(control, bot_names)

    if not patience.until(ended, control.longest_stop() + GRACE_SECONDS):
        raise _will_not_stop(_not_ended(control, bot_names))


def _not_ended(control: Control, bot_names: Collection[str]) -> set[str]:
    processes = control.processes()
    return {name for name in bot_names if name in processes and _runs(processes[name])}


def _will_not_stop(bot_names: Collection[str]) -> TemporaryError:
    return TemporaryError(f"{', '.join(sorted(bot_names))} did not stop, not even when killed.")
