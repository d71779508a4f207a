"""From a claim to what stands on Discord: fences, parts, kills, and messages seen in any order."""

from datetime import timedelta

import pytest

from multibot.conversation.addressing import Reason
from multibot.conversation.message import InboundMessage
from multibot.conversation.ruling import How, Outcome, Ruling
from multibot.home import Home
from multibot.store.claims import Claims
from multibot.store.driver import sqlite
from multibot.store.exchanges import Channel
from tests.store.conftest import OpenBot
from tests.store.material import SAGE, SPARK, rows
from tests.store.talk import LOGIC, Talk, heard
from tests.store.talk import RULES as PACED

BOTH = (SPARK, LOGIC)


async def begun(talk: Talk) -> tuple[InboundMessage, Ruling]:
    """Let sage speak to spark, who may answer."""
    given = await talk.ask(SAGE, SPARK)
    assert given.outcome is Outcome.ANSWER
    return talk.last, given


async def test_an_answer_counts_from_the_moment_it_may_be_sent(talk: Talk) -> None:
    said, given = await begun(talk)
    asked = await talk.chains(SPARK).may_send(said, given, talk.rules)

    assert (asked.outcome, asked.number, asked.fence) == (Outcome.ANSWER, 2, given.fence)
    exchange = talk.exchange
    assert (exchange.message_count, exchange.pending, exchange.bot_turns) == (2, 1, 2)
    assert exchange.last_bot == SAGE


async def test_asking_again_after_a_kill_gives_the_same_and_counts_once(
    open_bot: OpenBot, talk: Talk
) -> None:
    said, given = await begun(talk)
    await talk.chains(SPARK).may_send(said, given, talk.rules)
    talk.stores = {**talk.stores, SPARK: open_bot(SPARK)}
    resumed = await talk.judged(SPARK, said, heard(SPARK, SAGE, [SPARK]), roll=1.0, again=True)

    assert (resumed.outcome, resumed.chain, resumed.number) == (Outcome.ANSWER, 1, 2)
    asked = await talk.chains(SPARK).may_send(said, resumed, talk.rules)
    assert asked.outcome is Outcome.ANSWER
    assert (talk.exchange.message_count, talk.exchange.pending) == (2, 1)


async def test_what_was_sent_may_be_finished_whatever_has_happened_since(talk: Talk) -> None:
    said, given = await begun(talk)
    assert await talk.answer(SPARK, said, given)
    await talk.person()

    asked = await talk.chains(SPARK).may_send(said, given, talk.rules)
    assert asked.outcome is Outcome.ANSWER
    assert talk.exchange.bot_turns == 0


async def test_an_answer_is_not_sent_after_a_person_has_spoken(talk: Talk) -> None:
    said, given = await begun(talk)
    await talk.person(LOGIC)

    asked = await talk.chains(SPARK).may_send(said, given, talk.rules)
    assert (asked.outcome, asked.reason) == (Outcome.NO, Reason.EXPIRED)
    assert talk.exchange.bot_turns == 0


async def test_an_answer_of_one_chain_is_not_sent_in_the_next(talk: Talk) -> None:
    said, given = await begun(talk)
    talk.clock.tick(601)
    await talk.say(LOGIC, SAGE)

    asked = await talk.chains(SPARK).may_send(said, given, talk.rules)
    assert asked.reason is Reason.EXPIRED
    assert talk.exchange.message_count == 1


async def test_of_two_answers_for_one_place_the_second_is_not_sent(home: Home, talk: Talk) -> None:
    """Four messages, two of them being answered: only a fifth may be sent."""
    rulings = []
    for author, to in ((SAGE, SPARK), (SAGE, LOGIC), (SPARK, SAGE), (LOGIC, SAGE)):
        rulings.append((talk, to, await talk.ask(author, to), talk.last))
    sent = []
    for _, bot, given, said in (rulings[0], rulings[2]):
        assert given is not None
        sent.append(await talk.answer(bot, said, given))

    assert [each is not None for each in sent] == [True, False]
    assert rows(home.database, "SELECT count(*) FROM channel_cooldowns") == [(1,)]


async def test_a_holder_that_lost_its_claim_is_fenced_off(home: Home, talk: Talk) -> None:
    said = talk.write(SAGE)
    first = await talk.judged(SPARK, said, heard(SPARK, SAGE, BOTH))
    lost = await talk.judged(LOGIC, said, heard(LOGIC, SAGE, BOTH))
    assert (lost.reason, lost.holder) == (Reason.CLAIMED_BY, SPARK)

    talk.clock.tick(59.999)
    still = await talk.judged(LOGIC, said, heard(LOGIC, SAGE, BOTH), again=True)
    talk.clock.tick(0.001)
    taken = await talk.judged(LOGIC, said, heard(LOGIC, SAGE, BOTH), again=True)
    assert (still.reason, taken.outcome, taken.fence) == (Reason.CLAIMED_BY, Outcome.ANSWER, 2)
    asked = await talk.chains(SPARK).may_send(said, first, talk.rules)
    assert (asked.reason, asked.holder) == (Reason.CLAIMED_BY, LOGIC)
    back = await talk.judged(SPARK, said, heard(SPARK, SAGE, BOTH), again=True)
    assert back.reason is Reason.CLAIMED_BY
    assert await talk.answer(LOGIC, said, taken)
    assert (talk.exchange.message_count, talk.exchange.bot_turns) == (2, 2)
    assert rows(home.database, "SELECT count(*) FROM message_claims") == [(1,)]


async def test_an_older_hold_of_the_same_bot_is_fenced_off_too(
    open_bot: OpenBot, talk: Talk
) -> None:
    """Two processes of one bot, for a moment: the newer one counts."""
    said, given = await begun(talk)
    talk.stores = {**talk.stores, SPARK: open_bot(SPARK)}
    newer = await talk.judged(SPARK, said, heard(SPARK, SAGE, [SPARK]), again=True)

    asked = await talk.chains(SPARK).may_send(said, given, talk.rules)
    assert asked.reason is Reason.CLAIMED_BY
    assert await talk.answer(SPARK, said, newer)


async def test_a_claim_is_kept_while_the_answer_is_made(talk: Talk) -> None:
    said = talk.write(SAGE)
    await talk.meet(SPARK, said, heard(SPARK, SAGE, BOTH))
    await talk.meet(LOGIC, said, heard(LOGIC, SAGE, BOTH))
    talk.clock.tick(50)
    await talk.stores[SPARK].ledger.renew(said.message_id, timedelta(seconds=60))
    talk.clock.tick(50)

    found = await talk.judged(LOGIC, said, heard(LOGIC, SAGE, BOTH), again=True)
    assert found.reason is Reason.CLAIMED_BY


async def test_what_is_not_sent_gives_its_place_back(talk: Talk) -> None:
    said, given = await begun(talk)
    await talk.chains(SPARK).may_send(said, given, talk.rules)
    await talk.chains(SPARK).withdraw(talk.place, said.message_id, talk.rules)
    await talk.chains(SPARK).withdraw(talk.place, said.message_id, talk.rules)

    exchange = talk.exchange
    assert (exchange.message_count, exchange.pending, exchange.bot_turns) == (1, 0, 1)


async def test_each_message_counts_once_whoever_sees_it_first(talk: Talk) -> None:
    said, given = await begun(talk)
    await talk.sent(SAGE, said)
    await talk.chains(SPARK).may_send(said, given, talk.rules)
    answer = talk.write(SPARK, reply_to=said.message_id)
    # Logic sees it before spark knows that it stands.
    await talk.say(SPARK, SAGE, how=How.REPLY, said=answer)
    await talk.sent(SPARK, answer, turn=said.message_id)

    exchange = talk.exchange
    assert (exchange.message_count, exchange.pending, exchange.bot_turns) == (2, 0, 2)


async def test_a_message_that_nobody_else_saw_is_counted_by_its_sender(talk: Talk) -> None:
    await talk.sent(SAGE, talk.write(SAGE))

    assert (talk.exchange.bot_turns, talk.exchange.is_alive) == (1, False)


async def test_private_messages_are_not_counted(home: Home, talk: Talk) -> None:
    talk.place = type(talk.place)("77", None)
    await talk.sent(SAGE, talk.write(SAGE))

    assert rows(home.database, "SELECT count(*) FROM chains") == [(0,)]


@pytest.mark.parametrize(("age", "counted"), [(24 * 3600, 1), (24 * 3600 + 1, 0)])
async def test_what_was_said_long_ago_is_not_counted_again(
    talk: Talk, age: float, counted: int
) -> None:
    """A bot that was away for long reads back what the others counted and have forgotten."""
    found = await talk.judged(SPARK, talk.write(SAGE), heard(SPARK, SAGE, [SPARK]), age=age)

    assert talk.exchange.bot_turns == counted
    assert found.reason is Reason.EXPIRED


@pytest.mark.parametrize(("age", "reason"), [(59, "delay"), (61, "expired"), (601, "expired")])
async def test_a_message_that_is_read_late_is_judged_by_when_it_was_written(
    talk: Talk, age: float, reason: str
) -> None:
    """Below a minute it is taken for new: clocks differ by that much."""
    talk.rules = PACED
    found = await talk.judged(SPARK, talk.write(SAGE), heard(SPARK, SAGE, [SPARK]), age=age)

    assert found.reason == reason


async def test_what_was_on_its_way_when_a_person_spoke_counts_once_it_is_there(
    talk: Talk,
) -> None:
    said, given = await begun(talk)
    await talk.chains(SPARK).may_send(said, given, talk.rules)
    await talk.person()
    answer = talk.write(SPARK, reply_to=said.message_id)
    await talk.sent(SPARK, answer, turn=said.message_id)
    await talk.say(SPARK, SAGE, how=How.REPLY, said=answer)

    exchange = talk.exchange
    assert (exchange.chain, exchange.message_count, exchange.bot_turns) == (2, 1, 1)


async def test_a_person_seen_after_what_came_later_is_put_in_its_place(talk: Talk) -> None:
    said, given = await begun(talk)
    person = talk.write("7")
    assert await talk.answer(SPARK, said, given)
    await talk.say(SPARK, SAGE, said=talk.write(SPARK), how=How.REPLY)
    await talk.chains(LOGIC).person_spoke(person, talk.rules)

    assert talk.exchange.bot_turns == 2
    older = talk.write("8")
    object.__setattr__(older, "message_id", str(int(person.message_id) - 1))
    await talk.chains(LOGIC).person_spoke(older, talk.rules)
    assert talk.exchange.bot_turns == 2


async def test_two_processes_that_see_a_person_at_once_end_the_chain_once(talk: Talk) -> None:
    await begun(talk)
    person = await talk.person(SAGE)
    before = talk.exchange

    def again(writing: sqlite.Connection) -> None:
        channel = Channel(writing, talk.place, talk.rules, talk.clock.now())
        channel.interrupt(person.message_id)
        channel.save()

    await talk.stores[SPARK].writer.run(again)
    assert talk.exchange == before


async def test_what_a_bot_is_done_with_is_not_taken_again(talk: Talk) -> None:
    """The row of its decision may be older than that of its claim."""
    talk.rules = PACED
    said = talk.write(SAGE)
    await talk.meet(SPARK, said, heard(SPARK, SAGE, [SPARK]))
    claims = Claims(SPARK)

    def settle(writing: sqlite.Connection) -> None:
        claims.claim(writing, said, talk.clock.now(), slots=1, lease=timedelta(seconds=60))
        claims.settle(writing, said.message_id, talk.clock.now(), "failed")

    await talk.stores[SPARK].writer.run(settle)
    talk.clock.tick(5)
    found = await talk.judged(SPARK, said, heard(SPARK, SAGE, [SPARK]), again=True)
    assert (found.reason, found.holder) == (Reason.CLAIMED_BY, SPARK)


@pytest.mark.parametrize(("seconds", "places"), [(900, 1), (901, 0)])
async def test_what_may_be_on_its_way_as_a_person_speaks_has_a_place_in_the_next_chain(
    talk: Talk, seconds: int, places: int
) -> None:
    """For as long as anything can be on its way; and it does not set out again."""
    said, given = await begun(talk)
    await talk.chains(SPARK).may_send(said, given, talk.rules)
    left = await talk.chains(SPARK).may_leave(talk.place, said.message_id, talk.rules)
    talk.clock.tick(seconds)
    await talk.person()

    exchange = talk.exchange
    assert (exchange.message_count, exchange.pending, exchange.bot_turns) == (places,) * 3
    again = await talk.chains(SPARK).may_leave(talk.place, said.message_id, talk.rules)
    assert left.outcome is Outcome.ANSWER
    assert (again.reason, again.detail) == (Reason.EXPIRED, "a person has spoken meanwhile")
    await talk.chains(SPARK).withdraw(talk.place, said.message_id, talk.rules)
    assert (talk.exchange.is_alive, talk.exchange.bot_turns) == (False, 0)


async def test_nothing_leaves_when_its_chain_has_died_of_silence(talk: Talk) -> None:
    said, given = await begun(talk)
    assert await talk.answer(SPARK, said, given)
    given = await talk.ask(SPARK, SAGE, how=How.REPLY)
    said = talk.last
    await talk.chains(SAGE).may_send(said, given, talk.rules)
    talk.clock.tick(601)

    cooling = await talk.chains(SAGE).may_leave(talk.place, said.message_id, talk.rules)
    talk.clock.tick(600)
    over = await talk.chains(SAGE).may_leave(talk.place, said.message_id, talk.rules)
    assert (cooling.reason, over.reason) == (Reason.COOLDOWN, Reason.EXPIRED)
