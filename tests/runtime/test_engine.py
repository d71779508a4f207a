"""What the engine does with human messages, over the real store."""

import asyncio

from multibot.config.fleet import Limits
from multibot.conversation.message import ChannelId
from multibot.home import Home
from multibot.runtime.delivery import RATE_NOTICE
from tests.fakes import FakeClock
from tests.runtime.world import bot, cast, direct, finish, finish_some, message, rows


async def test_a_direct_message_is_answered_and_both_turns_are_stored(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage")) as (sage,):
        await sage.hear(direct(clock, "good evening", message_id="42"))

        assert sage.delivery.texts == ["re: good evening"]
        assert rows(
            home, "select role, content, username, channel_type from conversations order by id"
        ) == [
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


async def test_a_third_turn_in_a_channel_waits_its_place_whichever_bots_make_them(
    home: Home, clock: FakeClock
) -> None:
    pair = bot("sage", answers_per_message=2), bot("spark", answers_per_message=2)
    async with cast(home, clock, *pair) as (sage, spark):
        sage.responder.hold = spark.responder.hold = asyncio.Event()
        shared = [message(clock, author_id=str(510 + number)) for number in range(2)]
        tasks = [each.arrive(said) for said in shared for each in (sage, spark)]
        await finish_some(clock)
        assert len(sage.responder.prompts) + len(spark.responder.prompts) == 2

        elsewhere = sage.arrive(direct(clock))
        await finish_some(clock)
        assert len(sage.responder.prompts) + len(spark.responder.prompts) == 3

        sage.responder.hold.set()
        await finish(clock, *tasks, elsewhere)
        assert len(sage.delivery.sent) + len(spark.delivery.sent) == 5
        assert rows(home, "select * from channel_turns") == []


async def test_places_of_a_killed_process_do_not_block_the_channel(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage"), bot("spark")) as (sage, spark):
        rules = sage.engine.session_rules
        for number in range(2):
            await sage.store.ledger.begin(message(clock, author_id=str(510 + number)), rules)
        task = spark.arrive(message(clock, "<@901> hello"))
        await finish_some(clock)
        assert spark.responder.prompts == []

        await sage.store.ledger.leave_turns()
        await finish(clock, task)
        assert len(spark.delivery.sent) == 1


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
