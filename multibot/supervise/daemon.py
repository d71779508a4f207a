"""Starting and ending supervisord: its environment, its folders, its place in the process tree."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from multibot.errors import PermanentError, TemporaryError
from multibot.home import Home
from multibot.supervise.control import Control
from multibot.supervise.patience import Patience

START_SECONDS = 15.0
_PR_SET_PDEATHSIG = 1

# All that supervisord and the bots inherit. Nothing here may hold a token: `up` hands those over in
# one file per bot.
_ALLOWED = frozenset(
    {
        "HOME",
        "LANG",
        "TZ",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "all_proxy",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "ALL_PROXY",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
    }
)


def own_bin() -> Path:
    """Find the folder of this environment's programs."""
    return Path(sys.executable).parent


def environment(environ: Mapping[str, str], bin_folder: Path) -> dict[str, str]:
    """Pick what supervisord may see of the caller's environment."""
    path = [str(bin_folder), environ.get("PATH") or os.defpath]
    allowed = {
        name: value for name, value in environ.items() if name in _ALLOWED or name.startswith("LC_")
    }
    return {**allowed, "PATH": os.pathsep.join(path)}


def make_folders(home: Home) -> None:
    """Make the folders the fleet writes to, closed to other users, also those already there."""
    for folder in (home.data, home.run, home.logs, home.backups):
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            folder.chmod(0o700)
        except OSError as error:
            raise PermanentError(
                f"this folder cannot be made and closed to other users ({error.strerror}).",
                where=str(folder),
                remedy="Run as the user who owns the fleet's folder, on a disk that can be written.",
            ) from error


class _Surroundings(TypedDict):
    cwd: str
    env: dict[str, str]
    umask: int


@dataclass(frozen=True, slots=True)
class Daemon:
    """A supervisord to be, for one home; `bin_folder` is where `multibot` itself is found."""

    home: Home
    environ: Mapping[str, str]
    bin_folder: Path

    def start(self, patience: Patience) -> None:
        """Start it in the background, and return when it answers."""
        done = subprocess.run(  # noqa: S603 - no shell, our own arguments
            self._command(), **self._surroundings(), check=False, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise PermanentError(
                f"supervisord did not start: {_last_words(done.stderr + done.stdout)}",
                where=str(self.home.supervisord_log),
            )
        self._await_answer(patience)

    def start_in_foreground(self, patience: Patience) -> "subprocess.Popen[bytes]":
        """Start it as a child that lives no longer than this process, and return when it answers."""
        # It says there what it cannot say on a terminal that was closed, and would end if that
        # failed as well.
        with self.home.supervisord_log.open("ab") as log:
            child = subprocess.Popen(  # noqa: S603 - no shell, our own arguments
                [*self._command(), "--nodaemon"],
                **self._surroundings(),
                stdin=subprocess.DEVNULL,
                stderr=log,
                # A session of its own: Ctrl-C is for us, who can stop all bots at once.
                start_new_session=True,
                preexec_fn=end_with_parent,  # noqa: PLW1509 - we have no threads
            )
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(child.terminate)
            self._await_answer(patience, child)
            on_failure.pop_all()
        return child

    def _command(self) -> list[str]:
        # -P: a folder named `supervisor` in the home must not be taken for the program.
        conf = str(self.home.supervisord_conf)
        return [sys.executable, "-P", "-m", "supervisor.supervisord", "-c", conf]

    def _surroundings(self) -> _Surroundings:
        program = self.bin_folder / "multibot"
        if not program.exists():
            raise PermanentError(
                "there is no multibot program here for supervisord to run.",
                where=str(program),
                remedy="Install multibot into the environment of this Python.",
            )
        return {
            "cwd": str(self.home.root),
            "env": environment(self.environ, self.bin_folder),
            "umask": 0o077,
        }

    def _await_answer(
        self, patience: Patience, child: "subprocess.Popen[bytes] | None" = None
    ) -> None:
        control = Control(self.home)

        def settled() -> bool:
            return control.alive() or (child is not None and child.poll() is not None)

        if not patience.until(settled, START_SECONDS) or not control.alive():
            raise TemporaryError(
                "supervisord was started and does not answer; its log may say why.",
                where=str(self.home.supervisord_log),
            )


def is_gone(pid: int) -> bool:
    """Say whether a process has ended, be it that nobody has collected it yet."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    try:
        # In a container without an init process, an orphan that ended stays a zombie.
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z"
    except OSError:
        return False


def end_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent goes; call in the child, before its program."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _last_words(text: str) -> str:
    lines = [line for line in text.splitlines() if line and not line.startswith("For help")]
    return lines[-1] if lines else "it gave no reason."
