"""One of several processes that ask for the same messages; `claims.py` starts and leads it.

Reads message ids from stdin; answers each with the milliseconds it waited, and 1 if it won.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from multibot.clock import SystemClock
from multibot.conversation.message import BotName
from multibot.home import Home
from multibot.store import connection
from multibot.store.claims import ClaimOutcome
from multibot.store.stores import open_store
from tests.benchmarks.material import UNLIMITED, messages

LEASE = timedelta(seconds=60)
BARE = """
INSERT OR IGNORE INTO message_claims (message_id, slot, channel_id, bot_name, claimed_at, expires_at)
VALUES (?, 0, '10', ?, '2026-01-01T12:00:00.000Z', '2026-01-01T12:01:00.000Z')
"""


async def through_store(home: Home, bot_name: str) -> None:
    """Claim as a bot does."""
    store = open_store(home, BotName(bot_name), SystemClock())
    model = messages(1, ["who answers?"])[0]

    async def claim(message_id: str) -> bool:
        message = replace(model, message_id=message_id)
        got = await store.ledger.claim(message, slots=1, lease=LEASE, per_minute=UNLIMITED)
        return got.outcome is ClaimOutcome.WON

    await answer(claim)
    await store.close()


async def with_driver(home: Home, bot_name: str) -> None:
    """Claim with one statement of the driver, as a script would."""
    writer = connection.open_writer(home.database)

    async def claim(message_id: str) -> bool:
        return writer.execute(BARE, (message_id, bot_name)).rowcount == 1

    await answer(claim)
    writer.close()


async def answer(claim: Callable[[str], Awaitable[bool]]) -> None:
    """Claim what is asked for until there is no more."""
    sys.stdout.write("here\n")
    sys.stdout.flush()
    for line in sys.stdin:
        started = time.perf_counter()
        won = await claim(line.strip())
        taken = (time.perf_counter() - started) * 1000
        sys.stdout.write(f"{taken} {int(won)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    mode, root, name = sys.argv[1:]
    asyncio.run({"store": through_store, "bare": with_driver}[mode](Home(Path(root)), name))
