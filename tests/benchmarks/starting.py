"""From exec of a bot's process to READY on the gateway."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from multibot.home import Home
from multibot.sandbox.world import Event
from tests.benchmarks.commands import milliseconds
from tests.benchmarks.figure import Effort, Figure, percentile
from tests.process.fleet import RunningFleet

BOT = "sage"
# Starts are spread and counted on purpose; neither is what is measured here.
AT_ONCE = "\ngateway: {jitter: 0, starts_at_once: 1000}\n"


def measure(effort: Effort) -> list[Figure]:
    """Measure it with a warm disk, the sandbox in this process."""
    times = effort.count(10)
    with tempfile.TemporaryDirectory(prefix="mb-") as folder:
        ours = asyncio.run(_starts(Home(Path(folder)), times))
        imported = [
            milliseconds([sys.executable, "-c", "import discord"], Path(folder))
            for _ in range(times)
        ]
    bare = percentile(imported, 0.5)
    what = "exec of a bot to READY, median"
    return [
        Figure(what, percentile(ours, 0.5), "ms", bare, "python -c 'import discord'", "<= 300 ms")
    ]


async def _starts(home: Home, times: int) -> list[float]:
    async with RunningFleet(home) as fleet:
        with home.fleet_file.open("a", encoding="utf-8") as file:
            file.write(AT_ONCE)
        await fleet.multibot("db", "migrate")
        return [await _start(fleet) for _ in range(times)]


async def _start(fleet: RunningFleet) -> float:
    online = asyncio.Event()
    at = 0.0

    def notice(event: Event) -> None:
        nonlocal at
        if event.name == "BOT_PRESENCE" and not online.is_set():
            at = time.perf_counter()
            online.set()

    fleet.world.subscribe(notice)
    started = time.perf_counter()
    process = await fleet.run(BOT)
    try:
        await asyncio.wait_for(online.wait(), 30)
    finally:
        process.terminate()
        await process.communicate()
    return (at - started) * 1000
