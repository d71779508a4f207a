"""What is measured with: throw-away homes, messages with real words in them, producers."""

import asyncio
import contextlib
import gc
import itertools
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from multibot.clock import SystemClock
from multibot.conversation.message import BotName, ChannelId, InboundMessage
from multibot.home import Home
from multibot.store.migrate import migrate

SAGE = BotName("sage")
FIRST_ID = 100_000_000_000_000_000
PEOPLE = 200
UNLIMITED = 1_000_000


@contextlib.contextmanager
def scratch_home() -> Iterator[Home]:
    """Make a home with an empty database, on the disk that TMPDIR names."""
    with tempfile.TemporaryDirectory(prefix="mb-") as folder:
        home = Home(Path(folder))
        migrate(home, SystemClock())
        yield home


def messages(count: int, texts: Sequence[str]) -> list[InboundMessage]:
    """Make messages of many people in one channel, a millisecond apart."""
    now = SystemClock().now()
    return [
        InboundMessage(
            message_id=str(FIRST_ID + number),
            channel_id=ChannelId("10"),
            channel_type="channel",
            channel_name="philosophy",
            guild_id="1",
            author_id=str(500 + number % PEOPLE),
            author_name="Ada",
            content=text,
            created_at=now + timedelta(milliseconds=number),
        )
        for number, text in zip(range(count), itertools.cycle(texts), strict=False)
    ]


async def rate(
    work: Sequence[InboundMessage],
    producers: int,
    write: Callable[[InboundMessage], Awaitable[object]],
) -> float:
    """Let so many producers share the work, each waiting for one write at a time; per second."""
    left = iter(work)
    # As `multibot run` does; what is measured with here is no work of the garbage collector either.
    gc.freeze()

    async def produce() -> None:
        for message in left:
            await write(message)

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(producers):
            group.create_task(produce())
    return len(work) / (time.perf_counter() - started)
