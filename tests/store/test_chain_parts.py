"""Answers of several parts: one message of the chain, however many Discord makes of them."""

import pytest

from multibot.conversation.addressing import Reason
from multibot.conversation.message import BotName, InboundMessage
from multibot.conversation.ruling import How, Outcome
from tests.store.material import ANSWER, RULES, SAGE, SPARK
from tests.store.talk import LOGIC, Talk


@pytest.fixture
async def person(talk: Talk) -> InboundMessage:
    """Give a message of a person that sage answers."""
    said = talk.write("7")
    await talk.stores[SAGE].ledger.receive(said, ANSWER, per_minute=10)
    return said


async def parts_of(talk: Talk, person: InboundMessage) -> list[InboundMessage]:
    """Stage an answer of sage in three parts; the first is a reply."""
    store = talk.stores[SAGE]
    await store.ledger.begin(person, RULES)
    await store.outbox.stage(person.message_id, ["one", "two", "three"])
    return [talk.write(SAGE, reply_to=None if number else person.message_id) for number in range(3)]


async def mark(talk: Talk, person: InboundMessage, parts: list[InboundMessage]) -> None:
    """Note that parts of sage's answer stand."""
    outbox = talk.stores[SAGE].outbox
    for part, said in zip(outbox.parts(person.message_id), parts, strict=False):
        await outbox.mark_sent(person, "s", part, said.message_id, "Sage")


@pytest.mark.parametrize("marked", [0, 1, 2, 3])
async def test_an_answer_of_several_parts_counts_as_one(
    talk: Talk, person: InboundMessage, marked: int
) -> None:
    """Whether its sender has noted none, some or all of them when the others see them."""
    parts = await parts_of(talk, person)
    await mark(talk, person, parts[:marked])
    for part in parts:
        await talk.say(SAGE, said=part)
    await talk.sent(SAGE, parts[0], turn=person.message_id)

    assert talk.exchange.bot_turns == 1


async def test_an_answer_whose_last_part_speaks_to_a_bot_is_one_message_of_a_chain(
    talk: Talk, person: InboundMessage
) -> None:
    parts = await parts_of(talk, person)
    for part in parts[:2]:
        await talk.say(SAGE, said=part)
    found = await talk.ask(SAGE, SPARK, said=parts[2])

    assert (found.outcome, found.number) == (Outcome.ANSWER, 2)
    assert (talk.exchange.message_count, talk.exchange.bot_turns) == (1, 1)


@pytest.mark.parametrize("second", [SPARK, LOGIC])
async def test_an_answer_of_several_parts_is_answered_once(
    talk: Talk, person: InboundMessage, second: BotName
) -> None:
    """By one bot, and by one of its parts, though two of them speak to a bot."""
    parts = await parts_of(talk, person)
    first = await talk.ask(SAGE, SPARK, said=parts[0])
    other = await talk.ask(SAGE, second, said=parts[2], how=How.REPLY)

    assert first.outcome is Outcome.ANSWER
    assert (other.reason, other.holder) == (Reason.CLAIMED_BY, SPARK)


async def test_another_message_of_the_same_bot_meanwhile_is_its_own(
    talk: Talk, person: InboundMessage
) -> None:
    await parts_of(talk, person)
    await talk.say(SAGE, said=talk.write(SAGE, reply_to="5"))
    await talk.say(SAGE, said=talk.write(SAGE, reply_to="6"))

    assert talk.exchange.bot_turns == 2
