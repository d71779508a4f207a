"""Sessions by gap and timeout, on the times Discord gave the messages."""

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from multibot.conversation.message import InboundMessage
from multibot.conversation.session import SessionRules
from multibot.home import Home
from multibot.store import connection
from multibot.store.driver import sqlite
from multibot.store.sessions import Session
from multibot.store.stores import BotStore
from tests.fakes import FakeClock
from tests.store.material import ANSWER, RULES, SHARED, message, rows


async def begin(
    store: BotStore, *seconds: float, rules: SessionRules = RULES, **changes: Any
) -> list[Session]:
    """Begin one message at each of these seconds after the start."""
    return [await store.ledger.begin(message(after=each, **changes), rules) for each in seconds]


def count(sessions: list[Session]) -> int:
    return len({session.session_id for session in sessions})


@pytest.mark.parametrize(
    ("seconds", "sessions"),
    [
        ((0, 299, 599), 1),
        ((0, 300), 1),
        ((0, 300.001), 2),
        ((0, 301), 2),
        ((0, 299, 600), 2),
    ],
)
async def test_silence_longer_than_the_gap_starts_a_session(
    store: BotStore, seconds: tuple[float, ...], sessions: int
) -> None:
    assert count(await begin(store, *seconds)) == sessions


@pytest.mark.parametrize(("last", "sessions"), [(3600, 1), (3600.001, 2), (3601, 2)])
async def test_a_lively_session_ends_at_its_timeout(
    store: BotStore, last: float, sessions: int
) -> None:
    assert count(await begin(store, *range(0, 3600, 200), last)) == sessions


async def test_a_closed_session_says_when_and_why(
    home: Home, store: BotStore, clock: FakeClock
) -> None:
    clock.tick(500)
    await begin(store, 0, 301, *range(500, 3902, 200), 3902)
    assert rows(
        home.database,
        "SELECT is_active, close_reason, closed_at, started_at, display_id FROM sessions"
        " ORDER BY id",
    ) == [
        (0, "gap", "2026-01-01T12:08:20.000Z", "2026-01-01T12:00:00.000Z",
         "2026-01-01_12-00-00_3600s"),
        (0, "timeout", "2026-01-01T12:08:20.000Z", "2026-01-01T12:05:01.000Z",
         "2026-01-01_12-05-01_3600s"),
        (1, None, None, "2026-01-01T13:05:02.000Z", "2026-01-01_13-05-02_3600s"),
    ]  # fmt: skip


async def test_an_older_message_continues_the_open_session(home: Home, store: BotStore) -> None:
    sessions = await begin(store, 1000, 100, 1299)
    assert count(sessions) == 1
    assert rows(home.database, "SELECT started_at, last_activity, message_count FROM sessions") == [
        ("2026-01-01T12:16:40.000Z", "2026-01-01T12:21:39.000Z", 3)
    ]


async def test_a_late_answer_does_not_keep_a_session_alive(
    store: BotStore, clock: FakeClock
) -> None:
    said = message()
    first = await store.ledger.begin(said, RULES)
    clock.tick(250)
    [part] = await store.outbox.stage(said.message_id, ["hello"])
    await store.outbox.mark_sent(said, first.session_id, part, "900", "Sage")
    [second] = await begin(store, 301)
    assert second.session_id != first.session_id


async def test_each_user_and_place_has_a_session_of_its_own(store: BotStore) -> None:
    sessions = [
        *await begin(store, 0),
        *await begin(store, 1, author_id="8"),
        *await begin(store, 2, channel_id="11"),
        *await begin(store, 3, channel_id="12", channel_type="dm", guild_id=None),
    ]
    assert count(sessions) == 4


async def test_users_of_a_channel_share_a_session_by_rule(home: Home, store: BotStore) -> None:
    sessions = [
        *await begin(store, 0, rules=SHARED),
        *await begin(store, 1, rules=SHARED, author_id="8"),
    ]
    assert count(sessions) == 1
    assert rows(home.database, "SELECT user_id, message_count FROM sessions") == [("", 2)]


async def test_the_current_session_is_the_one_a_message_now_would_continue(
    store: BotStore, clock: FakeClock
) -> None:
    assert store.history.current_session("10", "7", RULES) is None
    [begun] = await begin(store, 0)
    clock.tick(300)
    current = store.history.current_session("10", "7", RULES)
    assert current is not None
    assert (current.session_id, current.turns) == (begun.session_id, 1)
    clock.tick(0.001)
    assert store.history.current_session("10", "7", RULES) is None


async def test_the_file_allows_one_open_session_per_key(home: Home, store: BotStore) -> None:
    await begin(store, 0)
    other = connection.open_writer(home.database)
    try:
        with pytest.raises(sqlite.IntegrityError, match="UNIQUE"):
            other.execute(
                "INSERT INTO sessions (bot_name, channel_id, user_id, session_id, started_at,"
                " last_activity, display_id) VALUES ('sage', '10', '7', 's', 'a', 'b', 'c')"
            )
    finally:
        other.close()


async def test_a_session_whose_row_is_gone_is_made_again_under_its_id(
    home: Home, store: BotStore, caplog: pytest.LogCaptureFixture
) -> None:
    said: InboundMessage = message()
    [_, first] = [*await begin(store, -10), await store.ledger.begin(said, RULES)]
    other = connection.open_writer(home.database)
    other.execute("DELETE FROM sessions")
    other.close()
    again = await store.ledger.begin(said, RULES)
    assert again.session_id == first.session_id
    assert again.turns == 2
    assert first.session_id in caplog.text
    assert rows(home.database, "SELECT display_id FROM sessions") == [
        ("2026-01-01_11-59-50_3600s",)
    ]
    assert rows(home.database, "SELECT session_id, is_active FROM sessions") == [
        (first.session_id, 0)
    ]


@pytest.mark.parametrize(("after", "is_same"), [(300, True), (300.001, False)])
async def test_a_session_made_again_goes_on_where_that_is_due(
    home: Home, store: BotStore, after: float, *, is_same: bool
) -> None:
    """Its answers do not lengthen it: only what people wrote counts, as before."""
    said: InboundMessage = message()
    await store.ledger.receive(said, ANSWER, per_minute=10)
    first = await store.ledger.begin(said, RULES)
    [part] = await store.outbox.stage(said.message_id, ["hello"])
    other = connection.open_writer(home.database)
    other.execute("DELETE FROM sessions")
    other.close()
    await store.outbox.mark_sent(said, first.session_id, part, "900", "Sage")
    other = connection.open_writer(home.database)
    other.execute(
        "UPDATE conversations SET timestamp = '2026-01-01T12:04:00.000Z' WHERE part = 0"
        " AND role = 'assistant'"
    )
    other.close()
    [again] = await begin(store, after)
    assert (again.session_id == first.session_id) is is_same


async def test_users_who_shared_a_lost_session_share_it_again(home: Home, store: BotStore) -> None:
    [first] = await begin(store, 0, rules=SHARED)
    said = message(after=1, author_id="8")
    await store.ledger.receive(said, ANSWER, per_minute=10)
    await store.ledger.begin(said, SHARED)
    other = connection.open_writer(home.database)
    other.execute("DELETE FROM sessions")
    other.close()
    await store.ledger.begin(said, SHARED)
    [again] = await begin(store, 2, rules=SHARED)
    assert again.session_id == first.session_id
    assert rows(home.database, "SELECT user_id, is_active FROM sessions") == [("", 1)]


@pytest.fixture(params=["Asia/Tokyo", "America/Los_Angeles"])
def time_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    os.environ.pop("TZ")
    time.tzset()


@pytest.mark.usefixtures("time_zone")
async def test_the_time_zone_of_the_machine_changes_nothing(home: Home, store: BotStore) -> None:
    assert count(await begin(store, 0, 300, 601)) == 2
    assert rows(home.database, "SELECT started_at FROM sessions ORDER BY id") == [
        ("2026-01-01T12:00:00.000Z",),
        ("2026-01-01T12:10:01.000Z",),
    ]


async def test_sessions_of_another_length_are_named_for_it(home: Home, store: BotStore) -> None:
    await begin(store, 0, rules=SessionRules(timeout=timedelta(seconds=60)))
    assert rows(home.database, "SELECT display_id FROM sessions") == [("2026-01-01_12-00-00_60s",)]
