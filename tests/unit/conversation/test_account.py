"""What a stored decision says in words, and the numbers read out of it again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multibot.conversation import account, judging
from multibot.conversation.chain import ChainRules, Cooldown, Exchange
from multibot.conversation.judging import Sight
from multibot.conversation.message import BotName
from multibot.conversation.ruling import How, Outcome

SAGE, SPARK = BotName("sage"), BotName("spark")
NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
RULES = ChainRules(enabled=True)

spans = st.integers(min_value=0, max_value=900).map(lambda seconds: timedelta(seconds=seconds / 10))
moments = st.one_of(st.none(), spans.map(lambda span: NOW - span))
exchanges = st.builds(
    Exchange,
    chain=st.just(1),
    message_count=st.integers(0, 6),
    bot_turns=st.integers(0, 25),
    last_bot=st.sampled_from([None, SAGE, SPARK]),
    spoke_at=moments,
    is_opened=st.booleans(),
    cooldown=st.one_of(
        st.none(),
        st.integers(1, 6000).map(
            lambda tenths: Cooldown(started_at=NOW, expires_at=NOW + timedelta(seconds=tenths / 10))
        ),
    ),
)
sights = st.builds(
    Sight,
    me=st.just(SAGE),
    author=st.just(SPARK),
    message_id=st.just("9"),
    at=spans.map(lambda span: NOW - span),
    how=st.sampled_from(How),
    chain=st.sampled_from([None, 1]),
    is_retry=st.booleans(),
    begins=st.booleans(),
    burst_at=moments,
    holder=st.sampled_from([None, SPARK]),
)


@given(sight=sights, exchange=exchanges, roll=st.floats(0, 0.999))
def test_the_numbers_of_every_ruling_are_read_back_from_its_detail(
    sight: Sight, exchange: Exchange, roll: float
) -> None:
    ruled = judging.judge(sight, exchange, RULES, now=NOW, roll=roll)
    found = account.numbers(ruled.reason, ruled.detail)

    assert found.get("holder") == ruled.holder
    assert found.get("roll", roll) == pytest.approx(roll, abs=0.0006)
    assert ("roll" in found) == (ruled.roll is not None)
    if ruled.reason in {"chain_limit", "answered"}:
        assert found["count"] == ruled.number
    if ruled.left is not None and ruled.reason != "burst":
        left = found["left_seconds"]
        assert isinstance(left, int | float)
        assert abs(left - ruled.left.total_seconds()) <= 1
    if ruled.outcome is not Outcome.ANSWER and ruled.reason not in {"expired", "not_addressed"}:
        assert found


def test_a_text_that_only_looks_like_one_gives_nothing_wrong() -> None:
    assert account.numbers("pattern_mismatch", "channel 10:00 leftovers") == {}
    assert account.numbers("answered", "mention") == {}


@pytest.mark.parametrize(
    ("state", "reason", "detail", "said"),
    [
        ("answered", "answered", "mention", "I answered it (mention)."),
        ("declined", "cooldown", "9:12 left", "I did not answer it: cooldown (9:12 left)."),
        ("declined", "claimed_by", "spark", "I did not answer it: claimed by (spark)."),
        (
            "received",
            "delay",
            "waits 3.0 s",
            "I wait a moment before I answer it: delay (waits 3.0 s).",
        ),
        ("failed", "failed", "", "I could not answer it: failed."),
    ],
)
def test_a_decision_is_a_sentence(state: str, reason: str, detail: str, said: str) -> None:
    assert account.in_words(state, reason, detail) == said


def test_what_is_passed_over_is_what_the_rules_write() -> None:
    """The texts come from two places; whoever changes one has to change the list."""
    source = Path(account.__file__).parent
    written = (source / "addressing.py").read_text() + (
        source.parent / "store" / "meeting.py"
    ).read_text()

    assert [each for each in account.UNREMARKABLE if f'"{each}"' not in written] == []
