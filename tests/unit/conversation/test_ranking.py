from datetime import UTC, datetime

import pytest

from multibot.conversation.message import BotName, ChannelId, InboundMessage
from multibot.conversation.ranking import Candidate, rank, topics_in

A, B, C = BotName("a"), BotName("b"), BotName("c")


def message(content: str = "", author: str = "7", channel: str = "5") -> InboundMessage:
    return InboundMessage(
        message_id="1",
        channel_id=ChannelId(channel),
        channel_type="channel",
        author_id=author,
        author_name="mira",
        content=content,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def order(
    candidates: list[Candidate], inbound: InboundMessage, last: BotName | None = None
) -> list[BotName]:
    names = [candidate.bot_name for candidate in candidates]
    return sorted(names, key=lambda name: rank(name, candidates, inbound, last))


def test_who_answered_this_user_last_goes_first_then_priority_then_topic() -> None:
    candidates = [
        Candidate(bot_name=A, priority=0, topics=("time",)),
        Candidate(bot_name=B, priority=5),
        Candidate(bot_name=C, priority=0),
    ]

    assert order(candidates, message("what is time?"), last=C) == [C, B, A]
    assert order(candidates, message("what is time?")) == [B, A, C]


def test_more_topics_go_before_fewer() -> None:
    candidates = [
        Candidate(bot_name=A, priority=0, topics=("sql",)),
        Candidate(bot_name=B, priority=0, topics=("sql", "index")),
    ]

    assert order(candidates, message("SQL index")) == [B, A]


def test_every_bot_sees_the_same_order_whatever_the_list_order() -> None:
    candidates = [Candidate(bot_name=name, priority=0) for name in (A, B, C)]

    for author in map(str, range(20)):
        seen = order(candidates, message(author=author))
        assert seen == order(candidates[::-1], message(author=author))
        assert sorted(rank(name, candidates, message(author=author), None) for name in seen) == [
            0,
            1,
            2,
        ]


def test_the_lot_differs_by_user_and_channel() -> None:
    candidates = [Candidate(bot_name=name, priority=0) for name in (A, B, C)]

    firsts = {order(candidates, message(author=str(n)))[0] for n in range(50)}
    by_channel = {order(candidates, message(channel=str(n)))[0] for n in range(50)}

    assert firsts == by_channel == {A, B, C}


def test_the_lot_stays_the_same_over_versions() -> None:
    """Bots of two versions may run side by side while a fleet restarts."""
    candidates = [Candidate(bot_name=name, priority=0) for name in (A, B, C)]

    assert order(candidates, message()) == [C, B, A]


def test_a_stranger_comes_after_all() -> None:
    assert rank(BotName("x"), [Candidate(bot_name=A, priority=0)], message(), None) == 1
    assert rank(A, [], message(), None) == 0


@pytest.mark.parametrize(
    ("text", "topics", "count"),
    [
        ("I like Jazz", ("jazz",), 1),
        ("jazzy", ("jazz",), 0),
        ("creative   writing", ("Creative Writing",), 1),
        ("c++ and a.b", ("c++", "a.b", "axb"), 2),
        ("anything", ("", " "), 0),
        ("jazz", ("jazz", "JAZZ"), 1),
    ],
)
def test_topics_are_whole_words(text: str, topics: tuple[str, ...], count: int) -> None:
    assert topics_in(text, topics) == count
