"""Answers that are shown while they are made: one set of messages, whatever happens."""

import asyncio

from multibot.home import Home
from multibot.runtime.delivery import FAILURE_NOTICE
from tests.fakes import FakeClock
from tests.runtime.world import bot, cast, finish, finish_some, kill, message, rows, until

STREAMING = {"streaming": True, "max_message_length": 100}
WORDS = [f"word{number} " for number in range(40)]


async def test_an_answer_grows_by_edits_of_its_message(home: Home, clock: FakeClock) -> None:
    async with cast(home, clock, bot("sage", **STREAMING)) as (sage,):
        sage.responder.pieces = WORDS[:10]
        sage.responder.pace = 0.5
        await sage.hear(message(clock))

        assert sage.delivery.texts == ["".join(WORDS[:10]).strip()]
        assert 1 < len(sage.delivery.edits) < 6
        turns = rows(home, "select content, message_id from conversations where role = 'assistant'")
        (sent,) = sage.delivery.sent
        assert turns == [{"content": sent.content, "message_id": sent.sent_id}]


async def test_a_long_answer_grows_over_several_messages(home: Home, clock: FakeClock) -> None:
    async with cast(home, clock, bot("sage", **STREAMING)) as (sage,):
        sage.responder.pieces = WORDS
        sage.responder.pace = 0.5
        await sage.hear(message(clock))

        assert " ".join(sage.delivery.texts).split() == "".join(WORDS).split()
        assert len(sage.delivery.sent) == 3
        assert len({each.nonce for each in sage.delivery.sent}) == 3


async def test_killed_while_it_grows_the_same_messages_get_the_new_text(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", **STREAMING)) as (sage,):
        sage.responder.pieces = WORDS
        sage.responder.pace = 0.5
        delivery = sage.delivery
        task = sage.arrive(message(clock))
        await until(clock, lambda: len(delivery.sent) > 1)
        await finish_some(clock)
        grown = [each.sent_id for each in delivery.sent]
        assert len(grown) >= 2
        await kill(task)

    async with cast(home, clock, bot("sage", **STREAMING), delivery=delivery) as (sage,):
        sage.responder.text = "a short answer after all"
        sage.recovery.take_up()
        await finish_some(clock)

        assert delivery.texts == ["a short answer after all"]
        assert [each.sent_id for each in delivery.sent] == grown[:1]
        assert delivery.deleted == grown[1:]
        assert rows(home, "select content from conversations where role = 'assistant'") == [
            {"content": "a short answer after all"}
        ]
        assert rows(home, "select state from inbox") == [{"state": "answered"}]


async def test_killed_between_the_first_send_and_its_mark_the_beginning_is_found(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", **STREAMING)) as (sage,):
        sage.responder.pieces = WORDS[:10]
        sage.responder.pace = 0.5
        delivery = sage.delivery
        delivery.forgetful = True
        delivery.deaf = 1
        task = sage.arrive(message(clock))
        await until(clock, lambda: delivery.sent)
        await kill(task)

    async with cast(home, clock, bot("sage", **STREAMING), delivery=delivery) as (sage,):
        sage.responder.text = "the whole answer"
        sage.recovery.take_up()
        await finish_some(clock)

        assert delivery.texts == ["the whole answer"]


async def test_discord_away_while_it_grows_is_mended_at_the_end(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", **STREAMING)) as (sage,):
        sage.responder.pieces = WORDS[:10]
        sage.responder.pace = 0.5
        sage.delivery.away = 2
        await sage.hear(message(clock))

        assert sage.delivery.texts == ["".join(WORDS[:10]).strip()]


async def test_a_model_that_stops_half_way_starts_again_in_the_same_message(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", **STREAMING)) as (sage,):
        sage.responder.pieces = WORDS[:10]
        sage.responder.pace = 0.5
        sage.responder.breaks_after = 5
        await sage.hear(message(clock))

        assert sage.delivery.texts == ["".join(WORDS[:10]).strip()]


async def test_a_message_deleted_while_it_grows_is_not_said_again(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", **STREAMING)) as (sage,):
        sage.responder.pieces = WORDS[:10]
        sage.responder.pace = 0.5
        task = sage.arrive(message(clock))
        await until(clock, lambda: sage.delivery.sent)
        sage.delivery.gone.add(sage.delivery.sent.pop().sent_id)
        await finish(clock, task)

        assert sage.delivery.sent == []
        assert rows(home, "select state from inbox") == [{"state": "answered"}]


async def test_a_model_that_hangs_is_given_up_after_30_s_in_all(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", **STREAMING)) as (sage,):
        sage.responder.hold = asyncio.Event()
        await sage.hear(message(clock))

        assert 30 <= clock.monotonic() < 35
        assert sage.delivery.texts == [FAILURE_NOTICE]


async def test_a_long_answer_may_take_longer_as_long_as_it_grows(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", **STREAMING)) as (sage,):
        sage.responder.pieces = WORDS[:10]
        sage.responder.pace = 20.0
        await sage.hear(message(clock))

        assert clock.monotonic() >= 200
        assert sage.delivery.texts == ["".join(WORDS[:10]).strip()]
