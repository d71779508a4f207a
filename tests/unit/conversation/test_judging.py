"""Whether a bot answers a bot: the checks one by one, and which of them speaks first."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from multibot.conversation import judging, ruling
from multibot.conversation.addressing import Reason
from multibot.conversation.chain import ChainRules, Cooldown, Exchange, Phase
from multibot.conversation.judging import Sight
from multibot.conversation.message import BotName
from multibot.conversation.ruling import How, Outcome, Ruling

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
RULES = ChainRules(enabled=True)
SAGE, SPARK, LOGIC = BotName("sage"), BotName("spark"), BotName("logic")
NEVER = 0.999


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


# Sage spoke to spark ten seconds ago; it is the whole chain.
SIGHT = Sight(
    me=SPARK, author=SAGE, message_id="1000", at=ago(10), how=How.MENTION, chain=1, begins=True
)
EXCHANGE = Exchange(
    chain=1,
    message_count=1,
    participants=(SAGE,),
    started_at=ago(10),
    last_activity_at=ago(10),
    last_message_id="1000",
    last_bot=SAGE,
    bot_turns=1,
    spoke_at=ago(10),
)
COOLING = Cooldown(started_at=ago(48), expires_at=NOW + timedelta(seconds=552))


def judge(
    sight: Sight = SIGHT,
    exchange: Exchange = EXCHANGE,
    rules: ChainRules = RULES,
    roll: float = 0.0,
) -> Ruling:
    return judging.judge(sight, exchange, rules, now=NOW, roll=roll)


def test_an_answer_knows_its_place_in_the_chain() -> None:
    found = judge()

    assert (found.outcome, found.reason) == (Outcome.ANSWER, Reason.ANSWERED)
    assert (found.chain, found.number, found.phase, found.is_last) == (1, 2, Phase.OPEN, False)
    assert found.detail == "mention from sage, rolled 0.000, answers below 0.70, message 2 of 5"


# Each breaks one more rule than the one after it, from the last check to the first.
BROKEN = [
    ("chance", {}, {}),
    ("delay", {}, {"spoke_at": ago(4.999)}),
    ("claimed_by", {"holder": LOGIC}, {}),
    ("spoke_last", {}, {"last_bot": SPARK}),
    ("chain_limit", {}, {"message_count": 5}),
    ("burst", {"burst_at": ago(39.9)}, {}),
    ("expired", {"chain": 0}, {}),
    ("cooldown", {}, {"cooldown": COOLING}),
    ("expired", {}, {"human_id": "1001"}),
]


@pytest.mark.parametrize("count", range(len(BROKEN)))
def test_the_checks_come_in_their_order(count: int) -> None:
    sight, exchange = SIGHT, EXCHANGE
    for _, seen, said in BROKEN[: count + 1]:
        sight, exchange = replace(sight, **seen), replace(exchange, **said)  # type: ignore[arg-type]

    assert judge(sight, exchange, roll=NEVER).reason == BROKEN[count][0]


def test_nothing_at_all_is_answered_while_it_is_switched_off() -> None:
    found = judge(rules=replace(RULES, enabled=False))

    assert (found.outcome, found.reason) == (Outcome.NO, Reason.NOT_ADDRESSED)
    assert ChainRules().enabled is False


@pytest.mark.parametrize(
    ("how", "roll", "answers"),
    [
        (How.MENTION, 0.69, True),
        (How.MENTION, 0.70, False),
        (How.NAME, 0.20, True),
        (How.NAME, 0.21, False),
        (How.REPLY, 0.999, True),
    ],
)
def test_whether_to_begin_is_a_matter_of_chance(how: How, roll: float, answers: bool) -> None:  # noqa: FBT001
    found = judge(replace(SIGHT, how=how), roll=roll)

    assert (found.outcome is Outcome.ANSWER) is answers
    if not answers:
        bound = {How.MENTION: 0.70, How.NAME: 0.21}[how]
        assert (found.reason, found.roll) == (Reason.CHANCE, roll)
        assert found.chance == pytest.approx(bound)
        assert found.detail == f"rolled {roll:.3f}, answers below {bound:.2f}"


@pytest.mark.parametrize("how", [How.MENTION, How.NAME])
def test_a_chain_that_goes_on_is_always_answered(how: How) -> None:
    later = replace(SIGHT, how=how, begins=False)

    assert judge(later, replace(EXCHANGE, message_count=2), roll=NEVER).outcome is Outcome.ANSWER


def test_a_conversation_begun_on_purpose_is_always_answered() -> None:
    assert judge(exchange=replace(EXCHANGE, is_opened=True), roll=NEVER).outcome is Outcome.ANSWER


def test_a_cooldown_blocks_replies_too_and_says_how_long() -> None:
    found = judge(replace(SIGHT, how=How.REPLY), replace(EXCHANGE, cooldown=COOLING))

    assert (found.reason, found.detail, found.left) == (
        Reason.COOLDOWN,
        "9:12 left",
        timedelta(seconds=552),
    )


@pytest.mark.parametrize(("elapsed", "blocked"), [(0, True), (29.999, True), (30, False)])
def test_a_burst_lasts_from_its_first_message(elapsed: float, blocked: bool) -> None:  # noqa: FBT001
    burst_at = SIGHT.at - timedelta(seconds=elapsed)

    assert (judge(replace(SIGHT, burst_at=burst_at)).reason is Reason.BURST) is blocked


def test_a_burst_does_not_block_a_reply() -> None:
    reply = replace(SIGHT, how=How.REPLY, burst_at=SIGHT.at)

    assert judge(reply).outcome is Outcome.ANSWER


def test_a_message_seen_before_the_first_of_its_burst_is_part_of_it() -> None:
    assert judge(replace(SIGHT, burst_at=NOW)).reason is Reason.BURST


def test_the_fifth_message_is_the_last_and_there_is_no_sixth() -> None:
    fifth = judge(replace(SIGHT, begins=False), replace(EXCHANGE, message_count=4))
    assert (fifth.number, fifth.is_last) == (5, True)

    sixth = judge(replace(SIGHT, begins=False), replace(EXCHANGE, message_count=5))
    assert (sixth.reason, sixth.detail) == (Reason.CHAIN_LIMIT, "message 5 of 5")


def test_bots_that_talk_without_a_person_come_to_an_end_whatever_the_chain() -> None:
    last = judge(exchange=replace(EXCHANGE, bot_turns=19))
    assert last.is_last

    over = judge(exchange=replace(EXCHANGE, bot_turns=20))
    assert (over.reason, over.number) == (Reason.CHAIN_LIMIT, 20)
    assert over.detail == "20 messages of bots in a row"


def test_who_holds_a_message_is_said() -> None:
    found = judge(replace(SIGHT, holder=LOGIC))

    assert (found.reason, found.holder, found.detail) == (Reason.CLAIMED_BY, LOGIC, "logic")


def test_a_turn_that_comes_too_soon_waits_once() -> None:
    exchange = replace(EXCHANGE, spoke_at=ago(2))

    first = judge(exchange=exchange)
    assert (first.outcome, first.reason) == (Outcome.LATER, Reason.DELAY)
    assert (first.retry_at, first.detail) == (NOW + timedelta(seconds=3), "waits 3.0 s")
    second = judge(replace(SIGHT, is_retry=True), exchange)
    assert (second.outcome, second.reason) == (Outcome.NO, Reason.DELAY)
    assert judge(exchange=replace(EXCHANGE, spoke_at=ago(5))).outcome is Outcome.ANSWER
    assert judge(exchange=replace(EXCHANGE, spoke_at=None)).outcome is Outcome.ANSWER


@pytest.mark.parametrize(("age", "dropped"), [(60, False), (60.001, True)])
def test_a_turn_that_waited_is_dropped_when_it_is_too_old(age: float, dropped: bool) -> None:  # noqa: FBT001
    waited = replace(SIGHT, is_retry=True, at=ago(age))

    assert (judge(waited).reason is Reason.EXPIRED) is dropped
    assert (judge(replace(waited, is_retry=False)).reason is Reason.EXPIRED) is dropped


@pytest.mark.parametrize(("age", "dropped"), [(120, False), (120.001, True)])
def test_what_another_bot_had_may_be_older_by_its_lease(age: float, dropped: bool) -> None:  # noqa: FBT001
    held = replace(SIGHT, was_held=True, at=ago(age))

    assert (judge(held).reason is Reason.EXPIRED) is dropped


def test_a_person_who_spoke_after_it_has_taken_the_floor() -> None:
    found = judge(exchange=replace(EXCHANGE, human_id="1001"))

    assert (found.reason, found.detail) == (Reason.EXPIRED, "a person has spoken after it")
    assert judge(exchange=replace(EXCHANGE, human_id="999")).outcome is Outcome.ANSWER


@pytest.mark.parametrize(
    ("exchange", "reason"),
    [
        (Exchange(), "answered"),
        (EXCHANGE, "chain_limit"),
        (Exchange(cooldown=COOLING), "cooldown"),
        (Exchange(bot_turns=20), "chain_limit"),
        (Exchange(bot_turns=19), "answered"),
    ],
)
def test_a_conversation_begins_only_where_none_is(exchange: Exchange, reason: str) -> None:
    assert judging.judge_opening(exchange, RULES, now=NOW).reason == reason


def test_a_post_has_no_limit_but_the_one_of_bots_in_a_row() -> None:
    assert judging.judge_post(Exchange(cooldown=COOLING, bot_turns=19), RULES).outcome == "answer"
    assert judging.judge_post(Exchange(bot_turns=20), RULES).reason is Reason.CHAIN_LIMIT


@pytest.mark.parametrize(
    ("elapsed", "free"),
    [(3599.999, False), (3600, True), (-60, False), (-3600, False), (-3601, True)],
)
def test_a_pair_waits_before_it_begins_again(elapsed: float, free: bool) -> None:  # noqa: FBT001
    found = judging.judge_pair((SAGE, SPARK), ago(elapsed), RULES, now=NOW)

    assert (found is None) is free
    if found is not None:
        assert found.reason is Reason.COOLDOWN
        assert found.left is not None
        assert found.left <= RULES.pair_cooldown


def test_people_are_answered_in_a_cooldown_unless_it_is_asked_otherwise() -> None:
    cooling = Exchange(cooldown=COOLING)
    asked = replace(RULES, cooldown_blocks_group_mentions=True)

    assert judging.judge_group(cooling, RULES, mentioned=2, now=NOW) is None
    assert judging.judge_group(cooling, asked, mentioned=1, now=NOW) is None
    assert judging.judge_group(Exchange(), asked, mentioned=2, now=NOW) is None
    found = judging.judge_group(cooling, asked, mentioned=2, now=NOW)
    assert found is not None
    assert (found.reason, found.detail) == (Reason.COOLDOWN, "9:12 left")


@pytest.mark.parametrize(
    ("seconds", "shown"), [(600, "10:00"), (599.001, "10:00"), (1, "0:01"), (0.001, "0:01")]
)
def test_time_left_is_never_shown_as_none(seconds: float, shown: str) -> None:
    assert ruling.minutes(timedelta(seconds=seconds)) == shown
