"""`!debug`, as people type it."""

import logging

import pytest

from multibot.config.secret import Secret
from multibot.home import Home
from multibot.runtime.debug import REFUSAL, UNKNOWN
from tests.fakes import FakeClock
from tests.runtime.world import Cast, bot, cast, direct, finish, message, rows

ADMIN = "500"


async def ask(sage: Cast, clock: FakeClock, text: str) -> str:
    await sage.hear(direct(clock, text))
    return sage.delivery.texts[-1]


async def test_everybody_else_is_refused_politely(home: Home, clock: FakeClock) -> None:
    async with cast(home, clock, bot("sage", admins=frozenset({"1"}))) as (sage,):
        assert await ask(sage, clock, "!debug stats") == REFUSAL
        assert sage.responder.prompts == []


async def test_only_the_addressed_bot_answers(home: Home, clock: FakeClock) -> None:
    admins = frozenset({ADMIN})
    async with cast(home, clock, bot("sage", admins=admins), bot("spark", admins=admins)) as both:
        sage, spark = both
        to_nobody = message(clock, "!debug stats")
        to_spark = message(clock, "<@901> !debug stats", channel_name="kitchen")
        for each in (to_nobody, to_spark):
            await finish(clock, sage.arrive(each), spark.arrive(each))

        assert sage.delivery.sent == []
        assert len(spark.delivery.sent) == 1
        assert spark.responder.prompts == []


async def test_a_debug_command_leaves_no_turn_and_is_answered_once(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", admins=frozenset({ADMIN}))) as (sage,):
        twice = direct(clock, "!debug help")
        await finish(clock, sage.arrive(twice), sage.arrive(twice))

        assert len(sage.delivery.sent) == 1
        assert "!debug stats" in sage.delivery.texts[0]
        assert rows(home, "select * from conversations") == []


async def test_stats_message_and_bots_tell_what_the_ledger_holds(
    home: Home, clock: FakeClock
) -> None:
    async with cast(home, clock, bot("sage", admins=frozenset({ADMIN}))) as (sage,):
        await sage.hear(message(clock, message_id="99"))
        await sage.hear(message(clock, channel_name="kitchen", message_id="98"))

        stats = await ask(sage, clock, "!debug stats")
        assert "answered (answered) 1" in stats
        assert "declined (pattern_mismatch) 1" in stats
        assert await ask(sage, clock, "!debug message 99") == (
            "sage: answered, answered (pattern philosophy)"
        )
        assert "No information found" in await ask(sage, clock, "!debug message 1")
        assert (await ask(sage, clock, "!debug bots")).startswith("sage: ready, pid ")


async def test_duplicates_are_found_in_the_ledger(home: Home, clock: FakeClock) -> None:
    pair = (
        bot("sage", admins=frozenset({ADMIN}), answers_per_message=2),
        bot("spark", answers_per_message=2),
    )
    async with cast(home, clock, *pair) as (sage, spark):
        assert await ask(sage, clock, "!debug duplicates") == "No duplicate responses detected."
        shared = message(clock, message_id="97")
        await finish(clock, sage.arrive(shared), spark.arrive(shared))

        assert await ask(sage, clock, "!debug duplicates") == "`97` answered by sage, spark"


async def test_the_token_is_a_fingerprint(home: Home, clock: FakeClock) -> None:
    token = Secret("sandbox-token-one")
    async with cast(home, clock, bot("sage", admins=frozenset({ADMIN}), token=token)) as (sage,):
        told = await ask(sage, clock, "!debug token")

        assert token.fingerprint() in told
        assert "sandbox-token-one" not in told


async def test_levels_are_set_and_read(home: Home, clock: FakeClock) -> None:
    before = logging.getLogger("multibot.runtime").level
    try:
        async with cast(home, clock, bot("sage", admins=frozenset({ADMIN}))) as (sage,):
            told = await ask(sage, clock, "!debug level warning multibot.runtime")
            assert told == "`multibot.runtime` is at WARNING."
            assert logging.getLogger("multibot.runtime").level == logging.WARNING
            assert "`multibot.runtime` WARNING" in await ask(sage, clock, "!debug loggers")
            assert "Invalid level: LOUD" in await ask(sage, clock, "!debug level loud")
            assert "whole messages" in await ask(sage, clock, "!debug level debug discord")
    finally:
        logging.getLogger("multibot.runtime").setLevel(before)


@pytest.mark.parametrize("text", ["!debug dance", "!debug message", "!debug trace maybe"])
async def test_anything_else_gets_a_hint(home: Home, clock: FakeClock, text: str) -> None:
    async with cast(home, clock, bot("sage", admins=frozenset({ADMIN}))) as (sage,):
        assert await ask(sage, clock, text) == UNKNOWN


async def test_trace_is_a_switch(home: Home, clock: FakeClock) -> None:
    async with cast(home, clock, bot("sage", admins=frozenset({ADMIN}))) as (sage,):
        assert await ask(sage, clock, "!debug trace on") == "Trace is on."
        assert "trace on" in await ask(sage, clock, "!debug stats")
        assert await ask(sage, clock, "!debug trace off") == "Trace is off."
