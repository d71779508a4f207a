"""A copy put back whole: what it brings, what it must not bring, and what is refused."""

from pathlib import Path

from multibot.home import Home
from multibot.store.archive import forgetting, manifest
from multibot.store.archive.backup import backup
from multibot.store.archive.forget import Scope
from multibot.store.archive.restore import restore
from multibot.store.archive.shared import SharedFile
from multibot.store.connection import SCHEMA_VERSION
from multibot.store.ledger import Receipt
from multibot.store.migrate import migrate, schema_version
from tests.fakes import FakeClock
from tests.migration.test_schema import only_first, schema
from tests.store.copies import OpenBot, change, count, found, said, talk
from tests.store.material import ANSWER, RULES, message, rows

MIGRATIONS = Path(__file__).parents[2] / "migrations"
KEPT = "conversations_2026-01-01_12-00-00_before_restore.db"


def test_the_file_is_the_copy_again_and_what_it_was_is_kept(
    home: Home, older: Path, clock: FakeClock
) -> None:
    now = said(home.database)

    done = restore(home, clock, older)

    assert said(home.database) == said(older)
    assert len(said(home.database)) == 6
    assert done.rows["conversations"] == 6
    assert done.kept == home.backups / KEPT
    assert said(done.kept) == now
    assert len(now) == 10
    assert manifest.read(done.kept) is not None
    assert rows(home.database, "PRAGMA integrity_check") == [("ok",)]
    assert found(home.database, "words") == ["words 1", "words 2", "words 3"]
    assert sorted(path.name for path in home.data.glob("*.partial*")) == []
    assert rows(home.database, "PRAGMA journal_mode") == [("wal",)]
    assert not home.database.with_name(f"{home.database.name}-wal").exists()


def test_a_copy_may_be_named_as_it_stands_among_the_backups(
    home: Home, older: Path, clock: FakeClock
) -> None:
    assert restore(home, clock, Path(older.name)).source == older


async def test_nothing_is_answered_twice(
    home: Home, older: Path, open_bot: OpenBot, clock: FakeClock
) -> None:
    """What came in since the copy was taken is known though its turns are gone."""
    restore(home, clock, older)

    store = open_bot()
    for number in (1, 4, 5):
        came = await store.ledger.receive(message(message_id=str(number)), ANSWER, per_minute=1000)
        assert came is Receipt.DUPLICATE
    assert count(home.database, "outbox", "state = 'sent'") == 5


async def test_what_was_under_way_in_the_copy_is_not_taken_up_again(
    home: Home, open_bot: OpenBot, clock: FakeClock
) -> None:
    store = open_bot()
    await store.ledger.receive(message(message_id="1"), ANSWER, per_minute=10)
    await store.ledger.receive(message(message_id="2"), ANSWER, per_minute=10)
    taken = backup(home, clock)
    await store.ledger.finish("1", "answered", "answered")
    await store.close()
    change(home.database, "DELETE FROM inbox WHERE message_id = '2'")

    restore(home, clock, taken.path)

    states = rows(home.database, "SELECT message_id, state, detail FROM inbox ORDER BY message_id")
    assert states == [("1", "answered", "mention"), ("2", "expired", "restored from a copy")]
    assert not open_bot().ledger.unfinished()


async def test_what_is_under_way_now_stays_under_way(
    home: Home, older: Path, open_bot: OpenBot, clock: FakeClock
) -> None:
    store = open_bot()
    await store.ledger.receive(message(message_id="77"), ANSWER, per_minute=10)
    await store.close()

    restore(home, clock, older)

    assert [each.message.message_id for each in open_bot().ledger.unfinished()] == ["77"]


async def test_logins_of_the_day_are_not_forgotten(
    home: Home, older: Path, open_bot: OpenBot, clock: FakeClock
) -> None:
    store = open_bot()
    for _ in range(3):
        clock.tick(10)
        await store.gateway.record_start()
    before = rows(home.database, "SELECT bot_name, started_at FROM gateway_starts")
    await store.close()

    restore(home, clock, older)

    assert rows(home.database, "SELECT bot_name, started_at FROM gateway_starts") == before
    assert len(before) == 3


def test_who_was_forgotten_stays_forgotten(home: Home, older: Path, clock: FakeClock) -> None:
    clock.tick(60)
    with SharedFile(home) as shared:
        forgetting.forget(home, Scope(user_id="7"), clock, shared.write)

    done = restore(home, clock, older)

    assert done.forgotten == 1
    assert said(home.database) == []
    assert found(home.database, "words") == []
    assert count(home.database, "tombstones") == 1


def test_who_was_forgotten_stays_forgotten_though_the_file_was_lost(
    home: Home, older: Path, clock: FakeClock
) -> None:
    with SharedFile(home) as shared:
        forgetting.forget(home, Scope(user_id="7"), clock, shared.write)
    home.database.unlink()

    done = restore(home, clock, older)

    assert (done.kept, done.forgotten) == (None, 1)
    assert said(home.database) == []


def test_a_copy_of_an_older_schema_is_brought_up_to_date(tmp_path: Path, clock: FakeClock) -> None:
    home = Home(tmp_path / "older")
    migrate(home, clock, folder=only_first(MIGRATIONS, 3, tmp_path / "first"))
    change(
        home.database,
        "INSERT INTO sessions (bot_name, channel_id, session_id, started_at, last_activity,"
        " display_id) VALUES ('sage', '1', 'kept', 'a', 'b', 'c')",
    )
    taken = backup(home, clock)
    migrate(home, clock)

    done = restore(home, clock, taken.path)

    assert done.migrated[0].startswith("0004_")
    assert schema_version(home.database) == SCHEMA_VERSION
    assert schema_version(taken.path) == 3
    assert rows(home.database, "SELECT session_id FROM sessions") == [("kept",)]


def test_a_newer_file_is_replaced_by_the_copy_from_before(
    home: Home, older: Path, clock: FakeClock
) -> None:
    """The way back from a migration: an older program finds its schema again."""
    change(home.database, "ALTER TABLE inbox ADD COLUMN later TEXT")
    change(home.database, "CREATE TABLE later (a TEXT) STRICT")
    change(home.database, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")

    done = restore(home, clock, older)

    assert done.lost == ()
    assert schema(home.database) == schema(older)
    assert count(home.database, "inbox") == 5


async def test_the_wal_of_the_old_file_is_not_taken_for_one_of_the_new(
    home: Home, older: Path, open_bot: OpenBot, clock: FakeClock
) -> None:
    """As after kill -9: rows that are only in the WAL."""
    store = open_bot()
    await talk(store, 50, 2)
    wal = home.database.with_name(f"{home.database.name}-wal")
    left = wal.read_bytes()
    await store.close()
    wal.write_bytes(left)
    now = said(home.database)

    done = restore(home, clock, older)

    assert done.kept is not None
    assert said(done.kept) == now
    assert said(home.database) == said(older)
    assert rows(home.database, "PRAGMA integrity_check") == [("ok",)]


def test_a_restore_can_be_undone_by_another(home: Home, older: Path, clock: FakeClock) -> None:
    now = said(home.database)
    kept = restore(home, clock, older).kept
    assert kept is not None

    restore(home, clock, kept)

    assert said(home.database) == now


def test_what_people_make_with_sqlite_itself_can_be_restored(
    home: Home, older: Path, clock: FakeClock, tmp_path: Path
) -> None:
    """`VACUUM INTO`, and a copy that is still in WAL mode, from a disk that cannot be written."""
    by_hand = tmp_path / "by hand.db"
    change(home.database, "VACUUM INTO ?", str(by_hand))
    change(by_hand, "PRAGMA journal_mode = WAL")
    by_hand.chmod(0o400)
    by_hand.parent.chmod(0o500)
    now = said(home.database)
    restore(home, clock, older)
    try:
        restore(home, clock, by_hand)
    finally:
        by_hand.parent.chmod(0o700)

    assert said(home.database) == now


def test_a_home_without_a_database_gets_one(home: Home, older: Path, clock: FakeClock) -> None:
    fresh = Home(home.root / "fresh")

    done = restore(fresh, clock, older)

    assert done.kept is None
    assert said(fresh.database) == said(older)
    assert fresh.database.stat().st_mode & 0o777 == 0o600


async def test_the_newer_of_two_ledgers_wins(
    home: Home, open_bot: OpenBot, clock: FakeClock
) -> None:
    """Where a restore is undone, the copy that is put back knows more than the file."""
    store = open_bot()
    await store.ledger.receive(message(message_id="1"), ANSWER, per_minute=10)
    early = backup(home, clock)
    clock.tick(10)
    session = await store.ledger.begin(message(message_id="1"), RULES)
    (part,) = await store.outbox.stage("1", ["answer"])
    await store.outbox.mark_sent(message(message_id="1"), session.session_id, part, "91", "Sage")
    await store.ledger.finish("1", "answered", "answered")
    await store.close()
    kept = restore(home, clock, early.path).kept
    assert rows(home.database, "SELECT state FROM inbox") == [("answered",)]
    change(home.database, "DELETE FROM outbox")
    change(home.database, "UPDATE inbox SET state = 'expired', updated_at = '2020'")
    assert kept is not None

    restore(home, clock, kept)

    assert rows(home.database, "SELECT state FROM inbox") == [("answered",)]
    assert rows(home.database, "SELECT state, sent_message_id FROM outbox") == [("sent", "91")]
