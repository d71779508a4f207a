"""A bot at work while something else writes: stores turns until told to stop, and says how long each took.

Run as `python -m tests.importing.beside HOME BOT`.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from multibot.clock import SystemClock
from multibot.conversation.message import BotName
from multibot.home import Home
from multibot.store.stores import open_store
from tests.faults.book import percentile
from tests.store.material import RULES, message

PAUSE_SECONDS = 0.01


async def work(home: Home, bot_name: str, told: asyncio.Event) -> list[float]:
    """Store one turn after the other, as a busy bot would, and time each."""
    clock = SystemClock()
    store = open_store(home, BotName(bot_name), clock)
    waits = []
    try:
        while not told.is_set():
            now = clock.now()
            number = time.monotonic_ns()
            said = message(message_id=f"{number}", author_id=f"{number % 50}", created_at=now)
            began = time.perf_counter()
            await store.ledger.begin(said, RULES)
            waits.append(time.perf_counter() - began)
            await clock.sleep(PAUSE_SECONDS)
    finally:
        await store.close()
    return waits


async def main(root: str, bot_name: str) -> None:
    told = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, told.set)
    say("ready")
    waits = await work(Home(Path(root)), bot_name, told)
    say(
        json.dumps(
            {
                "turns": len(waits),
                "p50": percentile(waits, 0.5),
                "p99": percentile(waits, 0.99),
                "max": max(waits),
            }
        )
    )


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a pipe to whoever started this


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
