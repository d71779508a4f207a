"""Why a bot does not answer another, or not yet: bursts, rolls, turns that come too soon."""

from dataclasses import replace
from datetime import timedelta

from multibot.clock import to_text
from multibot.conversation.addressing import Reason
from multibot.conversation.ruling import How, Outcome, Ruling
from multibot.home import Home
from tests.fakes import FakeClock
from tests.store.material import SAGE, SPARK, rows
from tests.store.talk import BRISK, LOGIC, RULES, Stores, Talk, heard


def reasons(rulings: list[Ruling]) -> list[str]:
    return [each.reason.value for each in rulings]


async def test_a_burst_is_skipped_for_thirty_seconds_from_its_first(home: Home, talk: Talk) -> None:
    seen = []
    for wait in (0, 10, 19.999, 0.001):
        talk.clock.tick(wait)
        found = await talk.ask(SAGE, SPARK)
        assert found is not None
        seen.append(found.reason.value)

    assert seen == ["answered", "burst", "burst", "answered"]
    began_at = to_text(talk.clock.now())
    assert rows(home.database, "SELECT author, bot_name, began_at FROM bursts") == [
        ("sage", "spark", began_at)
    ]


async def test_a_burst_is_of_two_bots_in_one_channel_and_not_of_replies(
    stores: Stores, clock: FakeClock
) -> None:
    rules = replace(BRISK, max_chain=50)
    talk, elsewhere = (Talk(stores, clock, rules, channel) for channel in ("10", "11"))
    steps = [
        (talk, SAGE, SPARK, How.REPLY),
        (talk, SAGE, SPARK, How.MENTION),
        (talk, SAGE, LOGIC, How.NAME),
        (talk, LOGIC, SPARK, How.MENTION),
        (elsewhere, SAGE, SPARK, How.MENTION),
        (talk, SAGE, SPARK, How.REPLY),
        (talk, SAGE, SPARK, How.NAME),
    ]
    rulings = [await place.ask(author, to, how=how) for place, author, to, how in steps]

    assert reasons(rulings) == [*["answered"] * 6, "burst"]


async def test_a_burst_from_before_the_clock_went_back_is_none(talk: Talk) -> None:
    await talk.say(SAGE, SPARK)
    talk.clock.set_wall(talk.clock.now() - timedelta(hours=1))

    found = await talk.ask(SAGE, SPARK)
    assert found.outcome is Outcome.ANSWER


async def test_the_roll_is_lost_for_one_bot_only(home: Home, talk: Talk) -> None:
    said = talk.write(SAGE)
    both = (SPARK, LOGIC)
    lost = await talk.judged(SPARK, said, heard(SPARK, SAGE, both), roll=0.7)
    won = await talk.judged(LOGIC, said, heard(LOGIC, SAGE, both), roll=0.69)

    assert (lost.reason, won.outcome) == (Reason.CHANCE, Outcome.ANSWER)
    assert rows(home.database, "SELECT bot_name, fence FROM message_claims") == [("logic", 1)]


async def test_a_turn_that_comes_too_soon_is_asked_for_once_more(
    home: Home, stores: Stores, clock: FakeClock
) -> None:
    talk = Talk(stores, clock, RULES)
    first = await talk.ask(SAGE, SPARK)
    assert (first.outcome, first.retry_at) == (Outcome.LATER, clock.now() + timedelta(seconds=5))
    assert rows(
        home.database, "SELECT state, reason, message IS NULL FROM inbox WHERE bot_name = 'spark'"
    ) == [("received", "delay", 0)]

    clock.tick(5)
    spoken = heard(SPARK, SAGE, [SPARK])
    second = await talk.judged(SPARK, talk.last, spoken, again=True)
    assert second.outcome is Outcome.ANSWER
    assert talk.exchange.message_count == 1


async def test_a_turn_that_is_too_soon_twice_is_dropped(
    home: Home, stores: Stores, clock: FakeClock
) -> None:
    talk = Talk(stores, clock, RULES)
    await talk.say(SAGE, SPARK)
    said = talk.last
    clock.tick(3)
    await talk.say(LOGIC, SAGE)
    clock.tick(2)
    spoken = heard(SPARK, SAGE, [SPARK])
    second = await talk.judged(SPARK, said, spoken, again=True)

    assert (second.outcome, second.reason) == (Outcome.NO, Reason.DELAY)
    assert rows(
        home.database,
        "SELECT state, reason, message IS NULL FROM inbox WHERE message_id = ? AND bot_name = ?",
        said.message_id,
        SPARK,
    ) == [("declined", "delay", 1)]
    assert await talk.meet(SPARK, said, spoken, again=True) is None


async def test_a_turn_that_waited_too_long_is_dropped(stores: Stores, clock: FakeClock) -> None:
    talk = Talk(stores, clock, RULES)
    await talk.say(SAGE, SPARK)
    clock.tick(60.001)

    found = await talk.judged(SPARK, talk.last, heard(SPARK, SAGE, [SPARK]), again=True)
    assert found.reason is Reason.EXPIRED


async def test_the_same_event_again_changes_nothing(home: Home, talk: Talk) -> None:
    await talk.say(SAGE, SPARK)
    before = rows(home.database, "SELECT * FROM chains")
    for bot in (SPARK, LOGIC):
        assert await talk.meet(bot, talk.last, heard(bot, SAGE, [SPARK])) is None

    assert rows(home.database, "SELECT * FROM chains") == before
    assert rows(home.database, "SELECT max(fence) FROM message_claims") == [(1,)]


async def test_a_bot_that_has_spoken_last_waits_for_another(talk: Talk) -> None:
    first = await talk.ask(SAGE, SPARK, how=How.REPLY)
    said = talk.last
    second_said = talk.write(SAGE)
    await talk.answer(SPARK, said, first)

    found = await talk.ask(SAGE, SPARK, how=How.REPLY, said=second_said)
    assert (found.reason, found.detail) == (Reason.SPOKE_LAST, "message 3 is its own")


async def test_switched_off_nobody_answers_and_nothing_breaks(
    stores: Stores, clock: FakeClock
) -> None:
    talk = Talk(stores, clock, replace(BRISK, enabled=False))

    found = await talk.ask(SAGE, SPARK)
    assert found.reason is Reason.NOT_ADDRESSED


async def test_group_mentions_are_passed_over_in_a_cooldown_where_asked(talk: Talk) -> None:
    asked = replace(talk.rules, cooldown_blocks_group_mentions=True)
    said = talk.write("7")
    assert talk.chains().refuses_group(said, 2, asked) is None
    await talk.exchange_of_answers(SAGE, SPARK)

    assert talk.chains().refuses_group(said, 2, talk.rules) is None
    assert talk.chains().refuses_group(said, 1, asked) is None
    found = talk.chains().refuses_group(said, 2, asked)
    assert found is not None
    assert found.reason is Reason.COOLDOWN
