"""Bots that talk with each other over the shared file: the whole way, by the rules of the original."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from multibot.clock import to_text
from multibot.conversation.addressing import Reason
from multibot.conversation.chain import Phase
from multibot.conversation.ruling import How, Outcome, Ruling
from multibot.home import Home
from multibot.store.exchanges import Place
from tests.fakes import FakeClock
from tests.store.conftest import OpenBot
from tests.store.material import SAGE, SPARK, rows
from tests.store.talk import BOTS, BRISK, LOGIC, Stores, Talk

MINUTES_5 = timedelta(minutes=5)


def reasons(rulings: list[Ruling]) -> list[str]:
    return [each.reason.value for each in rulings]


async def test_a_mention_is_answered_and_both_messages_count(home: Home, talk: Talk) -> None:
    given = await talk.ask(SAGE, SPARK)
    await talk.answer(SPARK, talk.last, given)

    assert (given.outcome, given.number) == (Outcome.ANSWER, 2)
    ((channel, count, last, participants),) = rows(
        home.database, "SELECT channel_id, message_count, last_bot, participants FROM chains"
    )
    assert (channel, count, last, participants) == ("10", 2, "spark", '["sage","spark"]')


async def test_who_is_not_spoken_to_does_not_answer_and_keeps_no_text(
    home: Home, talk: Talk
) -> None:
    await talk.say(SAGE, SPARK)

    assert rows(
        home.database,
        "SELECT bot_name, decision, state, reason, detail, message IS NULL FROM inbox ORDER BY 1",
    ) == [
        ("logic", "no", "declined", "not_addressed", "addressed to spark", 1),
        (
            "spark",
            "candidate",
            "claimed",
            "answered",
            "mention from sage, rolled 0.000, answers below 0.70, message 2 of 5",
            0,
        ),
    ]


async def test_five_messages_then_the_cooldown_for_every_process(home: Home, talk: Talk) -> None:
    rulings = await talk.exchange_of_answers(SAGE, SPARK)

    assert reasons(rulings) == ["answered"] * 4 + ["cooldown"]
    assert [each.phase for each in rulings[:4]] == [
        Phase.OPEN,
        Phase.GOING,
        Phase.CLOSING,
        Phase.LAST,
    ]
    end = talk.clock.now() + timedelta(minutes=10)
    assert rows(home.database, "SELECT * FROM channel_cooldowns") == [
        ("10", to_text(talk.clock.now()), to_text(end), "limit")
    ]
    other = await talk.ask(SPARK, LOGIC)
    assert (other.reason, other.detail) == (Reason.COOLDOWN, "10:00 left")


@pytest.mark.parametrize("minutes", [10, 5])
async def test_a_channel_is_free_at_exactly_the_end(
    stores: Stores, clock: FakeClock, minutes: int
) -> None:
    rules = replace(BRISK, cooldown=timedelta(minutes=minutes))
    talk = Talk(stores, clock, rules)
    elsewhere = Talk(stores, clock, rules, channel="11")
    await talk.exchange_of_answers(SAGE, SPARK)

    clock.tick(60 * minutes - 1)
    blocked = await talk.ask(SAGE, SPARK)
    free = await elsewhere.ask(SAGE, SPARK)
    clock.tick(1)
    open_again = await talk.ask(SAGE, SPARK)
    assert (blocked.reason, blocked.detail) == (Reason.COOLDOWN, "0:01 left")
    assert (free.outcome, open_again.outcome) == (Outcome.ANSWER, Outcome.ANSWER)
    assert (open_again.chain, open_again.number) == (2, 2)


async def test_three_channels_of_three_guilds_know_nothing_of_each_other(
    home: Home, stores: Stores, clock: FakeClock
) -> None:
    talks = [Talk(stores, clock, channel=str(10 + number)) for number in range(3)]
    for count, talk in enumerate(talks, start=1):
        for _ in range(count):
            clock.tick(40)
            await talk.say(SAGE, SPARK, how=How.REPLY)
    await talks[1].person()

    assert rows(home.database, "SELECT channel_id, message_count FROM chains ORDER BY 1") == [
        ("10", 1),
        ("11", 0),
        ("12", 3),
    ]


@pytest.mark.parametrize(
    ("minutes", "free_at"),
    [
        (10, {"12:09:59": "c", "12:10:00": "bc", "12:11:00": "bc", "12:15:00": "abc"}),
        (5, {"12:05:00": "bc", "12:09:59": "bc", "12:10:00": "abc", "12:11:00": "abc"}),
    ],
)
async def test_three_guilds_as_in_the_original(
    stores: Stores, clock: FakeClock, minutes: int, free_at: dict[str, str]
) -> None:
    """Guild b was done at 12:00, guild a at 12:05; in guild c nothing was said before."""
    rules = replace(BRISK, cooldown=timedelta(minutes=minutes))
    talks = {name: Talk(stores, clock, rules, channel=name) for name in "abc"}
    for number, talk in enumerate(talks.values()):
        talk.place = Place(talk.place.channel_id, str(number))
    noon = clock.now()
    for name, at, bots in (("b", noon, (SAGE, SPARK)), ("a", noon + MINUTES_5, (SPARK, LOGIC))):
        clock.set_wall(at - timedelta(seconds=4))
        await talks[name].exchange_of_answers(*bots, gap=1)
        assert clock.now() == at

    for time, expected in free_at.items():
        clock.set_wall(datetime.fromisoformat(f"{noon:%Y-%m-%d}T{time}Z"))
        free = [name for name, talk in talks.items() if talk.exchange.cooldown is None]
        assert free == [*expected], time
    clock.set_wall(noon + 2 * MINUTES_5 - timedelta(seconds=1))
    assert (await talks["c"].ask(SAGE, LOGIC)).outcome is Outcome.ANSWER


async def test_a_reply_in_a_cooldown_is_blocked_too(talk: Talk) -> None:
    """The original let replies pass, so its cooldown had no force."""
    await talk.exchange_of_answers(SAGE, SPARK)

    found = await talk.ask(SAGE, SPARK, how=How.REPLY)
    assert found.reason is Reason.COOLDOWN


async def test_a_restart_of_all_bots_does_not_end_a_cooldown(open_bot: OpenBot, talk: Talk) -> None:
    await talk.exchange_of_answers(SAGE, SPARK)
    for store in talk.stores.values():
        await store.close()
    again = Talk({bot: open_bot(bot) for bot in BOTS}, talk.clock)

    found = await again.ask(SAGE, SPARK)
    assert found.reason is Reason.COOLDOWN


async def test_a_chain_of_one_that_fell_silent_begins_anew(talk: Talk) -> None:
    await talk.say(SAGE, SPARK)
    talk.clock.tick(601)

    found = await talk.ask(SAGE, SPARK)
    assert (found.chain, found.number) == (2, 2)


async def test_a_talk_that_fell_silent_cools_down_though_nobody_looked(talk: Talk) -> None:
    given = await talk.ask(SAGE, SPARK)
    await talk.answer(SPARK, talk.last, given)

    talk.clock.tick(600 + 599.999)
    blocked = await talk.ask(LOGIC, SAGE)
    talk.clock.tick(0.001)
    free = await talk.ask(LOGIC, SPARK)
    assert (blocked.reason, free.outcome) == (Reason.COOLDOWN, Outcome.ANSWER)


async def test_the_last_message_before_silence_is_what_counts(talk: Talk) -> None:
    await talk.say(SAGE, SPARK, how=How.REPLY)
    talk.clock.tick(600)
    found = await talk.ask(SAGE, SPARK, how=How.REPLY)
    assert found.number == 3


async def test_a_person_ends_the_chain_and_what_bots_said_before_is_not_answered(
    talk: Talk,
) -> None:
    said = talk.write(SAGE)
    await talk.person(LOGIC)
    found = await talk.ask(SAGE, SPARK, said=said)
    assert found.outcome is Outcome.ANSWER, "nothing was known of the channel before"

    later = talk.write(SAGE)
    await talk.person(LOGIC)
    found = await talk.ask(SAGE, SPARK, said=later, how=How.REPLY)
    assert (found.reason, found.detail) == (Reason.EXPIRED, "a person has spoken after it")
    assert talk.exchange.bot_turns == 0


async def test_a_person_in_a_cooldown_ends_nothing_but_the_row_of_bots(talk: Talk) -> None:
    await talk.exchange_of_answers(SAGE, SPARK)
    await talk.person()

    assert talk.exchange.bot_turns == 0
    found = await talk.ask(SAGE, SPARK)
    assert found.reason is Reason.COOLDOWN


async def test_a_person_costs_no_write_where_bots_have_said_nothing(home: Home, talk: Talk) -> None:
    await talk.person()
    assert rows(home.database, "SELECT count(*) FROM chains") == [(0,)]

    await talk.say(SAGE)
    await talk.person()
    first = rows(home.database, "SELECT human_id, updated_at FROM chains")
    talk.clock.tick(1)
    await talk.person()
    assert rows(home.database, "SELECT human_id, updated_at FROM chains") == first


async def test_bots_without_a_person_come_to_an_end_over_chains_and_cooldowns(talk: Talk) -> None:
    for _ in range(4):
        await talk.exchange_of_answers(SAGE, SPARK, gap=1)
        talk.clock.tick(600)
    assert talk.exchange.bot_turns == 20

    over = await talk.ask(SAGE, SPARK)
    assert (over.reason, over.detail) == (Reason.CHAIN_LIMIT, "21 messages of bots in a row")
    await talk.person()
    talk.clock.tick(700)
    free = await talk.ask(SAGE, SPARK)
    assert free.outcome is Outcome.ANSWER
