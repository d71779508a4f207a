"""Eight processes ask for the same message at once: one gets it, and how long they wait."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence

from multibot.home import Home
from tests.benchmarks.figure import Effort, Figure, spread
from tests.benchmarks.material import FIRST_ID, scratch_home

PROCESSES = 8
CONTENDER = "tests.benchmarks.contender"


def measure(effort: Effort) -> list[Figure]:
    """Measure how long each of them waits for its answer."""
    count = effort.count(400)
    processes = PROCESSES if effort.share else 2
    ours, winners = asyncio.run(_contest("store", count, processes))
    if winners != [1] * count:
        raise AssertionError(f"a message had no winner, or several: {sorted(set(winners))}")
    bare, _ = asyncio.run(_contest("bare", count, processes))
    return spread(
        f"claim contested by {processes} processes",
        ours,
        bare,
        unit="ms",
        bare_is="INSERT OR IGNORE, FULL, busy timeout",
        targets=("", "<= 2 ms"),
    )


async def _contest(mode: str, count: int, processes: int) -> tuple[list[float], list[int]]:
    """Return how many ms each request took, and how many won each message."""
    with scratch_home() as home:
        contenders = [await _start(mode, home, number) for number in range(processes)]
        taken: list[float] = []
        winners: list[int] = []
        for number in range(count):
            answers = await _ask(contenders, str(FIRST_ID + number))
            taken += [milliseconds for milliseconds, _ in answers]
            winners.append(sum(won for _, won in answers))
        for contender in contenders:
            await contender.communicate(b"")
    return taken, winners


async def _start(mode: str, home: Home, number: int) -> asyncio.subprocess.Process:
    contender = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", CONTENDER, mode, str(home.root), f"bot-{number}"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    await _line(contender)
    return contender


async def _ask(
    contenders: Sequence[asyncio.subprocess.Process], message_id: str
) -> list[tuple[float, int]]:
    for contender in contenders:
        assert contender.stdin is not None
        contender.stdin.write(f"{message_id}\n".encode())
    answers = [(await _line(contender)).split() for contender in contenders]
    return [(float(milliseconds), int(won)) for milliseconds, won in answers]


async def _line(contender: asyncio.subprocess.Process) -> str:
    assert contender.stdout is not None
    return (await contender.stdout.readline()).decode()
