"""Answers to bots that are made at the same time: whose turn it is when they are about to be sent."""

from datetime import timedelta

import pytest

from multibot.conversation.addressing import Reason
from multibot.conversation.chain import Phase
from multibot.conversation.message import BotName, InboundMessage
from multibot.conversation.ruling import How, Outcome, Ruling
from multibot.store.chains import Opening
from tests.fakes import FakeClock
from tests.store.material import SAGE, SPARK
from tests.store.talk import LOGIC, RULES, Stores, Talk, heard


@pytest.fixture
def talk(stores: Stores, clock: FakeClock) -> Talk:
    return Talk(stores, clock, RULES)


async def begun(talk: Talk, *ways: tuple[BotName, BotName]) -> list[tuple[InboundMessage, Ruling]]:
    """Let one bot speak to another, for each way at once; those have waited for their turn."""
    said = [(talk.write(author), author, to) for author, to in ways]
    for each, author, to in said:
        await talk.meet(to, each, heard(to, author, [to]))
    talk.clock.tick(5)
    found = []
    for each, author, to in said:
        given = await talk.judged(to, each, heard(to, author, [to]), again=True)
        assert given.outcome is Outcome.ANSWER
        found.append((each, given))
    return found


async def test_of_two_turns_of_one_bot_only_one_is_said(talk: Talk) -> None:
    (first, to_first), (second, to_second) = await begun(talk, (SAGE, LOGIC), (SPARK, LOGIC))
    chains = talk.chains(LOGIC)
    allowed = await chains.may_send(first, to_first, talk.rules)
    on_its_way = await chains.may_send(second, to_second, talk.rules)
    talk.clock.tick(60)
    await talk.sent(LOGIC, talk.write(LOGIC, reply_to=first.message_id), turn=first.message_id)
    standing = await chains.may_send(second, to_second, talk.rules)

    assert allowed.outcome is Outcome.ANSWER
    assert on_its_way.reason is standing.reason is Reason.SPOKE_LAST


async def two_at_once(talk: Talk) -> tuple[InboundMessage, Ruling, Ruling]:
    """Let spark be allowed its answer; give that of logic, made a moment later."""
    (first, to_first), (second, to_second) = await begun(talk, (SAGE, SPARK), (SAGE, LOGIC))
    talk.clock.tick(2)
    assert (await talk.chains(SPARK).may_send(first, to_first, talk.rules)).number == 3
    talk.clock.tick(1)
    return second, to_second, await talk.chains(LOGIC).may_send(second, to_second, talk.rules)


async def test_what_another_bot_is_sending_counts_as_said(talk: Talk) -> None:
    said, given, asked = await two_at_once(talk)
    talk.clock.tick(3.999)
    assert (asked.outcome, asked.left) == (Outcome.LATER, timedelta(seconds=4))
    assert talk.exchange.message_count == 3

    too_soon = await talk.chains(LOGIC).may_send(said, given, talk.rules, again=True)
    talk.clock.tick(0.001)
    in_time = await talk.chains(LOGIC).may_send(said, given, talk.rules, again=True)
    assert (too_soon.outcome, too_soon.reason) == (Outcome.NO, Reason.DELAY)
    assert (in_time.outcome, in_time.number, in_time.fence) == (Outcome.ANSWER, 4, given.fence)


async def test_what_has_waited_is_fenced_off_where_its_claim_was_lost(talk: Talk) -> None:
    said, given, _ = await two_at_once(talk)
    talk.clock.tick(55)
    taken = await talk.judged(LOGIC, said, heard(LOGIC, SAGE, [LOGIC]), again=True)
    assert taken.fence > given.fence

    asked = await talk.chains(LOGIC).may_send(said, given, talk.rules, again=True)
    assert asked.reason is Reason.CLAIMED_BY


async def test_what_has_waited_for_too_long_is_dropped(talk: Talk) -> None:
    said, given, _ = await two_at_once(talk)
    talk.clock.tick(53)

    asked = await talk.chains(LOGIC).may_send(said, given, talk.rules, again=True)
    assert (asked.outcome, asked.reason, asked.detail) == (
        Outcome.NO,
        Reason.DELAY,
        "would be sent only after 61 s",
    )


async def test_what_becomes_the_last_while_it_is_made_knows_it(talk: Talk) -> None:
    await talk.meet(LOGIC, talk.write(SAGE), heard(LOGIC, SAGE, [SPARK]))
    ways = ((SAGE, SPARK), (SAGE, LOGIC))
    (first, to_first), (second, to_second) = await begun(talk, *ways)
    fourth = await talk.chains(LOGIC).may_send(second, to_second, talk.rules)
    talk.clock.tick(5)
    last = await talk.chains(SPARK).may_send(first, to_first, talk.rules)

    assert (fourth.number, fourth.phase) == (4, Phase.CLOSING)
    assert (last.number, to_first.phase, last.phase) == (5, Phase.CLOSING, Phase.LAST)


async def test_a_person_who_is_read_late_ends_nothing_that_came_later(talk: Talk) -> None:
    person = talk.write("500")
    earlier = talk.write(SAGE)
    object.__setattr__(earlier, "message_id", str(int(person.message_id) - 1))
    await talk.meet(LOGIC, earlier, heard(LOGIC, SAGE, [LOGIC]))
    ((said, given),) = await begun(talk, (SAGE, SPARK))
    waiting = talk.write(SAGE)
    await talk.meet(LOGIC, waiting, heard(LOGIC, SAGE, [LOGIC], How.REPLY))
    await talk.chains(LOGIC).person_spoke(person, talk.rules)
    exchange = talk.exchange
    assert (exchange.chain, exchange.message_count, exchange.bot_turns) == (2, 2, 2)

    talk.clock.tick(5)
    found = await talk.judged(LOGIC, waiting, heard(LOGIC, SAGE, [LOGIC], How.REPLY), again=True)
    asked = await talk.chains(SPARK).may_send(said, given, talk.rules)
    assert (found.outcome, found.chain, found.number) == (Outcome.ANSWER, 2, 3)
    assert (asked.outcome, asked.chain, asked.number) == (Outcome.ANSWER, 2, 3)


@pytest.mark.parametrize(("seconds", "is_lost"), [(60, False), (901, True)])
async def test_a_conversation_that_was_not_begun_leaves_no_rest_of_the_pair(
    talk: Talk, seconds: float, *, is_lost: bool
) -> None:
    opening = Opening(place=talk.place, turn="round-1-1", partner=SPARK)
    await talk.chains(SAGE).open(opening, talk.rules)
    talk.clock.tick(seconds)
    await talk.person(SPARK)
    assert talk.exchange.pending == (0 if is_lost else 1)

    await talk.chains(SAGE).withdraw(talk.place, "round-1-1", talk.rules)
    assert talk.chains(SAGE).paired() == {}
    assert talk.exchange.bot_turns == 0


async def test_a_conversation_that_stands_is_not_taken_back(talk: Talk) -> None:
    opening = Opening(place=talk.place, turn="round-1-1", partner=SPARK)
    await talk.chains(SAGE).open(opening, talk.rules)
    await talk.sent(SAGE, talk.write(SAGE), turn="round-1-1")

    await talk.chains(SAGE).withdraw(talk.place, "round-1-1", talk.rules)
    assert set(talk.chains(SAGE).paired()) == {SPARK}
