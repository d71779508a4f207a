"""A fleet of many bots with a room each, its limits out of the way of the faults to be tried."""

import contextlib
import os
import random
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from multibot.clock import SystemClock
from multibot.home import Home
from multibot.sandbox.world import World
from multibot.store.status import read_statuses
from multibot.supervise.control import Control
from tests.process.fleet import UNLIMITED, RunningFleet

# The gateway budget, Discord's own and ours, has tests of its own.
NO_BUDGET = {
    "starts_at_once": 10_000,
    "starts_per_day": 10_000,
    "park_below": 1,
    "jitter": 0,
}
STARTS_A_DAY = 10_000_000


def names(count: int) -> tuple[str, ...]:
    """Name so many bots."""
    return tuple(f"bot{number:02d}" for number in range(count))


def world() -> World:
    """Make a Discord that limits neither messages nor logins."""
    made = World(SystemClock(), message_limit=UNLIMITED, global_limit=UNLIMITED)
    made.starts_a_day = STARTS_A_DAY
    return made


@dataclass
class Crowd(RunningFleet):
    """Bots `bot00`, `bot01` ..., each alone in `#room-<name>`; every second one streams."""

    count: int = 3
    settings: dict[str, Any] = field(default_factory=dict)
    streaming: bool = True
    scripted: dict[str, Any] = field(default_factory=dict)
    max_length: int = 2000

    def __post_init__(self) -> None:
        self.bots = names(self.count)
        self.channels = tuple(f"room-{name}" for name in self.bots)

    def write_files(self) -> None:
        """Write a fleet file with every bot, and two persona files: one whole, one streaming."""
        folder = self.home.root / "bots"
        folder.mkdir(parents=True, exist_ok=True)
        self.home.data.mkdir(mode=0o700, exist_ok=True)
        for path, streaming in (("whole.yaml", False), ("grown.yaml", self.streaming)):
            persona = {
                "bot": {"name": path.split(".")[0], "description": "for tests"},
                "system_prompt": "You are brief.",
                "message": {"streaming": streaming, "max_length": self.max_length},
                "scripted": self.scripted,
            }
            (folder / path).write_text(yaml.safe_dump(persona), encoding="utf-8")
        fleet = {
            "bots": [
                {
                    "name": name,
                    "config_file": "grown.yaml" if number % 2 else "whole.yaml",
                    "discord_token": f"${{DISCORD_TOKEN_{name.upper()}}}",
                    "channels": [f"room-{name}"],
                }
                for number, name in enumerate(self.bots)
            ],
            "gateway": NO_BUDGET,
            "limits": {"max_requests_per_minute": 10_000},
            **self.settings,
        }
        self.home.fleet_file.write_text(yaml.safe_dump(fleet, sort_keys=False), encoding="utf-8")

    def process_of(self, bot: str) -> int | None:
        """Ask supervisord which process a bot runs in just now."""
        found = Control(self.home).processes().get(bot)
        return found.pid if found is not None and found.pid else None

    def is_ready(self, bot: str, not_pid: int | None = None) -> bool:
        """Say whether a bot is ready, in another process than the given one."""
        row = read_statuses(self.home.database).get(bot)
        return row is not None and row.state == "ready" and row.pid != not_pid


def bots_of(home: Home) -> dict[int, str]:
    """Find every process that runs a bot of this home, whoever started it."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            *_, verb, name = (process / "cmdline").read_bytes().split(b"\0")[:-1] or (b"", b"")
            if verb == b"run" and (process / "cwd").readlink() == home.root:
                found[int(process.name)] = name.decode()
    return found


def kill(pid: int) -> bool:
    """Send kill -9; false when the process had ended already."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def dice(seed: int) -> random.Random:
    """Make odds that a failed run can repeat."""
    return random.Random(seed)  # noqa: S311 - repeatable on purpose
