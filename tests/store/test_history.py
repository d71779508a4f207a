"""What a model is shown: the newest turns, over session boundaries, back to the last clear."""

from datetime import timedelta
from typing import Any

from multibot.home import Home
from multibot.store import connection
from multibot.store.stores import BotStore
from tests.fakes import FakeClock
from tests.store.conftest import OpenBot
from tests.store.material import RULES, SHARED, SPARK, WEEK, message, rows


async def say(store: BotStore, *texts: str, after: float = 0, **changes: Any) -> None:
    for text in texts:
        await store.ledger.begin(message(text, after=after, **changes), RULES)


def shown(store: BotStore, limit: int = 50, max_age: timedelta = WEEK) -> list[str]:
    return [turn.content for turn in store.history.context("10", "7", RULES, limit, max_age)]


async def test_the_newest_turns_oldest_first(store: BotStore) -> None:
    await say(store, *(f"turn {n}" for n in range(10)))
    assert shown(store, limit=3) == ["turn 7", "turn 8", "turn 9"]


async def test_order_is_that_of_storing_whatever_the_times(store: BotStore) -> None:
    await say(store, "first", after=100)
    await say(store, "second", after=50)
    assert shown(store) == ["first", "second"]
    assert shown(store, limit=1) == ["second"]


async def test_turns_of_earlier_sessions_are_shown(store: BotStore) -> None:
    await say(store, "yesterday", after=-86400)
    await say(store, "today")
    turns = store.history.context("10", "7", RULES, 50, WEEK)
    assert [turn.content for turn in turns] == ["yesterday", "today"]
    assert turns[0].session_id != turns[1].session_id


async def test_turns_older_than_the_limit_are_not_shown(store: BotStore) -> None:
    await say(store, "too old", after=-604800.001)
    await say(store, "just not", after=-604800)
    await say(store, "new")
    assert shown(store) == ["just not", "new"]


async def test_other_users_and_channels_are_not_shown(store: BotStore) -> None:
    await say(store, "mine")
    await say(store, "another's", author_id="8")
    await say(store, "private", channel_id="12", channel_type="dm")
    assert shown(store) == ["mine"]


async def test_a_shared_channel_shows_everybody(store: BotStore) -> None:
    for user in ("7", "8"):
        said = message(f"from {user}", author_id=user, author_name=f"user {user}")
        session = await store.ledger.begin(said, SHARED)
        [part] = await store.outbox.stage(said.message_id, [f"to {user}"])
        await store.outbox.mark_sent(said, session.session_id, part, f"9{user}", "Sage")
    turns = store.history.context("10", "7", SHARED, 50, WEEK)
    assert [(turn.role, turn.content, turn.user_name) for turn in turns] == [
        ("user", "from 7", "user 7"),
        ("assistant", "to 7", "Sage"),
        ("user", "from 8", "user 8"),
        ("assistant", "to 8", "Sage"),
    ]
    await store.history.clear("10", "8", SHARED)
    assert store.history.context("10", "7", SHARED, 50, WEEK) == ()


async def test_deleted_turns_are_left_out(home: Home, store: BotStore) -> None:
    await say(store, "one", "two", "three")
    other = connection.open_writer(home.database)
    other.execute("UPDATE conversations SET deleted_at = 'now' WHERE content = 'two'")
    other.close()
    assert shown(store, limit=2) == ["one", "three"]


async def test_nothing_before_a_clear_is_shown_and_nothing_is_lost(
    home: Home, store: BotStore
) -> None:
    await say(store, "before")
    await store.history.clear("10", "7", RULES)
    assert shown(store) == []
    assert store.history.current_session("10", "7", RULES) is None
    await say(store, "after", after=1)
    assert shown(store) == ["after"]
    assert rows(home.database, "SELECT close_reason FROM sessions ORDER BY id") == [
        ("clear",),
        (None,),
    ]
    assert rows(home.database, "SELECT count(*) FROM conversations") == [(2,)]


async def test_a_clear_counts_when_the_session_had_ended_already(
    store: BotStore, clock: FakeClock
) -> None:
    await say(store, "before")
    clock.tick(1000)
    await say(store, "between", after=1000)
    clock.tick(1000)
    await store.history.clear("10", "7", RULES)
    assert shown(store) == []
    await store.history.clear("10", "7", RULES)
    await say(store, "after", after=2000)
    assert shown(store) == ["after"]


async def test_an_answer_still_being_made_at_the_clear_is_not_shown(store: BotStore) -> None:
    said = message("before")
    session = await store.ledger.begin(said, RULES)
    [part] = await store.outbox.stage(said.message_id, ["late answer"])
    await store.history.clear("10", "7", RULES)
    await store.outbox.mark_sent(said, session.session_id, part, "900", "Sage")
    await say(store, "after", after=1)
    assert shown(store) == ["after"]


async def test_a_clear_is_that_users_and_that_bots(open_bot: OpenBot) -> None:
    sage, spark = open_bot(), open_bot(SPARK)
    for store in (sage, spark):
        await say(store, "mine")
    await sage.history.clear("10", "8", RULES)
    await sage.history.clear("11", "7", RULES)
    await spark.history.clear("10", "7", RULES)
    assert shown(sage) == ["mine"]
    assert shown(spark) == []


async def test_a_turn_is_read_back_as_it_was(store: BotStore) -> None:
    said = message("hello", after=1.234)
    session = await store.ledger.begin(said, RULES)
    [turn] = store.history.context("10", "7", RULES, 50, WEEK)
    assert (turn.role, turn.content, turn.at, turn.session_id, turn.message_id) == (
        "user",
        "hello",
        said.created_at,
        session.session_id,
        said.message_id,
    )
    assert (turn.user_id, turn.user_name, turn.part) == ("7", "Al", 0)
