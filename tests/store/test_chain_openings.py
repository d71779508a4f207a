"""Conversations that a bot begins on purpose, and posts that nobody asked for."""

import pytest

from multibot.conversation.addressing import Reason
from multibot.conversation.ruling import Outcome
from multibot.home import Home
from multibot.store.chains import Opening
from tests.store.conftest import OpenBot
from tests.store.material import SAGE, SPARK, rows
from tests.store.talk import BOTS, LOGIC, Talk


async def test_a_conversation_begun_on_purpose_is_message_one(home: Home, talk: Talk) -> None:
    opening = Opening(place=talk.place, turn="opener:1:7", partner=SPARK)
    asked = await talk.chains().open(opening, talk.rules)
    assert (asked.outcome, asked.chain, asked.number) == (Outcome.ANSWER, 1, 1)
    again = await talk.chains(LOGIC).open(
        Opening(place=talk.place, turn="opener:1:8", partner=SPARK), talk.rules
    )
    assert again.reason is Reason.CHAIN_LIMIT

    said = talk.write(SAGE)
    found = await talk.ask(SAGE, SPARK, said=said, roll=0.99)
    await talk.sent(SAGE, said, turn=opening.turn)
    assert (found.outcome, found.number) == (Outcome.ANSWER, 2)
    exchange = talk.exchange
    assert (exchange.message_count, exchange.pending, exchange.bot_turns) == (1, 0, 1)
    assert rows(home.database, "SELECT first_bot, second_bot FROM pair_cooldowns") == [
        ("sage", "spark")
    ]


@pytest.mark.parametrize(("minutes", "free"), [(59.99, False), (60, True)])
async def test_a_pair_begins_again_after_its_cooldown(
    open_bot: OpenBot,
    talk: Talk,
    minutes: float,
    free: bool,  # noqa: FBT001
) -> None:
    """In whatever channel, whoever of the two begins, and after a restart too."""
    await talk.chains().open(Opening(place=talk.place, turn="a", partner=SPARK), talk.rules)
    talk.clock.tick(60 * minutes)
    elsewhere = Talk({bot: open_bot(bot) for bot in BOTS}, talk.clock, channel="11")
    asked = await elsewhere.chains(SPARK).open(
        Opening(place=elsewhere.place, turn="b", partner=SAGE), talk.rules
    )

    assert (asked.outcome is Outcome.ANSWER) is free
    if not free:
        assert (asked.reason, asked.detail) == (Reason.COOLDOWN, "sage and spark: 0:01 left")
        assert list(elsewhere.chains(SPARK).paired()) == [SAGE]
        assert not elsewhere.chains(LOGIC).paired()


async def test_an_opener_that_is_never_sent_leaves_nothing(home: Home, talk: Talk) -> None:
    opening = Opening(place=talk.place, turn="a", partner=SPARK)
    await talk.chains().open(opening, talk.rules)
    await talk.chains().withdraw(talk.place, "a", talk.rules)

    assert not talk.exchange.is_alive
    assert talk.exchange.bot_turns == 0
    assert rows(home.database, "SELECT count(*) FROM pair_cooldowns") == [(0,)]
    assert (await talk.chains().open(opening, talk.rules)).outcome is Outcome.ANSWER


async def test_posts_are_counted_like_all_that_bots_say(talk: Talk) -> None:
    for number in range(20):
        asked = await talk.chains().post(talk.place, f"post:{number}", talk.rules)
        assert asked.outcome is Outcome.ANSWER
        await talk.sent(SAGE, talk.write(SAGE), turn=f"post:{number}")
    over = await talk.chains(LOGIC).post(talk.place, "post:20", talk.rules)
    assert over.reason is Reason.CHAIN_LIMIT
    again = await talk.chains().post(talk.place, "post:19", talk.rules)
    assert again.outcome is Outcome.ANSWER
    assert talk.exchange.bot_turns == 20

    await talk.person()
    assert (await talk.chains().post(talk.place, "post:21", talk.rules)).outcome == "answer"
