"""A real fleet in a throw-away folder: real supervisord, real `multibot`, stub bots."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from multibot.home import Home
from multibot.supervise.control import Control
from tests.process import stub_bot

TOKENS = {
    "DISCORD_TOKEN_SAGE": "sandbox-token-one",
    "DISCORD_TOKEN_SPARK": "sandbox-token-two",
    "DISCORD_TOKEN_LOGIC": "sandbox-token-three",
}
NAMES = ("logic", "sage", "spark")
_POLL_SECONDS = 0.05


@dataclass
class Stand:
    """A home with three bots, and an environment whose `multibot` is the stub."""

    home: Home
    folder: Path
    fleet: dict[str, dict[str, object]] = field(default_factory=dict)

    @property
    def control(self) -> Control:
        return Control(self.home)

    @property
    def bin(self) -> Path:
        return self.folder / "venv" / "bin"

    def write_fleet(self) -> None:
        document = {"bots": list(self.fleet.values())}
        self.home.fleet_file.write_text(yaml.safe_dump(document, sort_keys=False))

    def plan(self, bot_name: str, **plan: object) -> None:
        """Tell a stub how to behave from its next start on."""
        (self.home.root / "plans" / f"{bot_name}.json").write_text(json.dumps(plan))

    def environment(self, **extra: str) -> dict[str, str]:
        """Give a caller's environment: tokens in it, none in files."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {**kept, **TOKENS, **extra}

    def start(
        self, *arguments: str, environ: Mapping[str, str] | None = None
    ) -> "subprocess.Popen[str]":
        """Start a `multibot` command."""
        python = str(self.bin / "python")
        return subprocess.Popen(
            [python, "-P", "-m", "multibot", "--home", str(self.home.root), *arguments],
            env=dict(self.environment() if environ is None else environ),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self, *arguments: str, environ: Mapping[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run a `multibot` command to its end."""
        with self.start(*arguments, environ=environ) as process:
            try:
                out, err = process.communicate(timeout=100)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def pids(self) -> dict[str, int]:
        """Tell which process each bot has."""
        return {name: process.pid for name, process in self.control.processes().items()}

    def statuses(self) -> dict[str, dict[str, object]]:
        """Ask `multibot status` for each bot."""
        answer = json.loads(self.run("status", "--json").stdout)
        return {bot["name"]: bot for bot in answer["bots"]}

    def starts(self, bot_name: str) -> int:
        """Count how often a stub was started."""
        path = self.home.root / "starts" / bot_name
        return len(path.read_text()) if path.exists() else 0

    def close(self) -> None:
        """End everything that was started here, however the test went, and remove the folder."""
        with contextlib.suppress(OSError, ValueError):
            _kill(int(self.home.supervisord_pid.read_text()), b"supervisord.conf")
        for path in (self.home.root / "pids").iterdir():
            _kill(int(path.name), str(self.bin).encode())
        shutil.rmtree(self.folder)

    def survivors(self) -> list[int]:
        """Name the stubs that still live."""
        pids = [int(path.name) for path in (self.home.root / "pids").iterdir()]
        return [pid for pid in pids if str(self.bin).encode() in command_line(pid)]


def make_stand() -> Stand:
    # Not pytest's own folder: its path is too long for a socket.
    folder = Path(tempfile.mkdtemp(prefix="mb-"))
    stand = Stand(Home(folder / "home"), folder)
    for name in ("home/bots", "home/plans", "home/pids", "home/starts", "home/seen", "venv/bin"):
        (folder / name).mkdir(parents=True)
    _make_environment(folder / "venv")
    for name in NAMES:
        stand.fleet[name] = {
            "name": name,
            "config_file": f"{name}.yaml",
            "discord_token": f"${{DISCORD_TOKEN_{name.upper()}}}",
            "channels": ["general"],
        }
        stand.plan(name)
        write_bot(stand, name, "You are helpful.")
    stand.write_fleet()
    return stand


def write_bot(stand: Stand, bot_name: str, system_prompt: str) -> None:
    path = stand.home.root / "bots" / f"{bot_name}.yaml"
    path.write_text(yaml.safe_dump({"system_prompt": system_prompt}))


def _make_environment(venv: Path) -> None:
    """Make a second environment over this one's packages, with another `multibot` program."""
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", venv)
    (venv / "lib").symlink_to(Path(sys.prefix) / "lib")
    (venv / "bin" / "python").symlink_to(sys.executable)
    program = venv / "bin" / "multibot"
    program.write_text(
        f"#!{venv}/bin/python\n"
        f"import runpy\nrunpy.run_path({stub_bot.__file__!r}, run_name='__main__')\n"
    )
    program.chmod(0o755)


def command_line(pid: int) -> bytes:
    """Read a process's arguments; nothing once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def eventually(condition: Callable[[], bool], seconds: float = 30.0) -> bool:
    """Look until it is so; say whether it became so in time."""
    never = threading.Event()
    for _ in range(int(seconds / _POLL_SECONDS)):
        if condition():
            return True
        never.wait(_POLL_SECONDS)
    return condition()


def _kill(pid: int, mark: bytes) -> None:
    # The number may be another process's by now.
    if mark in command_line(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
