"""Deletions on Discord, looked at in the file."""

import pytest

from multibot.home import Home
from multibot.store import connection
from multibot.store.claims import ClaimOutcome
from multibot.store.inbox import DealtWithError, WithdrawnError
from multibot.store.stores import BotStore
from tests.fakes import FakeClock
from tests.store.amended import AT, EXPIRED, INBOX, TURNS, answer, arrive, begin, edit, shown
from tests.store.conftest import OpenBot
from tests.store.material import ANSWER, CANDIDATE, LEASE, RULES, SPARK, message, rows


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


async def test_another_process_does_not_bring_back_what_was_deleted(
    home: Home, open_bot: OpenBot
) -> None:
    """The next one knows from the rows alone, and an event may come late."""
    store = open_bot()
    kept, _ = await begin(store, "secret")
    await store.outbox.stage(kept.message_id, ["an answer on its way"])
    await store.edits.deleted([kept.message_id])
    await open_bot().edits.edited([edit(kept, "secret too", after=50)])
    assert rows(home.database, TURNS) == [("user", "", None, None, AT(0))]
    assert rows(home.database, INBOX) == [("sending", "answered", "mention", "")]


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
