"""What came in and what went out, looked at in the file."""

import dataclasses
import hashlib
import json
from datetime import timedelta

import pytest

from multibot.clock import to_text
from multibot.conversation.message import InboundMessage
from multibot.errors import StoreUnavailableError
from multibot.home import Home
from multibot.store.ledger import Receipt
from multibot.store.outbox import OutboxPart
from multibot.store.stores import BotStore
from tests.fakes import FakeClock
from tests.store.conftest import OpenBot
from tests.store.material import (
    ANSWER,
    CANDIDATE,
    LEASE,
    NOT_ADDRESSED,
    RULES,
    SPARK,
    WEEK,
    message,
    rows,
)

INBOX = "SELECT bot_name, message_id, decision, reason, detail, state, message FROM inbox"


async def answer(store: BotStore, said: InboundMessage, *parts: str) -> None:
    """Take one message from arrival to answer."""
    await store.ledger.receive(said, ANSWER, per_minute=1000)
    session = await store.ledger.begin(said, RULES)
    for part in await store.outbox.stage(said.message_id, parts):
        sent_id = f"{said.message_id}-{part.part}"
        await store.outbox.mark_sent(said, session.session_id, part, sent_id, "Sage")
    await store.ledger.finish(said.message_id, "answered", "answered")


async def test_a_message_to_answer_is_stored_whole(home: Home, store: BotStore) -> None:
    said = message(
        "hi \N{WAVING HAND SIGN}",
        mentioned_ids=frozenset({"9", "8"}),
        attachments=("picture",),
        reply_to_message_id="5",
    )
    assert await store.ledger.receive(said, ANSWER, per_minute=10) is Receipt.NEW
    [row] = rows(home.database, INBOX)
    assert row[:6] == ("sage", said.message_id, "answer", "answered", "mention", "received")
    stored = json.loads(row[6])
    assert set(stored) == {field.name for field in dataclasses.fields(InboundMessage)}
    assert stored["content"] == said.content
    assert stored["mentioned_ids"] == ["8", "9"]
    assert stored["attachments"] == ["picture"]
    assert stored["created_at"] == "2026-01-01T12:00:00.000Z"


async def test_a_message_is_stored_once(home: Home, store: BotStore) -> None:
    said = message()
    assert await store.ledger.receive(said, ANSWER, per_minute=10) is Receipt.NEW
    assert await store.ledger.receive(said, ANSWER, per_minute=10) is Receipt.DUPLICATE
    assert await store.ledger.receive(said, CANDIDATE, per_minute=10) is Receipt.DUPLICATE
    await store.ledger.decline(said, NOT_ADDRESSED)
    assert [row[5] for row in rows(home.database, INBOX)] == ["received"]


async def test_a_declined_message_leaves_its_reason_and_nothing_it_says(
    home: Home, store: BotStore
) -> None:
    said = message("a secret")
    await store.ledger.decline(said, NOT_ADDRESSED)
    assert rows(home.database, INBOX) == [
        ("sage", said.message_id, "no", "not_addressed", "addressed to spark", "declined", None)
    ]
    assert await store.ledger.receive(said, ANSWER, per_minute=10) is Receipt.DUPLICATE


async def test_a_whole_answer(home: Home, clock: FakeClock, store: BotStore) -> None:
    said = message("what is time?", after=-2)
    await store.ledger.receive(said, ANSWER, per_minute=10)
    session = await store.ledger.begin(said, RULES)
    assert (session.turns, session.is_new) == (1, True)
    assert rows(home.database, "SELECT state, session_id FROM inbox") == [
        ("generating", session.session_id)
    ]
    parts = await store.outbox.stage(said.message_id, ["A river.", "And a clock."])
    assert [(part.part, part.content, part.sent_message_id) for part in parts] == [
        (0, "A river.", None),
        (1, "And a clock.", None),
    ]
    assert rows(home.database, "SELECT state FROM inbox") == [("sending",)]
    for number, part in enumerate(parts):
        await store.outbox.mark_sent(said, session.session_id, part, f"90{number}", "Sage")
    await store.ledger.finish(said.message_id, "answered", "answered")
    assert rows(
        home.database,
        "SELECT role, part, message_id, user_id, username, content, timestamp, session_id,"
        " channel_name, channel_type, guild_id FROM conversations ORDER BY id",
    ) == [
        ("user", 0, said.message_id, "7", "Al", "what is time?", "2026-01-01T11:59:58.000Z",
         session.session_id, "general", "channel", "1"),
        ("assistant", 0, "900", "7", "Sage", "A river.", to_text(clock.now()),
         session.session_id, "general", "channel", "1"),
        ("assistant", 1, "901", "7", "Sage", "And a clock.", to_text(clock.now()),
         session.session_id, "general", "channel", "1"),
    ]  # fmt: skip
    assert rows(home.database, "SELECT state, sent_message_id FROM outbox ORDER BY part") == [
        ("sent", "900"),
        ("sent", "901"),
    ]
    assert [row[3:] for row in rows(home.database, INBOX)] == [
        ("answered", "mention", "answered", None)
    ]
    assert rows(home.database, "SELECT message_count FROM sessions") == [(3,)]


async def test_a_turn_remembers_what_has_no_column(home: Home, store: BotStore) -> None:
    await store.ledger.begin(message(reply_to_message_id="5", attachments=("picture",)), RULES)
    await store.ledger.begin(message(), RULES)
    [(first,), (second,)] = rows(home.database, "SELECT metadata FROM conversations ORDER BY id")
    assert json.loads(first) == {"reply_to_message_id": "5", "attachments": ["picture"]}
    assert second is None


async def test_an_answer_remembers_what_it_answers(home: Home, store: BotStore) -> None:
    said = message()
    await answer(store, said, "hello")
    [(metadata,)] = rows(
        home.database, "SELECT metadata FROM conversations WHERE role = 'assistant'"
    )
    assert json.loads(metadata) == {"response_to_message_id": said.message_id}


async def test_beginning_twice_stores_one_turn_in_one_session(home: Home, store: BotStore) -> None:
    said = message()
    await store.ledger.receive(said, ANSWER, per_minute=10)
    first = await store.ledger.begin(said, RULES)
    second = await store.ledger.begin(said, RULES)
    assert second.session_id == first.session_id
    assert (second.turns, second.is_new) == (1, False)
    assert rows(home.database, "SELECT count(*) FROM conversations") == [(1,)]


async def test_nonces_are_the_same_in_every_run_and_differ_by_bot_message_and_part(
    open_bot: OpenBot,
) -> None:
    sage, spark = open_bot(), open_bot(SPARK)
    for store, message_id in ((sage, "1"), (sage, "2"), (spark, "1")):
        await store.ledger.begin(message(message_id=message_id), RULES)
    nonces = [part.nonce for part in await sage.outbox.stage("1", ["a", "b"])]
    nonces += [part.nonce for part in await sage.outbox.stage("2", ["a"])]
    nonces += [part.nonce for part in await spark.outbox.stage("1", ["a"])]
    assert len(set(nonces)) == 4
    assert nonces[0] == hashlib.blake2b(b"sage\x001\x000", digest_size=12).hexdigest()
    assert [part.nonce for part in await open_bot().outbox.stage("1", ["other"])] == nonces[:2]


async def test_what_was_staged_first_is_what_is_sent(store: BotStore) -> None:
    await store.ledger.begin(message(message_id="1"), RULES)
    first = await store.outbox.stage("1", ["one", "two"])
    await store.outbox.mark_sent(message(message_id="1"), "s", first[0], "900", "Sage")
    staged = (dataclasses.replace(first[0], state="sent", sent_message_id="900"), first[1])
    assert await store.outbox.stage("1", ["another"]) == staged
    assert await store.outbox.stage("1", ["another", "with", "more"]) == staged


async def test_marking_a_part_twice_stores_one_turn(home: Home, store: BotStore) -> None:
    said = message()
    session = await store.ledger.begin(said, RULES)
    [part] = await store.outbox.stage(said.message_id, ["hello"])
    await store.outbox.mark_sent(said, session.session_id, part, "900", "Sage")
    await store.outbox.mark_sent(said, session.session_id, part, "901", "Sage")
    assert rows(home.database, "SELECT message_id FROM conversations WHERE role = 'assistant'") == [
        ("900",)
    ]
    assert rows(home.database, "SELECT message_count FROM sessions") == [(2,)]


@pytest.mark.parametrize("state", ["answered", "failed", "expired", "declined"])
async def test_a_finished_message_keeps_its_reason(home: Home, store: BotStore, state: str) -> None:
    said = message()
    await store.ledger.receive(said, ANSWER, per_minute=10)
    await store.ledger.finish(said.message_id, state, "failed", "no model")  # type: ignore[arg-type]
    assert [row[3:] for row in rows(home.database, INBOX)] == [("failed", "no model", state, None)]


async def test_the_last_answerer_is_asked_over_all_bots(
    open_bot: OpenBot, clock: FakeClock
) -> None:
    sage, spark = open_bot(), open_bot(SPARK)
    since = clock.now() - timedelta(seconds=300)
    assert sage.ledger.last_answerer("10", "7", since) is None
    await answer(sage, message(), "one")
    clock.tick(1)
    await answer(spark, message(), "two")
    clock.tick(1)
    await spark.ledger.receive(message(), ANSWER, per_minute=1000)
    assert sage.ledger.last_answerer("10", "7", since) == SPARK
    assert sage.ledger.last_answerer("10", "8", since) is None
    assert sage.ledger.last_answerer("11", "7", since) is None
    clock.tick(300)
    assert sage.ledger.last_answerer("10", "7", clock.now() - timedelta(seconds=300)) is None


async def test_two_bots_on_one_file_see_nothing_of_each_other(
    home: Home, open_bot: OpenBot
) -> None:
    sage, spark = open_bot(), open_bot(SPARK)
    said = message("for both")
    await answer(sage, said, "from sage")
    assert spark.history.context("10", "7", RULES, 50, WEEK) == ()
    assert spark.history.current_session("10", "7", RULES) is None
    await answer(spark, said, "from spark")
    await spark.history.clear("10", "7", RULES)
    assert [turn.content for turn in sage.history.context("10", "7", RULES, 50, WEEK)] == [
        "for both",
        "from sage",
    ]
    assert sage.history.current_session("10", "7", RULES) is not None
    assert rows(home.database, "SELECT bot_name, count(*) FROM outbox GROUP BY 1 ORDER BY 1") == [
        ("sage", 1),
        ("spark", 1),
    ]


async def test_another_bots_outbox_cannot_be_marked(home: Home, open_bot: OpenBot) -> None:
    sage, spark = open_bot(), open_bot(SPARK)
    said = message()
    await sage.ledger.begin(said, RULES)
    [part] = await sage.outbox.stage(said.message_id, ["hello"])
    await spark.outbox.mark_sent(said, "s", part, "900", "Spark")
    assert rows(home.database, "SELECT state FROM outbox") == [("pending",)]


async def test_text_that_utf8_cannot_hold_is_stored_all_the_same(
    home: Home, store: BotStore
) -> None:
    """A stream of a model can be cut in the middle of a surrogate pair."""
    said = message("half \ud83d of a pair", author_name="\udc4b", attachments=("\ud83d",))
    await answer(store, said, "and \ud83d back")
    assert rows(home.database, "SELECT content FROM conversations ORDER BY id") == [
        ("half ? of a pair",),
        ("and ? back",),
    ]


async def test_a_notice_is_due_once_per_window(open_bot: OpenBot, clock: FakeClock) -> None:
    sage, spark = open_bot(), open_bot(SPARK)
    window = timedelta(minutes=10)
    assert await sage.ledger.notice_due("failure", "10", window)
    assert not await spark.ledger.notice_due("failure", "10", window)
    assert await spark.ledger.notice_due("failure", "11", window)
    clock.tick(599.999)
    assert not await sage.ledger.notice_due("failure", "10", window)
    clock.tick(0.001)
    assert await spark.ledger.notice_due("failure", "10", window)
    assert not await sage.ledger.notice_due("failure", "10", window)


async def test_a_closed_store_refuses(open_bot: OpenBot) -> None:
    store = open_bot()
    await store.close()
    with pytest.raises(StoreUnavailableError):
        await store.ledger.receive(message(), ANSWER, per_minute=10)
    with pytest.raises(StoreUnavailableError):
        await store.ledger.renew("1", LEASE)


def test_an_outbox_part_is_a_value() -> None:
    assert OutboxPart(0, "n", "text") == OutboxPart(0, "n", "text", "pending", None)


@pytest.mark.parametrize("body", ["[]", "3", "{}", '{"created_at": 1}'])
async def test_a_stored_message_that_cannot_be_read_ends_as_failed_and_blocks_no_other(
    home: Home, store: BotStore, body: str
) -> None:
    broken, sound = message("one", message_id="1"), message("two", message_id="2")
    for each in (broken, sound):
        await store.ledger.receive(each, ANSWER, per_minute=10)
    await store.writer.run(
        lambda writing: writing.execute(
            "UPDATE inbox SET message = ? WHERE message_id = '1'", [body]
        )
    )
    assert [each.message for each in store.ledger.unfinished()] == [sound]

    await store.ledger.give_up_unreadable()
    [first, second] = rows(home.database, "SELECT state, reason, detail FROM inbox ORDER BY id")
    assert first[:2] == ("failed", "failed")
    assert "cannot be read" in first[2]
    assert second[0] == "received"
