"""Turns of all bots in the order in which they were said, whatever is asked for."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from multibot.home import Home
from multibot.store.archive.criteria import Criteria, SessionKey
from multibot.store.archive.reading import Transcript
from multibot.store.archive.shared import SharedFile
from tests.store.transcripts import change, store, turn

BOTS, CHANNELS, USERS, SESSIONS = ("logic", "sage", "spark"), ("10", "11"), ("7", "8"), ("a", "b")
ROLES = ("user", "assistant")


def some(draw: random.Random) -> Iterator[dict[str, Any]]:
    """Make turns whose times are in no order and often the same."""
    for number in range(120):
        bot, channel = draw.choice(BOTS), draw.choice(CHANNELS)
        yield turn(
            f"turn {number}",
            after=draw.randrange(40),
            bot_name=bot,
            channel_id=channel,
            user_id=draw.choice(USERS),
            session_id=f"{bot}-{channel}-{draw.choice(SESSIONS)}",
            role=draw.choice(ROLES),
        )


def criteria(draw: random.Random) -> Criteria:
    bot, channel = draw.choice(BOTS), draw.choice(CHANNELS)
    session = SessionKey(bot, channel, f"{bot}-{channel}-a")
    times = sorted(turn("", after=draw.randrange(-5, 45))["timestamp"] for _ in range(2))
    return Criteria(
        bot_names=draw.choice([None, None, (bot,), ("sage", "spark"), ("nobody",)]),
        channel_ids=draw.choice([None, None, (channel,), CHANNELS]),
        user_ids=draw.choice([None, None, ("7",), USERS]),
        session=draw.choice([None, None, session]),
        role=draw.choice([None, "user"]),
        since=draw.choice([None, times[0]]),
        until=draw.choice([None, times[1]]),
    )


def fits(row: dict[str, Any], asked: Criteria) -> bool:
    session = asked.session.session_id if asked.session else None
    wanted = [
        (row["bot_name"], asked.bot_names),
        (row["channel_id"], asked.channel_ids),
        (row["user_id"], asked.user_ids),
        (row["session_id"], session and (session,)),
        (row["role"], asked.role and (asked.role,)),
    ]
    is_in_time = (asked.since or "") <= row["timestamp"] < (asked.until or "~")
    return is_in_time and all(values is None or value in values for value, values in wanted)


@pytest.fixture
def said(home: Home) -> list[dict[str, Any]]:
    """What is there to be read, in the right order."""
    rows = list(some(random.Random(1)))  # noqa: S311 - a seed, not a secret
    store(home, rows)
    change(home, "UPDATE conversations SET content = '', deleted_at = 'x' WHERE id % 10 = 0")
    there = [{**row, "id": number} for number, row in enumerate(rows, 1) if number % 10]
    return sorted(there, key=lambda row: (row["timestamp"], row["id"]))


@pytest.mark.parametrize("most_apart", [0, 30, 20_000])
def test_whatever_is_asked_for_is_what_is_read(
    home: Home, said: list[dict[str, Any]], most_apart: int
) -> None:
    """Against plain Python, on each of the ways through the file, over the edges of pages."""
    draw = random.Random(most_apart)  # noqa: S311 - a seed, not a secret
    with SharedFile(home) as shared:
        for _ in range(150):
            asked, newest = criteria(draw), draw.choice([None, 1, 3, 20])
            transcript = Transcript(shared, asked, newest, page=7, most_apart=most_apart)
            expected = [row for row in said if fits(row, asked)][-(newest or 0) :]

            assert [one.id for one in transcript.turns()] == [row["id"] for row in expected]
            sessions = list(transcript.sessions())
            assert [key.session_id for key in sessions] == list(
                dict.fromkeys(row["session_id"] for row in expected)
            )
            parts = {each.id for key in sessions for each in transcript.of_session(key)}
            assert parts == {row["id"] for row in expected}


def test_a_turn_has_all_its_columns(home: Home) -> None:
    row = turn("hello", username="Ada", role="assistant", part=2, metadata='{"a": 1}')
    store(home, [row])

    with SharedFile(home) as shared:
        (read,) = Transcript(shared, Criteria()).turns()

    assert read._asdict() == {**row, "id": 1, "edited_at": None}
    assert not read.is_heard


def test_a_session_is_read_in_the_order_of_storing(home: Home) -> None:
    """An answer to an earlier question may be younger than the next question."""
    store(home, [turn("one"), turn("answer", after=9, role="assistant"), turn("two", after=5)])
    key = SessionKey("sage", "10", "s1")

    with SharedFile(home) as shared:
        transcript = Transcript(shared, Criteria(session=key))
        assert [each.content for each in transcript.of_session(key)] == ["one", "answer", "two"]
        assert [each.content for each in transcript.turns()] == ["one", "two", "answer"]


def test_what_is_written_meanwhile_disturbs_nothing(home: Home) -> None:
    """Bots go on writing while somebody reads; what was there before is read once."""
    store(home, [turn(str(number), after=number) for number in range(50)])
    read = []

    with SharedFile(home) as shared:
        for each in Transcript(shared, Criteria(), page=7).turns():
            read.append(each.id)
            if each.id <= 50:
                store(home, [turn("before", after=-each.id), turn("later", after=1000 + each.id)])

    assert read[:50] == list(range(1, 51))
    assert len(read) == len(set(read))


def test_an_empty_file_has_no_turns(home: Home) -> None:
    with SharedFile(home) as shared:
        assert list(Transcript(shared, Criteria()).turns()) == []
        assert list(Transcript(shared, Criteria(), newest=5).turns()) == []
        assert list(Transcript(shared, Criteria(user_ids=("7",)), newest=5).sessions()) == []
