"""How one process behaves towards the machine: one copy, no orphan, no core with a token in it."""

import asyncio
import contextlib
import ctypes
import fcntl
import gc
import json
import os
import resource
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Self

from multibot.clock import Clock
from multibot.errors import LockHeldError, MultibotError, PermanentError
from multibot.home import Home
from multibot.store import filesystem

# linux/prctl.h
PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4

LOCK_POLL_SECONDS = 0.2
# supervisord counts an exit before `startsecs` (1 s) as a failed start and would try again.
OUTLIVE_STARTSECS_SECONDS = 1.3
# supervisord starts a process that was up for `startsecs` again at once, without any pause.
PAUSE_SECONDS = 10.0


def is_supervised(environ: Mapping[str, str]) -> bool:
    """Say whether supervisord started this process (it sets SUPERVISOR_ENABLED)."""
    return environ.get("SUPERVISOR_ENABLED") == "1"


def look_for_garbage() -> None:
    """Begin to look for what nobody needs any more, but not among all that is there already.

    The modules of a bot are 80,000 objects that stay; a look at them stops the event loop for 30 ms.
    """
    gc.freeze()
    gc.enable()


def supervisor_pid(pidfile: Path) -> int:
    """Read which process should be the parent; 0 where supervisord is gone, and its file too."""
    try:
        return int(pidfile.read_text(encoding="ascii"))
    except (OSError, ValueError):
        parent = os.getppid()
        return parent if _may_be_supervisord(parent) else 0


def _may_be_supervisord(pid: int) -> bool:
    try:
        return b"supervisord" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        # Not Linux, where the kernel could not be asked for anything either.
        return sys.platform != "linux"


def keep_secrets_in() -> None:
    """Leave no core file and let no other user's process look inside."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def die_with_parent(parent: int) -> None:
    """Ask the kernel for SIGKILL when supervisord goes; call in the main thread."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        # It went before the kernel was asked.
        os.kill(os.getpid(), signal.SIGKILL)


def require_writable(home: Home, bot_name: str) -> None:
    """Refuse folders and files that this process may not write: no retry would help."""
    for folder in (home.data, home.run):
        with contextlib.suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        filesystem.require_access(folder, os.W_OK | os.X_OK)
    database = filesystem.files_of(home.database)
    for file in (*database, home.database_lock, home.bot_lock(bot_name)):
        filesystem.require_access_if_there(file, os.R_OK | os.W_OK)


class LifeLock:
    """One live process for each bot: a lock file held until the process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this process has the lock."""
        return self._descriptor is not None

    def take(self) -> Self:
        """Take the lock at once. Raise LockHeldError when another process has it."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise LockHeldError(
                f"this bot already runs as pid {holder or 'unknown'}",
                where=str(self._path),
                remedy="Stop that one first, or use `multibot restart`.",
            ) from error
        self._descriptor = descriptor
        # Who has it is for people to read; on a full disk it is held all the same.
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return self

    async def wait(self, clock: Clock, note: Path) -> None:
        """Wait for the lock for as long as it takes, leaving a note of whom it is waited for."""
        noted = False
        while not self.held:
            try:
                self.take()
            except LockHeldError as error:
                if not noted:
                    note_exit(note, error)
                    noted = True
                await clock.sleep(LOCK_POLL_SECONDS)

    def release(self) -> None:
        """Give the lock back; the kernel does the same when the process ends."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def note_exit(path: Path, error: MultibotError) -> None:
    """Leave why a process ended where `multibot status` finds it without a database.

    A folder that cannot be written keeps nothing; it must not hide the error itself.
    """
    body = {"pid": os.getpid(), "exit_code": int(error.exit_code), "error": str(error)}
    temporary = path.with_suffix(".exit.new")
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.write_text(json.dumps(body) + "\n", encoding="utf-8")
        temporary.chmod(0o600)
        temporary.replace(path)


async def outlive(clock: Clock, started: float, error: MultibotError) -> None:
    """Stay long enough that supervisord believes the exit code; longer if it will start again."""
    seconds = OUTLIVE_STARTSECS_SECONDS
    if not isinstance(error, PermanentError):
        seconds += PAUSE_SECONDS
    left = seconds - (clock.monotonic() - started)
    if left > 0:
        await clock.sleep(left)


async def until(moment: float, closing: Callable[[], Awaitable[object]]) -> None:
    """Begin a goodbye that the other side may never answer, and wait no longer than this.

    The moment is one of the event loop's time.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(moment):
            await closing()


def stop_signal() -> asyncio.Event:
    """Make an event that SIGTERM and SIGINT set; the loop acts on it."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop
