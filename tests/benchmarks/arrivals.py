"""Many processes that claim at random moments, at a rate of all together; `claims.py` reads them.

`python -m tests.benchmarks.arrivals MODE HOME PROCESSES PER_SECOND COUNT` imports everything once and
forks. Each message comes to two of the processes a moment apart, as events do. Prints a line of
JSON: how many ms each claim took from when it was due, and how many won each message.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from multibot.clock import SystemClock
from multibot.conversation.chain import ChainRules
from multibot.conversation.message import BotName, ChannelId, InboundMessage
from multibot.conversation.overhearing import Heard
from multibot.conversation.ruling import How, Outcome
from multibot.home import Home
from multibot.store import connection
from multibot.store.stores import open_store
from tests.benchmarks.contender import BARE
from tests.benchmarks.material import FIRST_ID, UNLIMITED

SEED = 42
CHANNELS = 20
# How far apart two processes get the same event.
APART_SECONDS = 0.002
# By then all processes have opened their stores.
HEAD_START_SECONDS = 2.0
RULES = ChainRules(
    enabled=True,
    max_chain=UNLIMITED,
    max_bot_turns=UNLIMITED,
    inter_bot_delay=timedelta(),
)

Claim = Callable[[int], Awaitable[bool]]


class Arrival(NamedTuple):
    """A message that comes to one process, so long after the start."""

    at: float
    message: int


class Claimed(NamedTuple):
    """What came of it."""

    message: int
    milliseconds: float
    won: bool


def schedule(processes: int, per_second: int, count: int) -> list[list[Arrival]]:
    """Say when which message comes to which process."""
    chance = random.Random(SEED)  # noqa: S311 - repeatable on purpose
    each: list[list[Arrival]] = [[] for _ in range(processes)]
    at = 0.0
    for message in range(count // 2):
        at += chance.expovariate(per_second / 2)
        for number, process in enumerate(chance.sample(range(processes), 2)):
            each[process].append(Arrival(at + number * APART_SECONDS, message))
    return [sorted(arrivals) for arrivals in each]


async def attend(arrivals: Sequence[Arrival], claim: Claim, start: float) -> list[Claimed]:
    """Claim each message when it comes, however long those before it take."""

    async def one(arrival: Arrival) -> Claimed:
        due = start + arrival.at
        await asyncio.sleep(due - time.monotonic())
        began = time.monotonic()
        won = await claim(arrival.message)
        return Claimed(arrival.message, (time.monotonic() - began) * 1000, won)

    return list(await asyncio.gather(*map(one, arrivals)))


async def through_store(
    home: Home, number: int, arrivals: Sequence[Arrival], start: float
) -> list[Claimed]:
    """Meet messages of another bot as a bot does."""
    store = open_store(home, BotName(f"bot-{number:02}"), SystemClock())
    heard = Heard(author=BotName("speaker"), how=How.REPLY)

    async def claim(message: int) -> bool:
        ruling = await store.chains.meet(_message(message), heard, RULES, roll=0.0)
        return ruling is not None and ruling.outcome is Outcome.ANSWER

    claimed = await attend(arrivals, claim, start)
    await store.close()
    return claimed


async def with_driver(
    home: Home, number: int, arrivals: Sequence[Arrival], start: float
) -> list[Claimed]:
    """Claim with one statement of the driver, as a script would."""
    writer = connection.open_writer(home.database)

    async def claim(message: int) -> bool:
        row = (str(FIRST_ID + message), f"bot-{number:02}")
        return writer.execute(BARE, row).rowcount == 1

    claimed = await attend(arrivals, claim, start)
    writer.close()
    return claimed


def _message(number: int) -> InboundMessage:
    return InboundMessage(
        message_id=str(FIRST_ID + number),
        channel_id=ChannelId(str(10 + number % CHANNELS)),
        channel_type="channel",
        guild_id="1",
        author_id="900",
        author_name="Speaker",
        author_is_bot=True,
        content="What do you make of it?",
        created_at=SystemClock().now(),
    )


def main(mode: str, root: str, processes: str, per_second: str, count: str) -> None:
    """Fork, wait for all, and print what came of it."""
    plan = schedule(int(processes), int(per_second), int(count))
    start = time.monotonic() + HEAD_START_SECONDS
    work = {"store": through_store, "bare": with_driver}[mode]
    pipes = []
    for number, arrivals in enumerate(plan):
        outlet, inlet = os.pipe()
        if os.fork() == 0:
            claimed = asyncio.run(work(Home(Path(root)), number, arrivals, start))
            with os.fdopen(inlet, "w") as file:
                json.dump(claimed, file)
            os._exit(0)
        os.close(inlet)
        pipes.append(outlet)
    found = [Claimed(*each) for pipe in pipes for each in json.load(os.fdopen(pipe))]
    winners = Counter(each.message for each in found if each.won)
    json.dump(
        {
            "milliseconds": [each.milliseconds for each in found],
            "winners": [winners[message] for message in range(int(count) // 2)],
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
