"""Edits on Discord, and what its histories show later, looked at in the file."""

import contextlib
import json
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from multibot.conversation.message import InboundMessage
from multibot.home import Home
from multibot.store import connection
from multibot.store.inbox import DealtWithError
from multibot.store.stores import BotStore
from tests.store.amended import AT, TURNS, answer, arrive, begin, edit, shown
from tests.store.conftest import OpenBot
from tests.store.material import ANSWER, CANDIDATE, LEASE, RULES, SPARK, START, message, rows


async def test_an_edit_is_applied_once_and_an_older_one_does_not_win(
    home: Home, store: BotStore
) -> None:
    said = await answer(store)
    for content, after in (("second", 20), ("first", 10), ("second again", 20)):
        await store.edits.edited([edit(said, content, after=after)])
    [user, assistant] = rows(home.database, TURNS)
    assert user == ("user", "second", None, AT(20), None)
    assert assistant[1] == "re: hello"
    await store.edits.edited([edit(said, "third", after=21)])
    assert shown(store) == ["third", "re: hello"]


async def test_an_edit_changes_the_attachments_and_nothing_else_that_is_known(
    home: Home, store: BotStore
) -> None:
    said = (await begin(store, attachments=("cat", "dog"), reply_to_message_id="5"))[0]
    await store.edits.edited([edit(said, "x", attachments=("dog",))])
    [(metadata,)] = rows(home.database, "SELECT metadata FROM conversations")
    assert json.loads(metadata) == {"attachments": ["dog"], "reply_to_message_id": "5"}
    await store.edits.edited([edit(said, "x", after=2, attachments=())])
    [(metadata,)] = rows(home.database, "SELECT metadata FROM conversations")
    assert json.loads(metadata) == {"reply_to_message_id": "5"}


async def test_what_is_answered_is_what_the_message_says_when_its_turn_begins(
    home: Home, open_bot: OpenBot
) -> None:
    store = open_bot()
    said = await arrive(store, "helo")
    await store.edits.edited([edit(said, "hello")])
    # As after a kill: another process reads what is left.
    [left] = open_bot().ledger.unfinished()
    assert (left.message.content, left.message.edited_at) == ("hello", START + timedelta(seconds=1))
    await store.ledger.begin(said, RULES)
    assert rows(home.database, TURNS) == [("user", "hello", None, AT(1), None)]
    turn = store.history.said(said.message_id)
    assert turn is not None
    assert turn.content == "hello"
    # An event that was overtaken does not bring the old text back, here or there.
    await store.edits.edited([edit(said, "hullo", after=0.5)])
    assert shown(store) == ["hello"]


async def test_an_edit_during_the_answer_is_in_both_copies(home: Home, open_bot: OpenBot) -> None:
    store = open_bot()
    said, _ = await begin(store, "helo")
    await store.edits.edited([edit(said, "hello")])
    [left] = open_bot().ledger.unfinished()
    assert (left.message.content, shown(store)) == ("hello", ["hello"])


async def test_a_candidate_that_wins_keeps_what_was_edited_meanwhile(open_bot: OpenBot) -> None:
    store = open_bot()
    said = message("helo")
    await store.ledger.receive(said, CANDIDATE, per_minute=10)
    await store.edits.edited([edit(said, "hello")])
    await store.ledger.claim(said, slots=1, lease=LEASE, per_minute=10)
    # As after a kill.
    assert open_bot().ledger.unfinished()[0].message.content == "hello"
    await store.ledger.begin(said, RULES)
    assert shown(store) == ["hello"]


async def test_an_edit_that_comes_before_the_message_is_applied_after_it(store: BotStore) -> None:
    said = message("helo")
    await store.edits.edited([edit(said, "hello", after=2)])
    await store.edits.edited([edit(said, "hullo", after=1)])
    await store.ledger.receive(said, ANSWER, per_minute=10)
    assert store.ledger.unfinished()[0].message.content == "hello"


async def test_a_message_that_came_edited_is_not_set_back(home: Home, store: BotStore) -> None:
    said = edit(message(), "newest", after=30)
    await store.ledger.receive(said, ANSWER, per_minute=10)
    await store.ledger.begin(said, RULES)
    await store.edits.edited([edit(said, "older", after=20)])
    assert rows(home.database, TURNS) == [("user", "newest", None, AT(30), None)]


async def test_half_a_surrogate_pair_is_stored_as_a_question_mark(store: BotStore) -> None:
    said, _ = await begin(store)
    await store.edits.edited([edit(said, "cut \ud83d", attachments=("\ud83d",))])
    assert shown(store) == ["cut ?"]


async def test_another_bots_copy_is_its_own(open_bot: OpenBot) -> None:
    sage, spark = open_bot(), open_bot(SPARK)
    said = message("hello")
    for store in (sage, spark):
        await store.ledger.receive(said, ANSWER, per_minute=10)
        await store.ledger.begin(said, RULES)
    await sage.edits.edited([edit(said, "edited")])
    await spark.edits.deleted([said.message_id])
    assert (shown(sage), shown(spark)) == (["edited"], [])


async def test_what_nobody_has_stored_is_not_written(home: Home, store: BotStore) -> None:
    await begin(store)
    reader = connection.open_reader(home.database)
    before = reader.execute("PRAGMA data_version").fetchone()
    await store.edits.edited([edit(message(), "secret of a stranger")])
    await store.edits.deleted(["77", "78"])
    assert reader.execute("PRAGMA data_version").fetchone() == before
    reader.close()


@pytest.mark.parametrize("seed", range(12))
async def test_in_whatever_order_and_however_often_events_come_the_newest_counts(
    home: Home, store: BotStore, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - orders that a test can repeat
    said = message("first")
    versions = [edit(said, f"edit {number}", after=number) for number in (1, 2, 3)]

    def edits(one: InboundMessage) -> Callable[[], Awaitable[object]]:
        return lambda: store.edits.edited([one])

    events = [edits(each) for each in versions] * 2
    if is_deleted := seed % 3 == 0:
        events += [lambda: store.edits.deleted([said.message_id])] * 2
    dice.shuffle(events)
    arrives, begins = sorted(dice.sample(range(len(events) + 2), 2))
    events.insert(arrives, lambda: store.ledger.receive(said, ANSWER, per_minute=10))
    events.insert(begins, lambda: store.ledger.begin(said, RULES))
    for event in events:
        with contextlib.suppress(DealtWithError):
            await event()

    turns = rows(home.database, "SELECT content FROM conversations")
    waiting = rows(home.database, "SELECT json_extract(message, '$.content') FROM inbox")
    newest = "" if is_deleted else "edit 3"
    assert {content or "" for (content,) in (*turns, *waiting)} == {newest}


async def test_only_what_lies_between_can_be_missing(store: BotStore) -> None:
    for message_id in ("100", "101", "102", "103", "99", "1000", "101x"):
        await begin(store, message_id=message_id)
    await begin(store, message_id="105", channel_id="11")
    await arrive(store, message_id="104")
    await store.edits.deleted(["103"])

    def missing(oldest: str, newest: str, *there: str) -> list[str]:
        return sorted(store.edits.missing("10", there, oldest, newest))

    assert missing("100", "105", "100", "102") == ["101", "104"]
    assert missing("101", "102") == ["101", "102"]
    assert missing("99", "999", "100", "101", "102", "104") == ["99"]


async def test_imported_turns_are_never_missing(home: Home, store: BotStore) -> None:
    await answer(store)
    assert len(store.edits.missing("10", (), "1", "9999999")) == 2
    other = connection.open_writer(home.database)
    other.execute("PRAGMA foreign_keys = OFF")
    other.execute("UPDATE conversations SET import_id = 1")
    other.close()
    assert store.edits.missing("10", (), "1", "9999999") == ()
