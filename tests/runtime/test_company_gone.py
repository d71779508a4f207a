"""Bots that talk about, with and to what is not there any more."""

import asyncio

import pytest

from multibot.home import Home
from tests.fakes import FakeClock
from tests.runtime.hall import Hall, at, talker
from tests.runtime.world import USER_IDS, rows, until

SAGE, SPARK, LOGIC = talker("sage"), talker("spark"), talker("logic")


@pytest.fixture
def hall(clock: FakeClock) -> Hall:
    return Hall(clock)


async def test_a_bot_that_is_removed_in_the_middle_of_a_chain_is_a_stranger_from_then_on(
    home: Home, hall: Hall
) -> None:
    async with hall.open(home, SAGE, SPARK):
        hall.bots["spark"].responder.hold = asyncio.Event()
        hall.begin("sage", f"{at('spark')} hello")
        await until(hall.clock, lambda: hall.bots["spark"].responder.prompts)
    await hall.clock.advance(61)
    async with hall.open(home, SAGE, LOGIC):
        await hall.say("spark", f"{at('logic')} I am no bot of yours any more")
        assert hall.run() == 2
        (chain,) = rows(home, "select message_count, pending, bot_turns from chains")
        assert dict(chain) == {"message_count": 1, "pending": 0, "bot_turns": 1}
        # What it had of the chain is held by nobody: the others may talk.
        await hall.pass_time(540)
        await hall.say("sage", f"{at('logic')} and you?")
        assert [name for name, _ in hall.words()[2:]] == ["Sage", "Logic", "Sage", "Logic", "Sage"]


async def test_a_bot_that_is_removed_and_still_has_a_message_leaves_it(
    home: Home, hall: Hall
) -> None:
    """Its author is no bot of the fleet any more, so nobody answers it."""
    async with hall.open(home, SAGE, SPARK):
        hall.ways["spark"].before = hall.end
        said = hall.begin("sage", f"{at('spark')} hello")
        await until(hall.clock, lambda: rows(home, "select 1 from outbox"))
        await until(hall.clock, lambda: not hall.bots["spark"].engine.busy)
    await hall.clock.advance(61)
    hall.ways["spark"].before = lambda: None
    async with hall.open(home, SPARK, LOGIC):
        hall.bots["spark"].recovery.take_up()
        await hall.rest(hall.bots["spark"])

    assert hall.run() == 1
    (row,) = rows(home, "select state, reason from inbox where message_id = ?", said.message_id)
    assert dict(row) == {"state": "expired", "reason": "expired"}
    (chain,) = rows(home, "select message_count, pending, bot_turns from chains")
    assert dict(chain) == {"message_count": 1, "pending": 0, "bot_turns": 1}


async def test_a_reply_to_what_is_deleted_is_answered_without_it(home: Home, hall: Hall) -> None:
    async with hall.open(home, SAGE, SPARK):
        replied = {"reply_to_message_id": "77", "reply_to_author_id": USER_IDS["spark"]}
        await hall.say("sage", "is that so?", **replied)
        prompt = hall.bots["spark"].responder.prompts[0]

    assert prompt.company is not None
    assert prompt.company.answers_to == ""
    assert hall.run() == 5


async def test_a_reply_to_nobody_knows_whom_speaks_to_nobody(home: Home, hall: Hall) -> None:
    """Discord does not say whose message it was once that is deleted."""
    async with hall.open(home, SAGE, SPARK):
        await hall.say("sage", "is that so?", reply_to_message_id="77")

    assert hall.run() == 1
    assert [row["reason"] for row in rows(home, "select reason from inbox")] == ["not_addressed"]


@pytest.mark.parametrize(
    "quoted",
    ["```\n{}\n```", "> {} said so", "`{}`", "https://discord.com/{}"],
)
@pytest.mark.parametrize("name", ["spark", "Spark:"])
async def test_a_name_in_code_a_quote_or_a_link_begins_no_chain(
    home: Home, hall: Hall, quoted: str, name: str
) -> None:
    listening = [talker(each) for each in ("sage", "spark")]
    listening = [each.model_copy(update={"channels": ("philosophy",)}) for each in listening]
    async with hall.open(home, *listening):
        await hall.say("sage", quoted.format(name))

    assert hall.run() == 1
