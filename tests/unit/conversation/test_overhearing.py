"""Whom a bot's message speaks to, and which messages are parts of one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from multibot.conversation.addressing import FleetMember
from multibot.conversation.message import BotName, ChannelId, InboundMessage
from multibot.conversation.overhearing import Heard, Underway, listen, turn_of
from multibot.conversation.ruling import How

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
SAGE = FleetMember(bot_name=BotName("sage"), user_id="901", names=("sage", "Dream"))
SPARK = FleetMember(bot_name=BotName("spark"), user_id="902", names=("spark",))
LOGIC = FleetMember(
    bot_name=BotName("logic"), user_id="903", names=("logic",), patterns=("philosophy",)
)
NOBODY = Heard(author=SAGE.bot_name)
TO_SPARK = replace(NOBODY, others=(SPARK.bot_name,))


def message(content: str = "hello", **changes: Any) -> InboundMessage:
    """Make a message of sage."""
    values: dict[str, Any] = {
        "message_id": "1000",
        "channel_id": ChannelId("10"),
        "channel_type": "channel",
        "channel_name": "general",
        "guild_id": "1",
        "author_id": "901",
        "author_name": "Dream",
        "author_is_bot": True,
        "content": content,
        "created_at": START,
    }
    return InboundMessage(**(values | changes))


def heard(said: InboundMessage, me: FleetMember = SPARK) -> Heard | None:
    return listen(said, me, [each for each in (SAGE, SPARK, LOGIC) if each != me])


@pytest.mark.parametrize(
    ("said", "how"),
    [
        (message("<@902> hello"), How.MENTION),
        (message("<@!902> hello"), How.MENTION),
        (message(mentioned_ids=frozenset({"902"})), How.MENTION),
        (message("spark, what do you say?"), How.NAME),
        (message("Hey Spark!"), How.NAME),
        (message(reply_to_author_id="902"), How.REPLY),
        (message("<@902>", reply_to_author_id="902"), How.REPLY),
        (message("spark, <@902>"), How.MENTION),
        (message("a spark of hope"), None),
        (message("`spark, hello`"), None),
        (message("> spark, hello"), None),
        (message("https://spark.example/ it is"), None),
        (message(reply_to_message_id="5"), None),
    ],
)
def test_how_a_bot_is_spoken_to(said: InboundMessage, how: How | None) -> None:
    assert heard(said) == replace(NOBODY, how=how)


def test_the_others_it_speaks_to_are_named() -> None:
    said = message("<@902> and <@903>", reply_to_author_id="903")

    assert heard(said) == Heard(author=SAGE.bot_name, how=How.MENTION, others=(LOGIC.bot_name,))
    found = heard(said, LOGIC)
    assert found == Heard(author=SAGE.bot_name, how=How.REPLY, others=(SPARK.bot_name,))
    assert found is not None
    assert found.in_exchange
    assert heard(message("<@902>"), LOGIC) == TO_SPARK
    assert TO_SPARK.in_exchange
    assert not NOBODY.in_exchange


def test_a_name_counts_only_where_its_bot_listens() -> None:
    said = message("logic, what do you say?")

    assert heard(said, LOGIC) == NOBODY
    found = heard(replace(said, channel_name="philosophy"), LOGIC)
    assert found == replace(NOBODY, how=How.NAME)
    assert heard(message("<@903>"), LOGIC) == replace(NOBODY, how=How.MENTION)


def test_a_bot_that_names_itself_speaks_to_nobody() -> None:
    assert heard(message("Dream: I am sage, sage!")) == NOBODY


@pytest.mark.parametrize(
    "changes",
    [
        {"author_id": "999"},
        {"author_id": "902"},
        {"is_webhook": True},
        {"is_system": True},
    ],
)
def test_strangers_webhooks_and_itself_are_nobody(changes: dict[str, Any]) -> None:
    assert heard(message("<@902>", **changes)) is None


def test_a_bot_that_is_not_alive_is_a_stranger() -> None:
    assert listen(message("<@902>"), SPARK, [LOGIC]) is None
    assert listen(message("<@903>"), SPARK, [SAGE]) == NOBODY


def underway(*turns: str, seconds: float = -1) -> list[Underway]:
    return [
        Underway(turn, START + timedelta(seconds=seconds - number))
        for number, turn in enumerate(turns)
    ]


def test_a_message_that_belongs_to_nothing_is_a_turn_of_its_own() -> None:
    assert turn_of(message(), START, []) == "1000"
    assert turn_of(message(reply_to_message_id="5"), START, []) == "1000"


def test_the_first_part_is_known_by_what_it_replies_to() -> None:
    assert turn_of(message(reply_to_message_id="5"), START, underway("4", "5")) == "5"
    assert turn_of(message(reply_to_message_id="6"), START, underway("4", "5")) == "1000"


def test_a_later_part_belongs_to_the_oldest_answer_under_way() -> None:
    assert turn_of(message(), START, underway("4", "3")) == "3"


def test_an_answer_that_was_begun_later_does_not_hold_what_was_said_before() -> None:
    assert turn_of(message(), START, underway("4", seconds=61)) == "1000"
    assert turn_of(message(), START, underway("4", seconds=60)) == "4"


def test_what_never_left_holds_nothing() -> None:
    assert turn_of(message(), START, underway("4", seconds=-901)) == "1000"
    assert turn_of(message(), START, underway("4", seconds=-900)) == "4"
    said = message(reply_to_message_id="4")
    assert turn_of(said, START, underway("4", seconds=-9999)) == "4"
