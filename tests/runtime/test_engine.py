"""What the engine does with human messages, over the real store."""

import asyncio
from datetime import timedelta

from multibot.config.fleet import Limits, Storage
from multibot.conversation.message import ChannelId
from multibot.home import Home
from multibot.runtime.engine import FAILURE_NOTICE, RATE_NOTICE
from tests.fakes import FakeClock, settle
from tests.runtime.world import bot, cast, direct, finish, message, rows


async def test_a_direct_message_is_answered_and_both_turns_are_stored(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        await sage.hear(direct(clock, "good evening", message_id="42"))

        assert sage.delivery.texts == ["re: good evening"]
        assert rows(home, "select role, content, username, channel_type from conversations") == [
            {"role": "user", "content": "good evening", "username": "Ada", "channel_type": "dm"},
            {
                "role": "assistant",
                "content": "re: good evening",
                "username": "Sage",
                "channel_type": "dm",
            },
        ]
        assert rows(home, "select state, reason, detail from inbox") == [
            {"state": "answered", "reason": "answered", "detail": "dm"}
        ]


async def test_the_same_message_twice_is_answered_once(home: Home, clock: FakeClock) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        twice = direct(clock)
        await finish(clock, sage.arrive(twice), sage.arrive(twice))

        assert len(sage.delivery.sent) == 1


async def test_a_message_in_a_foreign_channel_leaves_a_reason_and_no_content(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        await sage.hear(message(clock, "a secret", channel_name="kitchen"))

        assert sage.delivery.sent == []
        assert rows(home, "select state, reason, message from inbox") == [
            {"state": "declined", "reason": "pattern_mismatch", "message": None}
        ]


async def test_who_is_not_allowed_leaves_nothing(home: Home, clock: FakeClock) -> None:
    limited = bot("sage", limits=Limits(allowed_user_ids=frozenset({"1"})))
    async with cast(home, clock, limited) as (sage,):
        await sage.hear(direct(clock))

        assert sage.delivery.sent == []
        assert rows(home, "select * from inbox") == []


async def test_one_of_two_candidates_answers(home: Home, clock: FakeClock) -> None:
    async with cast(home, clock, bot("sage"), bot("spark")) as (sage, spark):
        for number in range(10):
            shared = message(clock, f"line {number}", author_id=str(600 + number))
            await finish(clock, sage.arrive(shared), spark.arrive(shared))

        assert len(sage.delivery.sent) + len(spark.delivery.sent) == 10
        lost = rows(home, "select detail, message from inbox where reason = 'claimed_by'")
        assert len(lost) == 10
        assert all(row["message"] is None for row in lost)


async def test_two_answers_per_message_means_both(home: Home, clock: FakeClock) -> None:
    pair = bot("sage", answers_per_message=2), bot("spark", answers_per_message=2)
    async with cast(home, clock, *pair) as (sage, spark):
        shared = message(clock)
        await finish(clock, sage.arrive(shared), spark.arrive(shared))

        assert len(sage.delivery.sent) == len(spark.delivery.sent) == 1


async def test_the_bot_that_answered_last_goes_on_with_the_user(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage"), bot("spark")) as (sage, spark):
        first = message(clock, f"<@{spark.pulse.status.user_id}> hello")
        await finish(clock, sage.arrive(first), spark.arrive(first))
        assert len(spark.delivery.sent) == 1
        for number in range(5):
            following = message(clock, f"and then {number}")
            await finish(clock, sage.arrive(following), spark.arrive(following))

        assert sage.delivery.sent == []
        assert len(spark.delivery.sent) == 6


async def test_a_dead_favourite_is_replaced(home: Home, clock: FakeClock) -> None:
    favourite, other = bot("sage", priority=9), bot("spark")
    async with cast(home, clock, favourite, other) as (_, spark):
        shared = message(clock)
        await spark.hear(shared)

        assert len(spark.delivery.sent) == 1


async def test_a_probability_below_one_makes_a_candidate_pass_with_its_roll(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", response_probability=0.0)) as (sage,):
        await sage.hear(message(clock))
        await sage.hear(direct(clock))

        assert len(sage.delivery.sent) == 1
        (passed,) = rows(home, "select reason, detail from inbox where state = 'declined'")
        assert passed["reason"] == "chance"
        assert passed["detail"].startswith("rolled 0.")


async def test_the_eleventh_message_in_a_minute_gets_one_notice(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage"), bot("spark")) as (sage, spark):
        for number in range(13):
            shared = message(clock, f"line {number}")
            await finish(clock, sage.arrive(shared), spark.arrive(shared))

        texts = sage.delivery.texts + spark.delivery.texts
        assert texts.count(RATE_NOTICE) == 1
        assert len(texts) == 11
        await clock.advance(61)
        await sage.hear(direct(clock, "later"))
        assert sage.delivery.texts[-1] == "re: later"


async def test_messages_of_one_session_are_answered_in_order(home: Home, clock: FakeClock) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.responder.hold = asyncio.Event()
        mine = [sage.arrive(direct(clock, f"line {number}")) for number in range(4)]
        await finish_some(clock)
        assert len(sage.responder.prompts) == 1

        other = sage.arrive(direct(clock, "me too", author_id="501", channel_id=ChannelId("78")))
        await finish_some(clock)
        assert len(sage.responder.prompts) == 2

        sage.responder.hold.set()
        await finish(clock, *mine, other)
        of_ada = [each.content for each in sage.delivery.sent if each.to.author_id == "500"]
        assert of_ada == [f"re: line {number}" for number in range(4)]


async def finish_some(clock: FakeClock) -> None:
    """Let what can happen, happen: a few rounds of the clock and the writer thread."""
    for _ in range(40):
        await clock.advance(0.05)
        await asyncio.wait({asyncio.get_running_loop().create_future()}, timeout=0.005)


async def test_a_third_turn_in_a_channel_waits_its_place(home: Home, clock: FakeClock) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        sage.responder.hold = asyncio.Event()
        tasks = [sage.arrive(message(clock, author_id=str(510 + n))) for n in range(3)]
        await finish_some(clock)
        assert len(sage.responder.prompts) == 2

        sage.responder.hold.set()
        await finish(clock, *tasks)
        assert len(sage.delivery.sent) == 3


async def test_the_model_sees_earlier_turns_and_the_current_message_once(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        await sage.hear(direct(clock, "one"))
        await clock.advance(30)
        await sage.hear(direct(clock, "two"))

        seen = [(turn.role, turn.content) for turn in sage.responder.prompts[-1].turns]
        assert seen == [("user", "one"), ("assistant", "re: one"), ("user", "two")]


async def test_memory_crosses_a_session_boundary_with_a_line_that_says_so(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        await sage.hear(direct(clock, "one"))
        await clock.advance(3 * 3600)
        await sage.hear(direct(clock, "two"))

        roles = [turn.role for turn in sage.responder.prompts[-1].turns]
        assert roles == ["user", "assistant", "system", "user"]
        assert len(rows(home, "select * from sessions")) == 2


async def test_a_dm_never_surfaces_in_a_channel(home: Home, clock: FakeClock) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        await sage.hear(direct(clock, "between us"))
        await sage.hear(message(clock, "in public"))

        assert [turn.content for turn in sage.responder.prompts[-1].turns] == ["in public"]


async def test_a_long_answer_is_sent_in_parts_and_only_the_first_replies(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", max_message_length=100)) as (sage,):
        sage.responder.text = "word " * 50
        await sage.hear(message(clock, message_id="7"))

        assert " ".join(sage.delivery.texts).split() == ["word"] * 50
        assert [each.first for each in sage.delivery.sent][:2] == [True, False]
        assert len({each.nonce for each in sage.delivery.sent}) == len(sage.delivery.sent)
        stored = rows(home, "select part from conversations where role = 'assistant'")
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
