"""How an answer is made and leaves: parts, failures, typing, sessions."""

import asyncio
from datetime import timedelta

from multibot.config.fleet import Storage
from multibot.home import Home
from multibot.runtime.delivery import FAILURE_NOTICE
from tests.fakes import FakeClock, settle
from tests.runtime.world import bot, cast, direct, finish, finish_some, message, rows


async def test_a_long_answer_is_sent_in_parts_and_only_the_first_replies(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", max_message_length=100)) as (sage,):
        sage.responder.text = "word " * 50
        await sage.hear(message(clock, message_id="7"))

        assert " ".join(sage.delivery.texts).split() == ["word"] * 50
        assert [each.first for each in sage.delivery.sent][:2] == [True, False]
        assert len({each.nonce for each in sage.delivery.sent}) == len(sage.delivery.sent)
        stored = rows(home, "select part from conversations where role = 'assistant' order by id")
        assert [row["part"] for row in stored] == list(range(len(sage.delivery.sent)))


async def test_a_model_that_fails_twice_is_forgiven(home: Home, clock: FakeClock) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.responder.failures = 2
        await sage.hear(direct(clock, "please"))

        assert sage.delivery.texts == ["re: please"]
        assert len(rows(home, "select * from conversations where role = 'user'")) == 1


async def test_a_model_that_fails_for_good_is_said_once_in_ten_minutes(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.responder.failures = 6
        await sage.hear(direct(clock, "one"))
        await sage.hear(direct(clock, "two"))
        await sage.hear(direct(clock, "three"))

        assert sage.delivery.texts == [FAILURE_NOTICE, "re: three"]
        states = rows(home, "select state, reason from inbox order by rowid")
        assert [row["state"] for row in states] == ["failed", "failed", "answered"]
        assert sage.pulse.status.last_error is not None


async def test_a_discord_that_refuses_marks_the_turn_failed(home: Home, clock: FakeClock) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.delivery.broken = True
        await sage.hear(direct(clock, "one"))
        sage.delivery.broken = False
        await sage.hear(direct(clock, "two"))

        assert sage.delivery.texts == ["re: two"]
        (failed,) = rows(home, "select detail from inbox where state = 'failed'")
        assert "403" in failed["detail"]


async def test_an_answer_takes_its_delay_and_types_meanwhile(home: Home, clock: FakeClock) -> None:
    async with cast(home, clock, bot("sage", response_delay=(5.0, 5.0))) as (sage,):
        task = sage.arrive(direct(clock))
        for _ in range(8):
            await clock.advance(0.5)
            await asyncio.wait({task}, timeout=0.01)
        assert sage.responder.prompts == []
        await finish(clock, task)

        assert sage.delivery.typed == 1
        assert sage.delivery.typing_now == 0


async def test_typing_can_be_switched_off(home: Home, clock: FakeClock) -> None:
    async with cast(home, clock, bot("sage", typing_indicator=False)) as (sage,):
        await sage.hear(direct(clock))

        assert sage.delivery.typed == 0
        assert len(sage.delivery.sent) == 1


async def test_a_claim_is_renewed_while_a_slow_answer_is_made(home: Home, clock: FakeClock) -> None:
    async with cast(home, clock, bot("sage"), bot("spark")) as (sage, spark):
        sage.responder.hold = asyncio.Event()
        shared = message(clock, message_id="8")
        task = sage.arrive(shared)
        await finish_some(clock)
        for _ in range(6):
            await clock.advance(4.9)
            await asyncio.wait({task}, timeout=0.02)
        (claim,) = rows(home, "select expires_at from message_claims")
        late = spark.arrive(shared)
        await finish(clock, late)
        sage.responder.hold.set()
        await finish(clock, task)

        assert claim["expires_at"] > "2026-01-01T12:01:00"
        assert spark.delivery.sent == []


async def test_channel_scope_is_one_session_for_all(home: Home, clock: FakeClock) -> None:
    shared = bot("sage", storage=Storage(session_scope="channel", session_gap=timedelta(hours=1)))
    async with cast(home, clock, shared) as (sage,):
        await sage.hear(message(clock, "one", author_id="500"))
        await sage.hear(message(clock, "two", author_id="501", author_name="Grace"))

        assert len(rows(home, "select * from sessions")) == 1
        assert sage.responder.prompts[-1].turns[0].content == "one"


async def test_nothing_is_kept_for_conversations_that_are_over(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        await sage.hear(direct(clock))
        await settle()

        assert sage.engine.busy == 0
