"""Past turns on their way into the shared file: small steps, none of them twice, all of it undone."""

import functools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from multibot.clock import SystemClock, from_text, to_text
from multibot.conversation.message import BotName
from multibot.conversation.past import PastTurn
from multibot.errors import LockHeldError, UsageError
from multibot.home import Home
from multibot.store.archive import batches, search, tombstones
from multibot.store.archive.batches import Batch
from multibot.store.archive.imports import ForgottenMeanwhileError, Tally, Writing
from multibot.store.archive.shared import SharedFile
from multibot.store.archive.tombstones import Tombstones
from multibot.store.archive.undoing import Undoing
from multibot.store.stores import open_store
from tests.fakes import FakeClock
from tests.importing.past import BATCH, FILES, Ticking, placed
from tests.store.material import RULES, message, rows


def write(
    shared: SharedFile, turns: list[PastTurn], batch: Batch = BATCH, step: float = 0.0
) -> dict[str, Tally]:
    writing = Writing(shared, batch, FILES, Ticking(step))
    for _ in writing.write(placed(turns)):
        pass
    writing.finish()
    return writing.tallies


def undo(shared: SharedFile, batch_id: str, step: float = 0.0) -> int:
    return sum(Undoing(shared, batch_id, Ticking(step)).steps())


def contents(shared: SharedFile) -> list[Any]:
    """Give everything that was said, and every session with what it counts."""
    return [
        rows(shared.path, "SELECT id, message_id, session_id FROM conversations ORDER BY id"),
        rows(
            shared.path, "SELECT session_id, message_count, last_activity FROM sessions ORDER BY 1"
        ),
    ]


def test_turns_are_stored_as_a_bot_would_have(shared: SharedFile, turns: list[PastTurn]) -> None:
    assert write(shared, turns) == {"sage": Tally(new=120)}

    path = shared.path
    assert rows(path, "SELECT count(*), count(DISTINCT session_id) FROM conversations") == [
        (120, 3)
    ]
    assert rows(path, "SELECT DISTINCT is_active, close_reason, message_count FROM sessions") == [
        (0, "import", 40)
    ]
    (question, reply) = rows(
        path,
        """SELECT role, user_id, username, channel_name, timestamp, platform, mode,
               metadata ->> '$.response_to_message_id'
           FROM conversations WHERE user_id = '7' ORDER BY id LIMIT 2""",
    )
    assert question[:4] == ("user", "7", "Al", "general")
    assert question[4:] == ("2025-07-08T10:00:00.897Z", "discord", "chat", None)
    assert (reply[0], reply[1], reply[7]) == ("assistant", "7", "7000")


def test_each_file_has_a_row_that_says_how_far_it_came(
    shared: SharedFile, turns: list[PastTurn]
) -> None:
    write(shared, turns)

    assert rows(
        shared.path,
        """SELECT source, sha256, position, added, present, finished_at IS NULL
           FROM imports ORDER BY source""",
    ) == [(f"123_{person}.json", f"sha-{person}", 40, 40, 0, 0) for person in (7, 8, 9)]


def test_a_second_import_adds_nothing_and_leaves_no_trace(
    shared: SharedFile, turns: list[PastTurn]
) -> None:
    write(shared, turns)
    before = contents(shared)

    again = Batch(batch_id="second", kind="legacy", options="{}")
    assert write(shared, turns, again) == {"sage": Tally(present=120)}
    assert contents(shared) == before
    assert [each.batch_id for each in batches.summaries(shared.reader)] == ["first"]


@pytest.mark.parametrize("step", [0.0, 0.011, 1.0])
def test_steps_of_any_size_come_to_the_same(
    shared: SharedFile, turns: list[PastTurn], step: float
) -> None:
    """A slow machine writes fewer rows in a transaction; what is there in the end is equal."""
    write(shared, turns, step=step)

    ids = rows(shared.path, "SELECT min(id), max(id), count(*) FROM conversations")
    assert ids == [(1, 120, 120)]
    assert rows(shared.path, "SELECT max(id), sum(message_count) FROM sessions") == [(3, 120)]


def test_an_interrupted_import_goes_on(shared: SharedFile, turns: list[PastTurn]) -> None:
    stopped = Writing(shared, BATCH, FILES, Ticking(1.0))
    steps = stopped.write(placed(turns)[:60])
    next(steps)
    assert batches.unfinished(shared.reader, "legacy", "{}") == "first"
    assert batches.unfinished(shared.reader, "legacy", '{"bot": "sage"}') is None

    assert write(shared, turns) == {"sage": Tally(new=120)}
    assert batches.unfinished(shared.reader, "legacy", "{}") is None
    assert rows(shared.path, "SELECT sum(added), sum(present), max(position) FROM imports") == [
        (120, 0, 40)
    ]


def test_an_interrupted_import_counts_what_is_there_when_it_goes_on(
    shared: SharedFile, turns: list[PastTurn]
) -> None:
    """A restore may have taken out what it had brought."""
    next(Writing(shared, BATCH, FILES, Ticking(1.0)).write(placed(turns)[:60]))
    shared.write(lambda writing: writing.execute("DELETE FROM conversations WHERE id > 20"))

    write(shared, turns)

    assert [each.added for each in batches.summaries(shared.reader)] == [120]
    assert rows(shared.path, "SELECT count(*) FROM conversations") == [(120,)]


async def test_what_the_living_bot_has_is_there_already(
    home: Home, shared: SharedFile, turns: list[PastTurn]
) -> None:
    """The bot's own copy stays as it is, whatever the old file says."""
    store = open_store(home, BotName("sage"), SystemClock())
    question = turns[0]
    live = message(
        "question 0, as the bot has it",
        message_id=question.message_id,
        channel_id="123",
        author_id="7",
        created_at=from_text(question.at),
    )
    await store.ledger.begin(live, RULES)
    tallies = write(shared, turns)
    await store.close()

    assert tallies == {"sage": Tally(new=119, present=1)}
    found = rows(
        shared.path,
        "SELECT content, import_id FROM conversations WHERE message_id = ?",
        question.message_id,
    )
    assert found == [("question 0, as the bot has it", None)]
    assert rows(shared.path, "SELECT close_reason FROM sessions WHERE is_active = 1") == [(None,)]


def test_an_answer_is_known_under_another_kind_of_id(
    shared: SharedFile, turns: list[PastTurn]
) -> None:
    """The old store never knew the ids of answers; an export of the channel has them."""
    write(shared, turns)
    exported = [
        turn._replace(message_id=f"99{turn.answers}") if turn.answers else turn for turn in turns
    ]

    second = Batch(batch_id="second", kind="discord-chat-exporter", options="{}")
    assert write(shared, exported, second) == {"sage": Tally(present=120)}


def test_undo_takes_back_what_a_batch_brought(shared: SharedFile, turns: list[PastTurn]) -> None:
    early = [turn for turn in turns if turn.at < "2025-07-08T10:10"]
    write(shared, early)
    before = contents(shared)
    write(shared, turns, Batch(batch_id="second", kind="legacy", options="{}"))
    while shared.write(search.fill):
        pass

    assert undo(shared, "second", step=0.005) == 60
    assert contents(shared) == before
    assert undo(shared, "second") == 0
    assert [each.state for each in batches.summaries(shared.reader)] == ["undone", "done"]
    assert undo(shared, "first") == 60
    assert contents(shared) == [[], []]
    assert rows(shared.path, "SELECT count(*) FROM conversations_fts") == [(0,)]


def test_undo_of_the_first_keeps_what_the_second_needs(
    shared: SharedFile, turns: list[PastTurn]
) -> None:
    early = [turn for turn in turns if turn.at < "2025-07-08T10:10"]
    write(shared, early)
    write(shared, turns, Batch(batch_id="second", kind="legacy", options="{}"))

    assert undo(shared, "first", step=0.005) == 60
    assert rows(
        shared.path,
        "SELECT DISTINCT message_count, batch_id FROM sessions JOIN imports AS i ON i.id = import_id",
    ) == [(20, "second")]
    assert undo(shared, "second") == 60
    assert contents(shared) == [[], []]


async def test_a_session_that_a_clear_has_kept_is_taken_up_again(
    home: Home, shared: SharedFile, turns: list[PastTurn]
) -> None:
    """Its row is there though nothing of it is left."""
    write(shared, turns)
    store = open_store(home, BotName("sage"), SystemClock())
    await store.history.clear("123", "7", RULES)
    await store.close()
    undo(shared, "first")
    of_row = "SELECT message_count, import_id IS NULL, cleared_through IS NULL FROM sessions"
    assert rows(shared.path, of_row) == [(0, True, False)]

    write(shared, turns, Batch(batch_id="second", kind="legacy", options="{}"))

    assert (
        rows(
            shared.path,
            """SELECT message_count, batch_id FROM sessions JOIN imports AS i ON i.id = import_id""",
        )
        == [(40, "second")] * 3
    )
    assert undo(shared, "second") == 120
    assert rows(shared.path, of_row) == [(0, True, False)]


def test_undo_can_be_interrupted(shared: SharedFile, turns: list[PastTurn]) -> None:
    write(shared, turns)
    some = next(Undoing(shared, "first", Ticking(0.005)).steps())

    assert 0 < some < 120
    assert Undoing(shared, "first", FakeClock()).count() == 120 - some
    assert undo(shared, "first") == 120 - some


def test_a_batch_that_is_not_there(shared: SharedFile) -> None:
    with pytest.raises(UsageError, match="there is no import 'x'"):
        undo(shared, "x")


def test_nothing_is_added_past_a_new_tombstone(shared: SharedFile, turns: list[PastTurn]) -> None:
    """Somebody who is forgotten while an import runs must not come back by it."""
    writing = Writing(shared, BATCH, FILES, FakeClock())
    shared.write(
        lambda database: database.execute(
            "INSERT INTO tombstones (salt, digest, forgotten_at) VALUES ('00', 'x', '2026')"
        )
    )

    with pytest.raises(ForgottenMeanwhileError):
        next(writing.write(placed(turns)))
    assert contents(shared) == [[], []]


def test_a_tombstone_that_is_not_the_latest_is_noticed(
    shared: SharedFile, turns: list[PastTurn]
) -> None:
    now = SystemClock().now()
    latest = Tombstones().make("8", "", now + timedelta(minutes=30))
    other = Tombstones().make("7", "", now)
    for stone in (latest, other):
        shared.write(functools.partial(tombstones.keep, stone=stone))
    writing = Writing(shared, BATCH, FILES, FakeClock())
    later = replace(other, forgotten_at=to_text(now + timedelta(minutes=5)))
    shared.write(functools.partial(tombstones.keep, stone=later))

    with pytest.raises(ForgottenMeanwhileError):
        next(writing.write(placed(turns)))


def test_one_import_at_a_time(home: Home, shared: SharedFile) -> None:
    del shared
    with (
        batches.alone(home),
        pytest.raises(LockHeldError, match="another import is under way"),
        batches.alone(home),
    ):
        pass
