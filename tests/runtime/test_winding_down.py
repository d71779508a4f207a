"""An engine whose process ends: what waits is left to the next one, what runs may end."""

import asyncio

import pytest

from multibot.config.fleet import Limits
from multibot.conversation.message import InboundMessage
from multibot.home import Home
from tests.fakes import FakeClock
from tests.runtime.world import bot, cast, direct, finish, finish_some, message, rows, until


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


async def test_a_stopping_bot_begins_no_answer_that_waits_for_its_place(
    home: Home, clock: FakeClock
) -> None:
    one_at_a_time = bot("sage", limits=Limits(max_concurrent_responses=1))
    async with cast(home, clock, one_at_a_time) as (sage,):
        sage.responder.hold = asyncio.Event()
        said = [message(clock, author_id=str(number)) for number in range(3)]
        tasks = [sage.arrive(each) for each in said]
        await finish_some(clock)
        assert len(sage.responder.prompts) == 1
        sage.engine.wind_down()
        await finish_some(clock)
        assert sage.engine.busy == 1
        sage.responder.hold.set()
        await finish(clock, *tasks)
        assert len(sage.responder.prompts) == 1
        delivery = sage.delivery

    async with cast(home, clock, one_at_a_time, delivery=delivery) as (sage,):
        await sage.engine.prepare()
        assert sage.recovery.take_up() == 2
        await finish_some(clock)
        assert {each.to.message_id for each in delivery.sent} == {each.message_id for each in said}
        assert len(delivery.sent) == 3


@pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streamed"])
async def test_a_stopping_bot_begins_no_answer_that_it_takes_its_time_with(
    home: Home, clock: FakeClock, *, streaming: bool
) -> None:
    slow = bot("sage", streaming=streaming, response_delay=(5.0, 5.0))
    async with cast(home, clock, slow) as (sage,):
        tasks = [sage.arrive(direct(clock, "hello"))]
        await finish_some(clock)
        assert sage.engine.busy == 1
        asked_at = clock.monotonic()
        sage.engine.wind_down()
        await finish(clock, *tasks)
        # Nor does the process wait for it.
        assert clock.monotonic() - asked_at < 1
        assert sage.responder.prompts == []
        delivery = sage.delivery

    async with cast(home, clock, slow, delivery=delivery) as (sage,):
        assert sage.recovery.take_up() == 1
        await until(clock, lambda: delivery.texts == ["re: hello"])


async def test_a_stopping_bot_leaves_to_others_what_it_has_not_claimed(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", priority=1), bot("spark")) as (sage, spark):
        sage.engine.wind_down()
        both = message(clock, "hello")
        await finish(clock, sage.arrive(both), spark.arrive(both))
        assert (sage.delivery.texts, spark.delivery.texts) == ([], ["re: hello"])


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
