"""What bots leave behind: of those that were removed, and of those that come back."""

from multibot.clock import to_text
from multibot.home import Home
from multibot.store.driver import sqlite
from multibot.store.stores import BotStore
from tests.fakes import FakeClock
from tests.store.leftovers import DAY, NOW, beat, decided, left, put, sweep_all
from tests.store.material import ANSWER, message, rows
from tests.store.material import RULES as SESSIONS


def test_a_removed_bot_is_forgotten_after_a_week_without_a_heartbeat(
    writing: sqlite.Connection,
) -> None:
    for bot, age in (("gone", 8 * DAY), ("leaving", 6 * DAY), ("sage", 300 * DAY)):
        beat(writing, bot, age)
    decided(writing, "5", 31 * DAY, bot_name="gone", state="sending")
    decided(writing, "6", 29 * DAY, bot_name="gone", state="sending")

    assert sweep_all(writing) == {
        "removed bots": 1,
        "their profiles": 1,
        "their cursors": 1,
        "their unfinished messages": 1,
    }
    for table in ("bot_status", "bot_profiles", "channel_cursors"):
        assert left(writing, table, "bot_name") == ["leaving", "sage"]


def test_where_the_fleet_file_cannot_be_read_no_bot_is_removed(writing: sqlite.Connection) -> None:
    beat(writing, "sage", 300 * DAY)

    assert sweep_all(writing, bots=()) == {}


def test_a_bot_that_starts_meanwhile_is_not_taken_for_a_removed_one(
    writing: sqlite.Connection,
) -> None:
    """Its profile comes before its first heartbeat, and before anybody read the new file."""
    put(writing, "bot_profiles", bot_name="new", profile="{}", published_at=to_text(NOW))

    assert sweep_all(writing) == {}


async def test_a_bot_goes_on_with_what_it_left_after_a_cleaning(
    home: Home, store: BotStore, clock: FakeClock, writing: sqlite.Connection
) -> None:
    """A message that was under way when its bot was stopped for days is still under way."""
    said = message()
    await store.ledger.receive(said, ANSWER, per_minute=10)
    session = await store.ledger.begin(said, SESSIONS)
    (part,) = await store.outbox.stage(said.message_id, ["answer"])
    clock.tick(5 * DAY.total_seconds())
    swept = sweep_all(writing, clock.now())

    assert swept.keys() <= {"lapsed places", "counted messages"}
    assert store.outbox.parts(said.message_id) == (part,)
    await store.outbox.mark_sent(said, session.session_id, part, "99", "Sage")
    await store.ledger.finish(said.message_id, "answered", "answered")
    clock.tick(2 * DAY.total_seconds())
    assert sweep_all(writing, clock.now())["sent parts"] == 1
    assert rows(home.database, "SELECT count(*) FROM conversations") == [(2,)]
