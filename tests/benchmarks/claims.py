"""Processes that ask for the same message: one gets it, and how long they wait."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence

from multibot.clock import SystemClock
from multibot.conversation.chain import ChainRules
from multibot.conversation.message import BotName, InboundMessage
from multibot.conversation.overhearing import Heard
from multibot.home import Home
from multibot.store.stores import open_store
from tests.benchmarks.figure import Effort, Figure, spread
from tests.benchmarks.material import FIRST_ID, SAGE, messages, rate, scratch_home
from tests.benchmarks.writing import IGNORE, PRODUCERS, Write

PROCESSES = 8
CONTENDER = "tests.benchmarks.contender"
ARRIVALS = "tests.benchmarks.arrivals"
# A busy fleet: events come to each process when they come.
FLEET = 50
PER_SECOND = 400
SPEAKER = BotName("speaker")
RULES = ChainRules(enabled=True)
BARE_IS = "INSERT OR IGNORE, FULL, busy timeout"


def measure(effort: Effort) -> list[Figure]:
    """Measure how long each waits: all at once, and as events come to a busy fleet."""
    return [*_at_once(effort), *_as_they_come(effort), *_ignored(effort)]


def _at_once(effort: Effort) -> list[Figure]:
    count = effort.count(400)
    processes = PROCESSES if effort.share else 2
    ours, winners = asyncio.run(_contest("store", count, processes))
    _require_winners(winners, count)
    bare, _ = asyncio.run(_contest("bare", count, processes))
    return spread(
        f"claim contested by {processes} processes",
        ours,
        bare,
        unit="ms",
        bare_is=BARE_IS,
        targets=("", "<= 2 ms"),
    )


def _as_they_come(effort: Effort) -> list[Figure]:
    count = 2 * effort.count(5_000)
    processes = FLEET if effort.share else 2
    ours, winners = _arrivals("store", count, processes)
    _require_winners(winners, count // 2)
    bare, _ = _arrivals("bare", count, processes)
    return spread(
        f"message of a bot judged and claimed, {processes} processes, {PER_SECOND} /s",
        ours,
        bare,
        unit="ms",
        bare_is=BARE_IS,
        targets=("", "<= 2 ms"),
    )


def _ignored(effort: Effort) -> list[Figure]:
    """Measure what it costs to count what bots say to others, beside the row with the decision."""
    said = messages(effort.count(5_000), effort.texts())
    to_nobody, to_another = Heard(author=SPEAKER), Heard(author=SPEAKER, others=(BotName("muse"),))

    def hear(heard: Heard) -> Write:
        return lambda store, message: store.chains.meet(message, heard, RULES, roll=0.0)

    decline = _processor_time(said, lambda store, message: store.ledger.decline(message, IGNORE))
    return [
        Figure(
            f"message of a bot to {whom} ignored, processor time",
            _processor_time(said, hear(heard)),
            "us",
            decline,
            "the row with the decision",
            "<= bare + 100 us",
        )
        for whom, heard in (("nobody", to_nobody), ("another", to_another))
    ]


def _processor_time(said: Sequence[InboundMessage], write: Write) -> float:
    async def run() -> float:
        with scratch_home() as home:
            store = open_store(home, SAGE, SystemClock())
            try:
                began = time.process_time()
                await rate(said, PRODUCERS, lambda message: write(store, message))
                return (time.process_time() - began) / len(said) * 1_000_000
            finally:
                await store.close()

    return asyncio.run(run())


def _require_winners(winners: list[int], count: int) -> None:
    if winners != [1] * count:
        raise AssertionError(f"a message had no winner, or several: {sorted(set(winners))}")


def _arrivals(mode: str, count: int, processes: int) -> tuple[list[float], list[int]]:
    """Return how many ms each claim took, and how many won each message."""
    with scratch_home() as home:
        command = (sys.executable, "-m", ARRIVALS, mode, home.root, processes, PER_SECOND, count)
        done = subprocess.run([*map(str, command)], check=True, capture_output=True)
    found = json.loads(done.stdout)
    return found["milliseconds"], found["winners"]


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
