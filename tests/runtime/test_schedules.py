"""Exact schedules that once went wrong: each message is answered once, whole, by one bot."""

import asyncio

from multibot.config.fleet import Limits
from multibot.home import Home
from multibot.runtime.delivery import FAILURE_NOTICE
from tests.fakes import FakeClock
from tests.runtime.world import (
    bot,
    cast,
    direct,
    finish,
    finish_some,
    kill,
    message,
    rows,
    until,
)

STREAMING = {"streaming": True, "max_message_length": 100}
WORDS = [f"word{number} " for number in range(30)]


async def test_an_event_that_comes_again_while_the_model_works_starts_nothing(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.responder.hold = asyncio.Event()
        said = direct(clock, "one")
        first = sage.arrive(said)
        await finish_some(clock)
        await finish(clock, sage.arrive(said))
        sage.recovery.take_up()
        await finish_some(clock)
        sage.responder.hold.set()
        await finish(clock, first)
        await finish_some(clock)

        assert len(sage.responder.prompts) == 1
        assert sage.delivery.texts == ["re: one"]


async def test_a_list_of_unfinished_messages_read_too_early_starts_nothing(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.responder.hold = asyncio.Event()
        said = direct(clock, "one")
        task = sage.arrive(said)
        await finish_some(clock)
        left = sage.store.ledger.left(said.message_id)
        assert left is not None
        sage.responder.hold.set()
        await finish(clock, task)
        ticket = sage.engine.enter(said.channel_id, said.author_id)
        await finish(clock, asyncio.create_task(sage.engine.resume(left, ticket)))

        assert sage.delivery.texts == ["re: one"]


async def test_a_growing_answer_whose_first_send_got_lost_ends_whole(
    home: Home, clock: FakeClock
) -> None:
    """Whether Discord remembers the nonce or not."""
    for forgetful in (False, True):
        async with cast(home, clock, bot("sage", **STREAMING)) as (sage,):
            sage.responder.pieces = ["Hello", " world", ", all of it"]
            sage.delivery.deaf = 1
            sage.delivery.forgetful = forgetful
            await sage.hear(message(clock))

            assert sage.delivery.texts == ["Hello world, all of it"]


async def test_killed_after_a_lost_send_and_more_growth_there_is_one_message(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", **STREAMING)) as (sage,):
        sage.responder.pieces = WORDS[:10]
        sage.responder.pace = 2.0
        delivery = sage.delivery
        delivery.forgetful = True
        delivery.deaf = 1
        task = sage.arrive(message(clock))
        await until(clock, lambda: delivery.sent)
        delivery.away = 1
        await clock.advance(2.1)
        await finish_some(clock)
        await kill(task)
        delivery.away = 0

    async with cast(home, clock, bot("sage", **STREAMING), delivery=delivery) as (sage,):
        await clock.advance(200)
        sage.responder.text = "the whole answer"
        sage.recovery.take_up()
        await finish_some(clock)

        assert delivery.texts == ["the whole answer"]


async def test_a_lost_edit_is_made_again_even_when_the_text_went_back(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", **STREAMING)) as (sage,):
        sage.responder.pieces = ["Yes.", " But", " no"]
        sage.responder.pace = 2.0
        sage.responder.breaks_after = 2
        sage.delivery.deaf_edits = 1
        await sage.hear(message(clock))

        assert sage.delivery.texts == ["Yes. But no"]


async def test_a_model_that_fails_for_good_half_way_ends_what_stands(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", **STREAMING)) as (sage,):
        sage.responder.pieces = WORDS[:4]
        sage.responder.pace = 2.0
        sage.responder.always_breaks_after = 2
        await sage.hear(message(clock))

        (text,) = sage.delivery.texts
        assert text.endswith(FAILURE_NOTICE)
        (stored,) = rows(home, "select content from conversations where role = 'assistant'")
        assert stored["content"] == text
        assert rows(home, "select state from inbox") == [{"state": "failed"}]


async def test_a_bot_that_may_not_speak_leaves_the_message_to_the_next(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", priority=1), bot("spark")) as (sage, spark):
        sage.delivery.broken = True
        shared = message(clock, "anyone?")
        spark.delivery.messages[shared.message_id] = shared
        await finish(clock, sage.arrive(shared), spark.arrive(shared))
        sweeping = asyncio.create_task(spark.recovery.run())
        await clock.advance(11)
        await finish_some(clock)
        await kill(sweeping)
        assert spark.delivery.texts == ["re: anyone?"]

        following = message(clock, "and now?", author_id="501")
        await finish(clock, sage.arrive(following), spark.arrive(following))
        assert spark.delivery.texts == ["re: anyone?", "re: and now?"]


async def test_a_message_whose_holder_died_long_ago_is_not_answered_late(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", priority=1), bot("spark")) as (sage, spark):
        sage.responder.hold = asyncio.Event()
        shared = message(clock, "anyone?")
        spark.delivery.messages[shared.message_id] = shared
        tasks = [sage.arrive(shared), spark.arrive(shared)]
        await finish_some(clock)
        await kill(*tasks)
        await clock.advance(3 * 24 * 3600)
        sweeping = asyncio.create_task(spark.recovery.run())
        await clock.advance(11)
        await finish_some(clock)
        await kill(sweeping)

        assert spark.delivery.sent == []
        assert spark.store.ledger.orphaned() == ()


async def test_a_staged_answer_that_never_left_is_not_sent_days_later(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.delivery.away = 1000
        task = sage.arrive(direct(clock, "one"))
        await finish_some(clock)
        await kill(task)
        delivery = sage.delivery
        delivery.away = 0
    await clock.advance(3 * 24 * 3600)

    async with cast(home, clock, bot("sage"), delivery=delivery) as (sage,):
        sage.recovery.take_up()
        await finish_some(clock)
        assert delivery.sent == []
        assert rows(home, "select state from inbox") == [{"state": "expired"}]


async def test_a_turn_that_waits_for_discord_holds_up_nobody_elses(
    home: Home, clock: FakeClock
) -> None:
    narrow = {"limits": Limits(max_concurrent_responses=1)}
    async with cast(home, clock, bot("sage", **narrow), bot("spark", **narrow)) as (sage, spark):
        sage.delivery.away = 3
        stuck = sage.arrive(message(clock, "<@900> one"))
        await finish_some(clock)
        other = spark.arrive(message(clock, "<@901> two", author_id="501"))
        await finish_some(clock)

        assert other.done()
        await kill(stuck)


async def test_an_order_survives_a_store_that_is_away_for_a_moment(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.delivery.store_trouble = 1
        tasks = [sage.arrive(direct(clock, "one")), sage.arrive(direct(clock, "two"))]
        await finish(clock, *tasks)

        assert sage.delivery.texts == ["re: one", "re: two"]
