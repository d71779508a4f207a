"""Edits and deletions on Discord, looked at in the file."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from multibot.conversation.message import InboundMessage
from multibot.home import Home
from multibot.store import connection
from multibot.store.claims import ClaimOutcome
from multibot.store.inbox import DealtWithError, WithdrawnError
from multibot.store.sessions import Session
from multibot.store.stores import BotStore
from tests.fakes import FakeClock
from tests.store.conftest import OpenBot
from tests.store.material import ANSWER, CANDIDATE, LEASE, RULES, SPARK, START, WEEK, message, rows

TURNS = "SELECT role, content, metadata, edited_at, deleted_at FROM conversations ORDER BY id"
INBOX = "SELECT state, reason, detail, json_extract(message, '$.content') FROM inbox"
AT = "2026-01-01T12:00:{:02}.000Z".format
EXPIRED = ("expired", "expired", "deleted before it was answered", None)


def edit(said: InboundMessage, content: str, *, after: float = 1, **changes: Any) -> InboundMessage:
    """Edit a message this many seconds after the start."""
    edited_at = START + timedelta(seconds=after)
    return replace(said, content=content, edited_at=edited_at, **changes)


async def arrive(store: BotStore, content: str = "hello", **changes: Any) -> InboundMessage:
    said = message(content, **changes)
    await store.ledger.receive(said, ANSWER, per_minute=1000)
    return said


async def begin(
    store: BotStore, content: str = "hello", **changes: Any
) -> tuple[InboundMessage, Session]:
    said = await arrive(store, content, **changes)
    return said, await store.ledger.begin(said, RULES)


async def answer(store: BotStore, content: str = "hello", sent_id: str = "5000") -> InboundMessage:
    said, session = await begin(store, content)
    [part] = await store.outbox.stage(said.message_id, [f"re: {content}"])
    await store.outbox.mark_sent(said, session.session_id, part, sent_id, "Sage")
    await store.ledger.finish(said.message_id, "answered", "answered")
    return said


def shown(store: BotStore) -> list[str]:
    return [turn.content for turn in store.history.context("10", "7", RULES, 50, WEEK)]


# -- edits -------------------------------------------------------------------------------------


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


async def test_a_candidate_that_wins_keeps_what_was_edited_meanwhile(store: BotStore) -> None:
    said = message("helo")
    await store.ledger.receive(said, CANDIDATE, per_minute=10)
    await store.edits.edited([edit(said, "hello")])
    await store.ledger.claim(said, slots=1, lease=LEASE, per_minute=10)
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


# -- deletions ---------------------------------------------------------------------------------


async def test_a_deleted_message_leaves_an_empty_row(
    home: Home, store: BotStore, clock: FakeClock
) -> None:
    said = (await begin(store, "secret", attachments=("a.png",)))[0]
    clock.tick(5)
    await store.edits.deleted([said.message_id])
    clock.tick(5)
    await store.edits.deleted([said.message_id])
    await store.edits.edited([edit(said, "secret too", after=50)])
    assert rows(home.database, TURNS) == [("user", "", None, None, AT(5))]
    assert (shown(store), store.history.said(said.message_id)) == ([], None)
    assert store.history.lately("10", "7", 10) == ()


async def test_of_a_deleted_message_not_a_word_is_left_in_the_files(
    home: Home, store: BotStore
) -> None:
    said = await answer(store, "extraordinarysecret")
    await store.edits.deleted([said.message_id, "5000"])
    await store.close()
    writer = connection.open_writer(home.database)
    assert writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    writer.close()
    for path in home.data.glob("conversations.db*"):
        assert b"extraordinarysecret" not in path.read_bytes(), path


async def test_a_message_deleted_before_its_answer_is_not_answered(
    home: Home, store: BotStore
) -> None:
    waiting = await arrive(store)
    begun, _ = await begin(store)
    await store.edits.deleted([waiting.message_id, begun.message_id])
    assert rows(home.database, INBOX) == [EXPIRED, EXPIRED]
    assert rows(home.database, "SELECT count(*) FROM channel_turns") == [(0,)]
    assert store.ledger.unfinished() == ()
    for said in (waiting, begun):
        with pytest.raises(DealtWithError):
            await store.ledger.begin(said, RULES)
        with pytest.raises(DealtWithError):
            await store.outbox.stage(said.message_id, ["an answer"])


async def test_a_candidate_does_not_claim_what_was_deleted(home: Home, store: BotStore) -> None:
    said = message()
    await store.ledger.receive(said, CANDIDATE, per_minute=10)
    await store.edits.deleted([said.message_id])
    claim = await store.ledger.claim(said, slots=1, lease=LEASE, per_minute=10)
    assert claim.outcome is ClaimOutcome.TAKEN
    assert rows(home.database, "SELECT count(*) FROM message_claims") == [(0,)]


async def test_a_claim_is_settled_when_its_message_is_deleted(
    open_bot: OpenBot, clock: FakeClock
) -> None:
    sage, spark = open_bot(), open_bot(SPARK)
    said = message()
    for store in (sage, spark):
        await store.ledger.receive(said, CANDIDATE, per_minute=10)
        await store.ledger.claim(said, slots=1, lease=LEASE, per_minute=10)
    await sage.edits.deleted([said.message_id])
    clock.tick(1000)
    assert spark.ledger.orphaned() == ()


async def test_a_deletion_that_comes_before_the_message_counts(home: Home, store: BotStore) -> None:
    said = message("secret")
    await store.edits.deleted([said.message_id])
    await store.edits.edited([edit(said, "secret")])
    await store.ledger.receive(said, ANSWER, per_minute=10)
    assert rows(home.database, INBOX) == [EXPIRED]


async def test_an_answer_that_grows_is_withdrawn_with_its_question(
    home: Home, open_bot: OpenBot
) -> None:
    store = open_bot()
    said, _ = await begin(store, "secret")
    await store.outbox.open_part(said.message_id, 0, "beginning")
    await store.outbox.mark_shown(said.message_id, 0, "5000")
    await store.outbox.open_part(said.message_id, 1, "more")
    await store.edits.deleted([said.message_id])
    assert rows(home.database, INBOX) == [("generating", "answered", "mention", "")]
    for contents in (["all of it"], []):
        with pytest.raises(WithdrawnError):
            await store.outbox.finalise(said.message_id, contents)
    # As after a kill.
    with pytest.raises(WithdrawnError):
        await open_bot().ledger.begin(said, RULES)
    parts = await store.outbox.abandon(said.message_id)
    assert [(part.state, part.sent_message_id) for part in parts] == [
        ("abandoned", "5000"),
        ("abandoned", None),
    ]


async def test_an_answer_that_is_complete_is_sent_all_the_same(home: Home, store: BotStore) -> None:
    said, session = await begin(store, "secret")
    parts = await store.outbox.stage(said.message_id, ["one", "two"])
    await store.outbox.mark_sent(said, session.session_id, parts[0], "5000", "Sage")
    await store.edits.deleted([said.message_id])
    assert rows(home.database, INBOX) == [("sending", "answered", "mention", "")]
    await store.ledger.begin(said, RULES)
    await store.outbox.mark_sent(said, session.session_id, parts[1], "5001", "Sage")
    assert shown(store) == ["one", "two"]


async def test_a_moderator_deletes_an_answer(home: Home, store: BotStore) -> None:
    await answer(store, sent_id="5000")
    await store.edits.deleted(["5000"])
    assert shown(store) == ["hello"]
    assert rows(home.database, "SELECT state, content FROM outbox") == [("sent", "")]
    [_, (_, content, metadata, _, deleted_at)] = rows(home.database, TURNS)
    assert (content, metadata, deleted_at) == ("", None, AT(0))


async def test_an_answer_deleted_while_it_grows_is_stored_as_deleted(
    home: Home, store: BotStore
) -> None:
    said, session = await begin(store)
    await store.outbox.open_part(said.message_id, 0, "beginning")
    await store.outbox.mark_shown(said.message_id, 0, "5000")
    await store.edits.deleted(["5000"])
    [part] = await store.outbox.finalise(said.message_id, ["all of it"])
    await store.outbox.mark_sent(said, session.session_id, part, "5000", "Sage")
    assert rows(home.database, "SELECT state, content FROM outbox") == [("sent", "")]
    assert rows(home.database, TURNS)[1] == ("assistant", "", None, None, AT(0))
    assert rows(home.database, "SELECT message_count FROM sessions") == [(2,)]


@pytest.mark.parametrize("told", [True, False])
async def test_an_answer_deleted_before_it_is_known_is_stored_as_deleted(
    home: Home, store: BotStore, *, told: bool
) -> None:
    """The event may be faster than Discord's answer to the sending, or be missed altogether."""
    said, session = await begin(store)
    [part] = await store.outbox.stage(said.message_id, ["an answer"])
    if told:
        await store.edits.deleted(["5000"])
    await store.outbox.mark_sent(said, session.session_id, part, "5000", "Sage", is_gone=not told)
    assert rows(home.database, "SELECT state, content FROM outbox") == [("sent", "")]
    assert rows(home.database, TURNS)[1] == ("assistant", "", None, None, AT(0))


async def test_an_answer_whose_question_was_forgotten_leaves_nothing(
    home: Home, store: BotStore
) -> None:
    said, session = await begin(store)
    [part] = await store.outbox.stage(said.message_id, ["about you"])
    other = connection.open_writer(home.database)
    for table in ("conversations", "sessions", "inbox"):
        other.execute(f"DELETE FROM {table}")  # noqa: S608 - two names
    other.close()
    await store.outbox.mark_sent(said, session.session_id, part, "5000", "Sage")
    assert rows(home.database, "SELECT content FROM outbox") == [("",)]
    assert rows(home.database, "SELECT 1 FROM conversations, sessions") == []


# -- what Discord shows later ------------------------------------------------------------------


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
