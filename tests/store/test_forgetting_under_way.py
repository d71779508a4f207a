"""A user is forgotten while a message of theirs is under way: nothing of it comes back."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from multibot.home import Home
from multibot.store.archive import forgetting
from multibot.store.archive.forget import Scope
from multibot.store.archive.shared import SharedFile
from multibot.store.claims import ClaimOutcome
from multibot.store.inbox import DealtWithError
from multibot.store.ledger import Receipt
from multibot.store.stores import BotStore
from multibot.store.transaction import Durability
from tests.fakes import FakeClock
from tests.store.material import (
    ANSWER,
    CANDIDATE,
    LEASE,
    NOT_ADDRESSED,
    RULES,
    SHARED,
    message,
    rows,
)

TABLES = (
    "conversations",
    "sessions",
    "inbox",
    "outbox",
    "message_claims",
    "accepted_messages",
    "channel_turns",
    "notices",
)


def forget(home: Home, clock: FakeClock, user_id: str = "7", bot_name: str = "") -> None:
    """Forget a user as another process would."""
    with SharedFile(home) as shared:
        forgetting.forget(home, Scope(user_id=user_id, bot_name=bot_name), clock, shared.write)


def left(home: Home) -> dict[str, int]:
    """Count the rows of every table that has any."""
    counts = {
        table: rows(home.database, f"SELECT count(*) FROM {table}")[0][0]  # noqa: S608
        for table in TABLES
    }
    return {table: count for table, count in counts.items() if count}


async def receive(store: BotStore, said: Any) -> None:
    assert await store.ledger.receive(said, ANSWER, per_minute=10) is Receipt.NEW


async def refused(step: Awaitable[object]) -> None:
    with pytest.raises(DealtWithError):
        await step


async def test_no_answer_is_begun(home: Home, store: BotStore, clock: FakeClock) -> None:
    said = message()
    await receive(store, said)

    forget(home, clock)

    await refused(store.ledger.begin(said, RULES))
    await store.ledger.finish(said.message_id, "answered", "answered")
    assert left(home) == {}


async def test_no_claim_is_won(home: Home, store: BotStore, clock: FakeClock) -> None:
    said = message()
    assert await store.ledger.receive(said, CANDIDATE, per_minute=10) is Receipt.NEW

    forget(home, clock)

    claim = await store.ledger.claim(said, slots=1, lease=LEASE, per_minute=10)
    assert claim.outcome is ClaimOutcome.TAKEN
    assert left(home) == {}


ANSWERING: dict[str, Callable[[BotStore, str], Awaitable[object]]] = {
    "stage": lambda store, message_id: store.outbox.stage(message_id, ["an answer"]),
    "open_part": lambda store, message_id: store.outbox.open_part(message_id, 0, "an answer"),
    "finalise": lambda store, message_id: store.outbox.finalise(message_id, ["an answer"]),
}


@pytest.mark.parametrize("step", ANSWERING.values(), ids=ANSWERING)
async def test_no_answer_is_kept_that_was_being_made(
    home: Home,
    store: BotStore,
    clock: FakeClock,
    step: Callable[[BotStore, str], Awaitable[object]],
) -> None:
    said = message()
    await receive(store, said)
    await store.ledger.begin(said, RULES)

    forget(home, clock)

    await refused(step(store, said.message_id))
    await store.ledger.renew(said.message_id, LEASE)
    await store.ledger.finish(said.message_id, "declined", "claimed_by")
    assert left(home) == {}


@pytest.mark.parametrize("rules", [RULES, SHARED], ids=["user", "channel"])
async def test_a_part_that_has_arrived_is_not_noted(
    home: Home, store: BotStore, clock: FakeClock, rules: Any
) -> None:
    said, of_another = message(), message(author_id="8")
    await store.ledger.begin(of_another, rules)
    await receive(store, said)
    session = await store.ledger.begin(said, rules)
    parts = await store.outbox.stage(said.message_id, ["one", "two"])
    await store.outbox.mark_sent(said, session.session_id, parts[0], "900", "Sage")

    forget(home, clock)

    await store.outbox.mark_shown(said.message_id, 1, "901")
    await store.outbox.mark_sent(said, session.session_id, parts[1], "901", "Sage")
    await store.ledger.finish(said.message_id, "answered", "answered")
    assert rows(home.database, "SELECT user_id FROM conversations") == [("8",)]
    assert rows(home.database, "SELECT message_count FROM sessions") == [(1,)]
    assert left(home) == {"conversations": 1, "sessions": 1, "channel_turns": 1}


async def test_a_part_marked_between_two_steps_leaves_the_shared_session_counted_right(
    home: Home, store: BotStore, clock: FakeClock
) -> None:
    """The outbox row is there, the turn it answers is not: as a kill between two steps leaves it."""
    said, of_another = message(), message(author_id="8")
    await store.ledger.begin(of_another, SHARED)
    session = await store.ledger.begin(said, SHARED)
    [part] = await store.outbox.stage(said.message_id, ["one"])
    with SharedFile(home) as shared:
        shared.write(lambda writing: writing.execute("DELETE FROM conversations WHERE user_id = 7"))
        shared.write(lambda writing: writing.execute("UPDATE sessions SET message_count = 1"))

    await store.outbox.mark_sent(said, session.session_id, part, "900", "Sage")

    assert rows(home.database, "SELECT message_count FROM sessions") == [(1,)]
    forget(home, clock)
    assert rows(home.database, "SELECT user_id FROM conversations") == [("8",)]


class KilledError(Exception):
    """The process is gone."""


def begin_to_forget(home: Home, clock: FakeClock) -> None:
    """Forget as a process does that is killed once it has noted whom."""
    writes = iter([True])

    def write(job: Callable[[Any], Any], durability: Durability) -> Any:
        if next(writes, None) is None:
            raise KilledError
        return shared.write(job, durability)

    with SharedFile(home) as shared, pytest.raises(KilledError):
        forgetting.forget(home, Scope(user_id="7"), clock, write)


def finish(home: Home, clock: FakeClock) -> None:
    """Do what the housekeeper does after a kill."""
    with SharedFile(home) as shared:
        assert forgetting.finish(home, clock, shared.write) == (1, 0)


async def test_an_answer_that_arrives_after_a_kill_is_not_kept(
    home: Home, store: BotStore, clock: FakeClock
) -> None:
    said = message()
    await receive(store, said)
    session = await store.ledger.begin(said, RULES)
    parts = await store.outbox.stage(said.message_id, ["one", "two"])

    begin_to_forget(home, clock)
    clock.tick(1)

    for part in parts:
        await store.outbox.mark_sent(said, session.session_id, part, f"90{part.part}", "Sage")
    await store.ledger.finish(said.message_id, "answered", "answered")
    assert rows(home.database, "SELECT role FROM conversations") == [("user",)]
    assert rows(home.database, "SELECT state, content FROM outbox") == [("sent", "")] * 2
    finish(home, clock)
    assert left(home) == {}


@pytest.mark.parametrize("is_question_gone", [False, True])
async def test_an_answer_goes_with_its_question_whenever_it_was_given(
    home: Home, store: BotStore, clock: FakeClock, *, is_question_gone: bool
) -> None:
    """It was stored when the moment was chosen already, and the tombstone was not yet written."""
    said = message()
    await receive(store, said)
    session = await store.ledger.begin(said, RULES)
    (part,) = await store.outbox.stage(said.message_id, ["one"])
    begin_to_forget(home, clock)
    clock.tick(1)
    with SharedFile(home) as shared:
        shared.write(lambda writing: writing.execute("DELETE FROM tombstones"))
        await store.outbox.mark_sent(said, session.session_id, part, "900", "Sage")
        back = message(message_id="901", created_at=clock.now())
        await receive(store, back)
        again = await store.ledger.begin(back, RULES)
        (part,) = await store.outbox.stage(back.message_id, ["two"])
        await store.outbox.mark_sent(back, again.session_id, part, "902", "Sage")
        if is_question_gone:
            shared.write(lambda writing: writing.execute("DELETE FROM conversations WHERE id = 1"))

    finish(home, clock)

    assert rows(home.database, "SELECT message_id FROM conversations") == [("901",), ("902",)]


@pytest.mark.parametrize("decision", [ANSWER, NOT_ADDRESSED], ids=["answered", "declined"])
async def test_what_is_read_again_on_discord_is_not_stored_again(
    home: Home, store: BotStore, clock: FakeClock, decision: Any
) -> None:
    """A bot that was away reads what it missed, and some of it was written before."""
    said = message()
    clock.tick(60)

    forget(home, clock)

    if decision is ANSWER:
        assert await store.ledger.receive(said, decision, per_minute=10) is Receipt.DUPLICATE
    else:
        await store.ledger.decline(said, decision)
    assert left(home) == {}
    assert store.cursors.is_settled(said.channel_id, said.message_id)
    assert [each.last_seen for each in store.cursors.read()] == [said.message_id]


async def test_who_comes_back_is_new(home: Home, store: BotStore, clock: FakeClock) -> None:
    await receive(store, message())
    forget(home, clock)
    clock.tick(0.001)

    back = message(created_at=clock.now())
    await receive(store, back)
    session = await store.ledger.begin(back, RULES)

    assert session.is_new
    assert left(home)["conversations"] == 1


async def test_only_what_one_bot_keeps_is_forgotten_in_it(
    home: Home, store: BotStore, clock: FakeClock
) -> None:
    forget(home, clock, bot_name="spark")

    await receive(store, message())

    forget(home, clock, bot_name="sage")
    await refused(store.ledger.begin(message(), RULES))


async def test_a_clock_of_discord_that_is_ahead_changes_nothing(
    home: Home, store: BotStore, clock: FakeClock
) -> None:
    """What was written a moment later than we forget is forgotten all the same if it was there."""
    said = message(created_at=clock.now() + timedelta(seconds=2))
    await receive(store, said)

    forget(home, clock)

    await refused(store.ledger.begin(said, RULES))
    assert left(home) == {}
