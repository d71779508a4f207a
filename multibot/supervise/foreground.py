"""Keeping supervisord in the foreground: a signal to us stops all bots at once, then supervisord."""

import contextlib
import os
import select
import signal
import subprocess
from types import FrameType, TracebackType
from typing import Self

from multibot.errors import NotRunningError
from multibot.home import Home
from multibot.supervise import lifecycle
from multibot.supervise.control import Control
from multibot.supervise.daemon import Daemon
from multibot.supervise.patience import Patience

_STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Signals:
    """Notes a wish to stop, and ends a pause as soon as a signal comes, without polling."""

    def __init__(self) -> None:
        self.stop_requested = False
        self._undo = contextlib.ExitStack()
        self._woken = -1

    def __enter__(self) -> Self:
        reader, writer = os.pipe()
        self._woken = reader
        for descriptor in (reader, writer):
            os.set_blocking(descriptor, False)
            self._undo.callback(os.close, descriptor)
        self._undo.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(writer))
        for number in (*_STOPPING, signal.SIGCHLD):
            self._undo.callback(signal.signal, number, signal.signal(number, self._note))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._undo.close()

    def pause(self, seconds: float | None) -> None:
        """Wait this long, or until a signal; without a number, only for a signal."""
        select.select([self._woken], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            os.read(self._woken, 1024)

    def _note(self, number: int, frame: FrameType | None) -> None:
        del frame
        if number != signal.SIGCHLD:
            self.stop_requested = True


class Child:
    """The supervisord that is to stay, once it has been started."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, patience: Patience) -> None:
        """Start it, and return when it answers."""
        self._process = self._daemon.start_in_foreground(patience)

    def keep(self, home: Home, signals: Signals, patience: Patience) -> int | None:
        """Wait for a signal, then end everything and return none; or return how it ended itself."""
        process = self._process
        if process is None:
            return None
        while not signals.stop_requested:
            if process.poll() is not None:
                return process.returncode
            signals.pause(None)
        try:
            lifecycle.end(Control(home), home, patience)
        except NotRunningError:
            # Nobody answers there any more, be it that the home was removed; a signal still comes.
            process.terminate()
        process.wait()
        return None
