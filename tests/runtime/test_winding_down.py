"""An engine whose process ends: what waits is left to the next one, what runs may end."""

import asyncio

from multibot.conversation.message import InboundMessage
from multibot.home import Home
from tests.fakes import FakeClock
from tests.runtime.world import bot, cast, direct, finish, finish_some, rows


async def test_a_stopping_bot_begins_no_answer_that_waits_behind_another(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.responder.hold = asyncio.Event()
        tasks = [sage.arrive(direct(clock, str(number))) for number in range(3)]
        await finish_some(clock)
        sage.engine.wind_down()
        sage.responder.hold.set()
        await finish(clock, *tasks)
        assert sage.engine.busy == 0
        assert sage.delivery.texts == ["re: 0"]
        delivery = sage.delivery

    async with cast(home, clock, bot("sage"), delivery=delivery) as (sage,):
        assert sage.recovery.take_up() == 2
        await finish_some(clock)
        assert delivery.texts == ["re: 0", "re: 1", "re: 2"]


async def test_a_message_that_is_still_being_read_is_not_decided_with_its_connection_gone(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        said = direct(clock, "hello")
        connection = asyncio.Event()

        async def read() -> InboundMessage:
            await connection.wait()
            return said

        def arrive() -> "asyncio.Task[None]":
            return asyncio.create_task(
                sage.engine.arrive(read(), sage.engine.enter(said.channel_id, said.author_id))
            )

        tasks = [arrive()]
        await finish_some(clock)
        # One more has not made its first step when the end comes.
        tasks.append(arrive())
        await sage.engine.abandon()
        connection.set()
        await asyncio.wait(tasks)

        assert [task.cancelled() for task in tasks] == [True, True]
        assert sage.engine.busy == 0
        assert rows(home, "select * from inbox") == []
