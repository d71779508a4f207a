"""Processes that write as fast as they can for a while; `crowding.py` reads them.

`python -m tests.benchmarks.writers MODE HOME PROCESSES PRODUCERS SECONDS` imports everything once and
forks. Prints a line of JSON: for each process, how many ms each of its writes took.
"""

import asyncio
import itertools
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from multibot.clock import SystemClock, to_text
from multibot.conversation.message import BotName, ChannelId, InboundMessage
from multibot.conversation.session import SessionRules
from multibot.home import Home
from multibot.store import connection
from multibot.store.driver import sqlite
from multibot.store.stores import open_store
from tests.benchmarks.material import FIRST_ID

# By then each process has opened the file.
HEAD_START_SECONDS = 0.04
RULES = SessionRules()
TEXT = "if you think it is the driver, what does lspci say of the card?"
BARE = """
INSERT INTO conversations
    (bot_name, channel_id, channel_name, channel_type, user_id, username, session_id, message_id,
     role, content, timestamp)
VALUES (?, '10', 'philosophy', 'channel', ?, 'Ada', 's', ?, 'user', ?, ?)
"""

Write = Callable[[int], Awaitable[object]]


async def through_store(
    home: Home, bot: str, producers: int, start: float, end: float
) -> list[float]:
    """Store turns as a bot does."""
    store = open_store(home, BotName(bot), SystemClock())
    try:
        return await _write(lambda n: store.ledger.begin(_message(n), RULES), producers, start, end)
    finally:
        await store.close()


async def with_driver(
    home: Home, bot: str, producers: int, start: float, end: float
) -> list[float]:
    """Store turns with one statement each, as a script would."""
    writer = connection.open_writer(home.database)

    async def write(number: int) -> None:
        at = to_text(SystemClock().now())
        row = (bot, str(number % 50), str(FIRST_ID + number), TEXT, at)
        # It is told that the file is busy once the busy timeout is over; a script would try again.
        while not _done(writer, row):
            pass

    try:
        return await _write(write, producers, start, end)
    finally:
        writer.close()


def _done(writer: sqlite.Connection, row: tuple[str, ...]) -> bool:
    try:
        writer.execute(BARE, row)
    except sqlite.OperationalError:
        return False
    return True


async def _write(write: Write, producers: int, start: float, end: float) -> list[float]:
    numbers = itertools.count()
    taken: list[float] = []

    async def produce() -> None:
        while (began := time.monotonic()) < end:
            await write(next(numbers))
            taken.append((time.monotonic() - began) * 1000)

    await asyncio.sleep(start - time.monotonic())
    async with asyncio.TaskGroup() as group:
        for _ in range(producers):
            group.create_task(produce())
    return taken


def _message(number: int) -> InboundMessage:
    return InboundMessage(
        message_id=str(FIRST_ID + number),
        channel_id=ChannelId("10"),
        channel_type="channel",
        channel_name="philosophy",
        guild_id="1",
        author_id=str(number % 50),
        author_name="Ada",
        content=TEXT,
        created_at=SystemClock().now(),
    )


def main(mode: str, root: str, processes: str, producers: str, seconds: str) -> None:
    """Fork, wait for all, and print how long their writes took."""
    work = {"store": through_store, "bare": with_driver}[mode]
    start = time.monotonic() + HEAD_START_SECONDS * (int(processes) + 1)
    pipes = []
    for number in range(int(processes)):
        outlet, inlet = os.pipe()
        if os.fork() == 0:
            try:
                end = start + float(seconds)
                bot = f"bot-{number:02}"
                taken = asyncio.run(work(Home(Path(root)), bot, int(producers), start, end))
                with os.fdopen(inlet, "w") as file:
                    json.dump(taken, file)
            finally:
                os._exit(0)
        os.close(inlet)
        pipes.append(outlet)
    json.dump([json.load(os.fdopen(pipe)) for pipe in pipes], sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
