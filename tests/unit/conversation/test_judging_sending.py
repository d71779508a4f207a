"""Whether an answer to a bot is sent once it is made: asked before it is stored, and as it leaves."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from multibot.conversation import judging
from multibot.conversation.chain import ChainRules, Cooldown, Exchange
from multibot.conversation.judging import Attempt, OnItsWay
from multibot.conversation.message import BotName
from multibot.conversation.ruling import Outcome

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
RULES = ChainRules(enabled=True)
SAGE, SPARK = BotName("sage"), BotName("spark")


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


# Sage spoke to spark ten seconds ago; it is the whole chain.
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
ATTEMPT = Attempt(me=SPARK, chain=1, said_at=ago(10))
COOLING = Cooldown(started_at=ago(48), expires_at=NOW + timedelta(seconds=552))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, "answered"),
        ({"chain": 2}, "expired"),
        ({"message_count": 0}, "expired"),
        ({"message_count": 5}, "chain_limit"),
        ({"bot_turns": 20}, "chain_limit"),
        ({"cooldown": COOLING, "message_count": 0}, "cooldown"),
        ({"cooldown": COOLING, "bot_turns": 20}, "cooldown"),
        ({"last_bot": SPARK}, "spoke_last"),
        ({"last_bot": SPARK, "message_count": 5}, "chain_limit"),
        ({"last_bot": SPARK, "chain": 2}, "expired"),
        ({"spoke_at": NOW}, "delay"),
        ({"spoke_at": NOW, "last_bot": SPARK}, "spoke_last"),
    ],
)
def test_an_answer_is_looked_at_again_before_it_is_sent(
    changes: dict[str, object], reason: str
) -> None:
    exchange = replace(EXCHANGE, **changes)  # type: ignore[arg-type]

    found = judging.judge_sending(ATTEMPT, exchange, RULES, now=NOW)
    assert found.reason == reason
    assert (found.outcome is Outcome.ANSWER) is (reason == "answered")
    assert (found.outcome is Outcome.LATER) is (reason == "delay")


@pytest.mark.parametrize(
    ("bot", "since", "reason"),
    [
        (SPARK, ago(50), "spoke_last"),
        (SAGE, ago(5), "answered"),
        (SAGE, ago(4.999), "delay"),
        (SAGE, ago(-3600), "delay"),
    ],
)
def test_what_is_on_its_way_counts_as_said(bot: BotName, since: datetime, reason: str) -> None:
    attempt = replace(ATTEMPT, underway=(OnItsWay(bot, since),))

    found = judging.judge_sending(attempt, EXCHANGE, RULES, now=NOW)
    assert found.reason == reason
    assert found.retry_at in {None, min(since, NOW) + timedelta(seconds=5)}


@pytest.mark.parametrize(
    ("age", "spoke", "again", "outcome"),
    [
        (55, 0, False, "later"),
        (55.001, 0, False, "no"),
        (55, 0, True, "no"),
        (60, 5, True, "answer"),
        (60.001, 5, True, "no"),
        (600, 5, False, "answer"),
    ],
)
def test_an_answer_that_comes_too_soon_waits_once_and_not_for_long(
    age: float,
    spoke: float,
    again: bool,  # noqa: FBT001
    outcome: str,
) -> None:
    attempt = replace(ATTEMPT, said_at=ago(age), is_retry=again)
    exchange = replace(EXCHANGE, spoke_at=ago(spoke))

    found = judging.judge_sending(attempt, exchange, RULES, now=NOW)
    assert found.outcome == outcome
    assert found.reason == ("answered" if outcome == "answer" else "delay")


@pytest.mark.parametrize(
    ("chain_number", "age", "is_overtaken", "reason"),
    [
        (1, 60, False, "answered"),
        (1, 60.001, False, "expired"),
        (2, 0, False, "expired"),
        (1, 0, True, "expired"),
        (None, 60, False, "answered"),
        (None, 60.001, False, "expired"),
    ],
)
def test_what_was_allowed_is_asked_for_whenever_it_leaves(
    chain_number: int | None,
    age: float,
    is_overtaken: bool,  # noqa: FBT001
    reason: str,
) -> None:
    found = judging.judge_leaving(
        EXCHANGE,
        RULES,
        chain_number=chain_number,
        is_overtaken=is_overtaken,
        age=timedelta(seconds=age),
        now=NOW,
    )
    assert found.reason == reason
