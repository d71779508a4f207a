"""Real bot processes of a crowd without supervisord: whoever ends, ended by itself."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.process.fleet import RunningFleet, until


@dataclass
class Started:
    """One `multibot run`, and the file that takes what it prints."""

    bot: str
    process: asyncio.subprocess.Process
    output: Path

    @property
    def last_line(self) -> str:
        """What it printed last."""
        return self.output.read_text(encoding="utf-8").splitlines()[-1]

    async def end(self, seconds: float = 30.0) -> int:
        """Wait until it has ended by itself; return its exit code."""
        return await asyncio.wait_for(self.process.wait(), seconds)


@contextlib.asynccontextmanager
async def by_hand(
    fleet: RunningFleet, bots: Iterable[str] = (), *, ready: bool = True
) -> AsyncIterator[dict[str, Started]]:
    """Run these bots, or all, until the block ends; kill those that still live then."""
    await fleet.multibot("db", "migrate")
    started = {bot: await _start(fleet, bot) for bot in bots or fleet.bots}
    try:
        if ready:
            await until(lambda: _are_ready(fleet, started), "all bots ready")
        yield started
    finally:
        for one in started.values():
            if one.process.returncode is None:
                one.process.kill()
            await one.process.wait()


async def _start(fleet: RunningFleet, bot: str) -> Started:
    path = fleet.home.root / f"{bot}.output"
    with path.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "multibot", "--home", str(fleet.home.root), "run", bot),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **fleet.environ},
        )
    return Started(bot, process, path)


def _are_ready(fleet: RunningFleet, started: dict[str, Started]) -> bool:
    for one in started.values():
        assert one.process.returncode is None, one.output.read_text(encoding="utf-8")
    pids = fleet.pids()
    return all(pids.get(bot) == one.process.pid for bot, one in started.items())
