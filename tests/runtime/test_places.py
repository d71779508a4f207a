"""Turns that wait for their place in a channel: in order, and cheaply."""

import asyncio

from multibot.config.fleet import Limits
from multibot.home import Home
from tests.fakes import FakeClock
from tests.runtime.world import bot, cast, finish, finish_some, message

WAITING = 40
SECONDS = 10


async def test_many_that_wait_in_one_channel_hardly_look(home: Home, clock: FakeClock) -> None:
    narrow = bot("sage", limits=Limits(max_concurrent_responses=1))
    async with cast(home, clock, narrow) as (sage,):
        sage.responder.hold = asyncio.Event()
        tasks = [
            sage.arrive(
                message(clock, f"<@900> {n}", author_id=f"6{n}", mentioned_ids=frozenset({"900"}))
            )
            for n in range(WAITING)
        ]
        await finish_some(clock)
        looks: list[str] = []
        sage.store.reader.set_trace_callback(looks.append)
        await clock.advance(SECONDS)
        sage.store.reader.set_trace_callback(None)
        count = sum("AS earlier" in each for each in looks)
        assert WAITING < count < WAITING * SECONDS * 3

        sage.responder.hold.set()
        await finish(clock, *tasks)
        assert sage.delivery.texts == [f"re: <@900> {n}" for n in range(WAITING)]
