import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest

from multibot.conversation.addressing import (
    Decision,
    FleetMember,
    Reason,
    Rules,
    Verdict,
    decide,
    matches,
)
from multibot.conversation.message import BotName, ChannelId, InboundMessage

SAGE = FleetMember(bot_name=BotName("sage"), user_id="101", names=("sage", "Sage", "Old Sage"))
SPARK = FleetMember(bot_name=BotName("spark"), user_id="102", names=("spark", "Spark"))
LOGIC = FleetMember(bot_name=BotName("logic"), user_id="103", names=("logic", "Logic"))
PEERS = (SPARK, LOGIC)
RULES = Rules(patterns=("philosophy", "advice-*"))


BASE = InboundMessage(
    message_id="1",
    channel_id=ChannelId("500"),
    channel_type="channel",
    channel_name="philosophy",
    guild_id="900",
    author_id="7",
    author_name="mira",
    content="what now?",
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


def message(content: str = "what now?", **fields: Any) -> InboundMessage:
    return dataclasses.replace(BASE, content=content, **fields)


def verdict(inbound: InboundMessage, rules: Rules = RULES) -> Decision:
    return decide(inbound, SAGE, PEERS, rules)


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("philosophy", "philosophy", True),
        ("advice-*", "advice-career", True),
        ("advice-*", "advice", False),
        ("brainstorm*", "brainstorm", True),
        ("tech-*", "Tech-Help", True),
        ("*-general", "support-general", True),
        ("bot-*-channel", "bot-test-channel", True),
        ("bot-*-channel", "bot-channel", False),
        ("a.b*", "axbc", False),
        ("a.b*", "a.bc", True),
        ("tech-", "technology", False),
        ("tech-", "tech-", True),
        ("tech-*", "tech-", True),
        ("Gen*", "general", True),
        ("general", "general-two", False),
        ("general", "my-general", False),
        ("gener?l", "general", False),
        ("gener?l", "gener?l", True),
        ("gener[ae]l", "general", False),
        ("[x]*", "[x]y", True),
        ("*", "anything", True),
        ("*", "", True),
        ("**", "anything", True),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("*ab*ab*", "abxab", True),
        ("*ab*ab*", "ab", False),
        ("STRASSE*", "straße-1", True),
        ("", "general", False),
    ],
)
def test_patterns_are_globs_with_only_a_star(pattern: str, name: str, *, fits: bool) -> None:
    assert (matches([pattern], name) == pattern) is fits


def test_the_first_pattern_that_fits_is_named() -> None:
    assert matches(["x", "adv*", "advice-*"], "advice-love") == "adv*"
    assert matches([], "general") is None


def test_a_pattern_of_many_stars_is_answered_at_once() -> None:
    assert matches(["a*" * 40 + "b"], "a" * 100) is None


@pytest.mark.parametrize(
    ("inbound", "detail"),
    [
        (message(author_id="101"), "own message"),
        (message("<@101>", is_webhook=True, author_is_bot=True), "webhook"),
        (message("<@101>", is_system=True), "system message"),
        (message("<@101>", author_is_bot=True), "author is a bot"),
        (message("<@101>", author_id="102"), "author is a bot"),
    ],
)
def test_only_people_are_answered(inbound: InboundMessage, detail: str) -> None:
    assert verdict(inbound) == Decision(Verdict.NO, Reason.NOT_ADDRESSED, detail)


@pytest.mark.parametrize(
    ("rules", "inbound", "detail"),
    [
        (Rules(patterns=("*",), allowed_user_ids=frozenset({"8"})), message("<@101>"), "user"),
        (
            Rules(patterns=("*",), allowed_user_ids=frozenset({"8"})),
            message(channel_type="dm"),
            "user",
        ),
        (Rules(patterns=("*",), allowed_guild_ids=frozenset({"1"})), message(), "guild"),
        (Rules(patterns=("*",), allowed_channel_ids=frozenset({"1"})), message(), "channel"),
        (Rules(patterns=("*",), allow_dms=False), message(channel_type="dm"), "dm"),
    ],
)
def test_those_who_are_not_allowed_are_refused(
    rules: Rules, inbound: InboundMessage, detail: str
) -> None:
    assert verdict(inbound, rules) == Decision(Verdict.NO, Reason.NOT_ALLOWED, detail)


def test_a_listed_channel_brings_its_threads_and_leaves_dms_alone() -> None:
    rules = Rules(patterns=("*",), allowed_channel_ids=frozenset({"400"}))

    thread = message(
        channel_name="any",
        channel_type="thread",
        parent_channel_id="400",
        parent_channel_name="help",
    )

    assert verdict(thread, rules).verdict is Verdict.CANDIDATE
    assert verdict(message(channel_type="dm"), rules).verdict is Verdict.ANSWER


def test_listed_people_are_heard() -> None:
    rules = Rules(
        patterns=("*",),
        allowed_user_ids=frozenset({"7"}),
        allowed_guild_ids=frozenset({"900"}),
        allowed_channel_ids=frozenset({"500"}),
    )

    assert verdict(message(), rules).verdict is Verdict.CANDIDATE


@pytest.mark.parametrize(
    ("inbound", "detail"),
    [
        (message(channel_type="dm", channel_name=""), "dm"),
        (message(channel_name="tech-help", mentioned_ids=frozenset({"101"})), "mention"),
        (message("so <@!101> then", channel_name="tech-help"), "mention"),
        (message(channel_name="tech-help", reply_to_author_id="101"), "reply"),
        (message("<@102> no", reply_to_author_id="101"), "reply"),
        (message("<@101> and <@102>"), "mention"),
        (message("sage, hello"), "name"),
        (
            message(
                "sage, hello",
                channel_type="thread",
                channel_name="x",
                parent_channel_name="advice-love",
            ),
            "name",
        ),
        (message("sage, spark, hello"), "name"),
    ],
)
def test_who_is_addressed_answers(inbound: InboundMessage, detail: str) -> None:
    assert verdict(inbound) == Decision(Verdict.ANSWER, Reason.ANSWERED, detail)


@pytest.mark.parametrize(
    ("inbound", "detail"),
    [
        (message(mentioned_ids=frozenset({"102"})), "addressed to spark"),
        (message("<@102> <@103> you two"), "addressed to spark, logic"),
        (message(reply_to_author_id="103"), "addressed to logic"),
        (message("Spark, hello"), "addressed to spark"),
        (message("<@102> sage is nice"), "addressed to spark"),
    ],
)
def test_what_is_for_other_bots_is_left_to_them(inbound: InboundMessage, detail: str) -> None:
    assert verdict(inbound) == Decision(Verdict.NO, Reason.NOT_ADDRESSED, detail)


def test_a_name_does_not_count_where_the_bot_does_not_listen() -> None:
    decision = verdict(message("sage, hello", channel_name="tech-help"))

    assert decision == Decision(Verdict.NO, Reason.PATTERN_MISMATCH, "channel tech-help")


@pytest.mark.parametrize(
    ("inbound", "detail"),
    [
        (message("what is time?"), "pattern philosophy"),
        (message("x", channel_name="Advice-Love"), "pattern advice-*"),
        (message("x", channel_name="whatever", channel_type="thread", parent_channel_name="advice-love"), "pattern advice-*"),
        (message("x", channel_name="my post", channel_type="forum_post", parent_channel_name="philosophy"), "pattern philosophy"),
        (message("<@555> hello human"), "pattern philosophy"),
        (message("x", reply_to_author_id="555"), "pattern philosophy"),
        (message("you are sagely"), "pattern philosophy"),
    ],
)  # fmt: skip
def test_a_matching_channel_makes_a_candidate(inbound: InboundMessage, detail: str) -> None:
    assert verdict(inbound) == Decision(Verdict.CANDIDATE, Reason.ANSWERED, detail)


def test_a_thread_is_not_matched_by_its_own_name() -> None:
    inbound = message(
        "x", channel_name="philosophy", channel_type="thread", parent_channel_name="tech-help"
    )

    assert verdict(inbound).reason is Reason.PATTERN_MISMATCH


def test_a_display_name_that_two_bots_share_addresses_neither() -> None:
    one = FleetMember(bot_name=BotName("one"), user_id="1", names=("one", "Helper"))
    two = FleetMember(bot_name=BotName("two"), user_id="2", names=("two", "Helper", "one"))
    rules = Rules(patterns=("*",))

    assert decide(message("helper, hi"), one, (two,), rules).verdict is Verdict.CANDIDATE
    assert decide(message("helper, hi"), two, (one,), rules).verdict is Verdict.CANDIDATE
    assert decide(message("one, hi"), one, (two,), rules).verdict is Verdict.ANSWER
    assert decide(message("one, hi"), two, (one,), rules).verdict is Verdict.NO


def test_a_prefix_of_a_peers_name_is_not_the_peer() -> None:
    sage_two = FleetMember(bot_name=BotName("sage-two"), user_id="104", names=("sage-two",))

    decision = decide(message("sage-two, hello"), SAGE, (sage_two,), RULES)

    assert decision == Decision(Verdict.NO, Reason.NOT_ADDRESSED, "addressed to sage-two")


def test_being_listed_among_its_own_peers_changes_nothing() -> None:
    assert decide(message("sage, hi"), SAGE, (SAGE, *PEERS), RULES).verdict is Verdict.ANSWER
    assert decide(message("hi all"), SAGE, (SAGE, *PEERS), RULES).verdict is Verdict.CANDIDATE
