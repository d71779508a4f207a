"""A process that ends anywhere: the next one answers what is left, once."""

import asyncio

import pytest

from multibot.home import Home
from tests.fakes import FakeClock
from tests.runtime.doubles import FakeDelivery
from tests.runtime.world import (
    Cast,
    bot,
    cast,
    direct,
    finish,
    finish_some,
    kill,
    message,
    rows,
)

LONG = " ".join(f"word{number}" for number in range(40))


async def take_up(member: Cast) -> int:
    count = member.recovery.take_up()
    await finish_some(member.clock)
    return count


async def test_a_message_stored_and_not_begun_is_answered(home: Home, clock: FakeClock) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.responder.hold = asyncio.Event()
        task = sage.arrive(direct(clock, "one"))
        queued = sage.arrive(direct(clock, "two"))
        await finish_some(clock)
        await kill(task, queued)
        delivery = sage.delivery

    async with cast(home, clock, bot("sage"), delivery=delivery) as (sage,):
        assert await take_up(sage) == 2
        assert delivery.texts == ["re: one", "re: two"]
        assert await take_up(sage) == 0


async def test_turns_abandoned_by_an_ending_process_are_answered_by_the_next(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", response_delay=(5.0, 5.0))) as (sage,):
        tasks = [sage.arrive(direct(clock, text)) for text in ("one", "two")]
        await finish_some(clock)
        await sage.engine.abandon()
        assert all(task.cancelled() for task in tasks)
        assert sage.engine.busy == 0
        delivery = sage.delivery
        # What the process closes now is nobody's failure any more.
        delivery.broken = True
        await finish_some(clock, rounds=200)
        delivery.broken = False

    async with cast(home, clock, bot("sage"), delivery=delivery) as (sage,):
        assert await take_up(sage) == 2
        assert delivery.texts == ["re: one", "re: two"]


@pytest.mark.parametrize("forgetful", [False, True], ids=["nonces", "nonces forgotten"])
@pytest.mark.parametrize("private", [False, True], ids=["guild", "dm"])
async def test_killed_between_send_and_mark_nothing_is_said_twice(
    home: Home, clock: FakeClock, *, forgetful: bool, private: bool
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        delivery = sage.delivery
        delivery.forgetful = forgetful
        delivery.deaf = 1
        task = sage.arrive(direct(clock, "one") if private else message(clock, "one"))
        await finish_some(clock)
        assert delivery.texts == ["re: one"]
        await kill(task)

    async with cast(home, clock, bot("sage"), delivery=delivery) as (sage,):
        await clock.advance(200)
        assert await take_up(sage) == 1
        assert delivery.texts == ["re: one"]
        (turn,) = rows(home, "select message_id from conversations where role = 'assistant'")
        assert turn["message_id"] == delivery.sent[0].sent_id
        assert rows(home, "select state from inbox") == [{"state": "answered"}]


async def test_the_same_text_said_before_is_not_taken_for_the_answer(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.responder.text = "Good day."
        delivery = sage.delivery
        await sage.hear(direct(clock, "hello"))
        delivery.away = 100
        task = sage.arrive(direct(clock, "hello again"))
        await finish_some(clock)
        await kill(task)
        delivery.away = 0

    async with cast(home, clock, bot("sage"), delivery=delivery) as (sage,):
        await take_up(sage)
        assert delivery.texts == ["Good day.", "Good day."]


async def test_a_half_sent_answer_goes_on_with_the_missing_parts(
    home: Home, clock: FakeClock
) -> None:
    small = bot("sage", max_message_length=100)
    async with cast(home, clock, small) as (sage,):
        sage.responder.text = LONG
        delivery = sage.delivery
        delivery.deaf = 1
        task = sage.arrive(message(clock, "one"))
        await finish_some(clock)
        await kill(task)
        assert len(delivery.sent) == 1

    async with cast(home, clock, small, delivery=delivery) as (sage,):
        sage.responder.text = "another text altogether"
        await take_up(sage)
        assert " ".join(delivery.texts) == LONG
        assert [each.first for each in delivery.sent] == [True, False, False]


async def test_discord_away_for_one_message_does_not_hold_up_another_channel(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.delivery.away = 1
        task = sage.arrive(direct(clock, "one"))
        await finish_some(clock)
        elsewhere = sage.arrive(direct(clock, "two", author_id="501", channel_id="78"))
        await finish_some(clock)
        assert elsewhere.done()
        assert sage.delivery.texts == ["re: two"]

        await finish(clock, task)
        assert sage.delivery.texts == ["re: two", "re: one"]


async def test_the_waits_for_discord_grow(home: Home, clock: FakeClock) -> None:
    """5 s, 25 s and 2 min, each give or take a fifth."""
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.delivery.away = 3
        started = clock.monotonic()
        await sage.hear(direct(clock, "one"))

        assert sage.delivery.texts == ["re: one"]
        assert 150 * 0.8 <= clock.monotonic() - started <= 150 * 1.2 + 60


async def test_an_answer_lost_on_its_way_back_is_found_by_the_same_process(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.delivery.deaf = 1
        sage.delivery.forgetful = True
        await sage.hear(message(clock, "one"))

        assert sage.delivery.texts == ["re: one"]
        assert rows(home, "select state from inbox") == [{"state": "answered"}]


async def test_discord_away_for_good_fails_the_turn(home: Home, clock: FakeClock) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.delivery.away = 1000
        await sage.hear(direct(clock, "one"))

        (row,) = rows(home, "select state, detail from inbox")
        assert row["state"] == "failed"
        assert "503" in row["detail"]


async def test_what_is_too_old_to_begin_is_marked_expired(home: Home, clock: FakeClock) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.responder.hold = asyncio.Event()
        task = sage.arrive(direct(clock, "one"))
        await finish_some(clock)
        await kill(task)
        delivery = sage.delivery
    await clock.advance(601)

    async with cast(home, clock, bot("sage"), delivery=delivery) as (sage,):
        await take_up(sage)
        assert delivery.sent == []
        (row,) = rows(home, "select state, reason from inbox")
        assert row == {"state": "expired", "reason": "expired"}


async def test_a_dead_holders_message_is_taken_over_by_the_next(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", priority=1), bot("spark")) as (sage, spark):
        sage.responder.hold = asyncio.Event()
        shared = message(clock, "anyone?")
        tasks = [sage.arrive(shared), spark.arrive(shared)]
        await finish_some(clock)
        await kill(tasks[0])
        spark.delivery.messages[shared.message_id] = shared
        sweeping = asyncio.create_task(spark.recovery.run())
        await clock.advance(50)
        await finish_some(clock)
        assert spark.delivery.sent == []

        await clock.advance(30)
        await finish_some(clock)
        await kill(sweeping)
        assert spark.delivery.texts == ["re: anyone?"]

        # The first one comes back: its message is not its own any more.
        await take_up(sage)
        assert sage.delivery.sent == []


async def test_a_dead_holder_that_had_begun_to_send_keeps_its_message(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", priority=1), bot("spark")) as (sage, spark):
        sage.delivery.deaf = 1
        shared = message(clock, "anyone?")
        tasks = [sage.arrive(shared), spark.arrive(shared)]
        await finish_some(clock)
        await kill(tasks[0])
        spark.delivery.messages[shared.message_id] = shared
        sweeping = asyncio.create_task(spark.recovery.run())
        await clock.advance(200)
        await finish_some(clock)
        await kill(sweeping)
        assert spark.delivery.sent == []

        await take_up(sage)
        assert sage.delivery.texts == ["re: anyone?"]


async def test_a_bug_marks_the_turn_failed_and_comes_once(home: Home, clock: FakeClock) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.delivery = FakeDelivery(clock)
        sage.responder.bug = True
        with pytest.raises(ZeroDivisionError):
            await sage.hear(direct(clock, "one"))
        sage.responder.bug = False
        await sage.hear(direct(clock, "two"))

        assert await take_up(sage) == 0
        states = rows(home, "select state from inbox order by id")
        assert [row["state"] for row in states] == ["failed", "answered"]
        assert rows(home, "select * from channel_turns") == []
