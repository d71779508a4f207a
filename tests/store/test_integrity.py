"""Damage: found at a start, by a look at everything, and said with the command that helps."""

import pytest

from multibot.errors import ExitCode, PermanentError
from multibot.home import Home
from multibot.store import connection, integrity
from multibot.store.archive import info, soundness
from multibot.store.archive.backup import backup
from multibot.store.archive.shared import SharedFile
from multibot.store.archive.soundness import Examination
from multibot.store.connection import SCHEMA_VERSION
from multibot.store.stores import open_store
from tests.fakes import FakeClock
from tests.store.copies import OpenBot, change, found, index, overwrite, talk
from tests.store.material import SAGE, SPARK


@pytest.fixture
async def spoken(home: Home, open_bot: OpenBot) -> Home:
    """A home in which something was said and nothing runs."""
    store = open_bot()
    await talk(store, 1, 20)
    await store.close()
    index(home)
    return home


def wrong(home: Home, *, full: bool = False) -> dict[str, str]:
    """Return what an examination finds wrong, by subject."""
    looks = Examination(home, full=full).looks()
    return {look.subject: f"{look.trouble} {look.remedy}" for look in looks if look.trouble}


def test_a_sound_file_is_sound(spoken: Home) -> None:
    assert wrong(spoken) == wrong(spoken, full=True) == {}
    looks = {look.subject: look.fine for look in Examination(spoken).looks()}
    assert looks == {
        "schema": str(SCHEMA_VERSION),
        "pages": "ok",
        "references": "ok",
        "search": "ok",
        "sessions": "ok",
    }


def test_no_bot_starts_on_a_damaged_file(spoken: Home, clock: FakeClock) -> None:
    taken = backup(spoken, clock)
    overwrite(spoken.database, 7)

    with pytest.raises(PermanentError, match="damaged") as caught:
        open_store(spoken, SAGE, clock)

    assert caught.value.exit_code is ExitCode.PERMANENT
    assert f"multibot db restore data/backups/{taken.path.name}" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "pages" in wrong(spoken)
    assert integrity.quick_check(spoken.database) != ""


async def test_bots_that_start_together_look_once(
    spoken: Home, open_bot: OpenBot, clock: FakeClock
) -> None:
    open_bot(SAGE)
    noted = spoken.examined.read_text()
    clock.tick(integrity.FRESH_SECONDS - 1)
    open_bot(SPARK)
    assert spoken.examined.read_text() == noted
    clock.tick(1)
    open_bot(SPARK)
    assert spoken.examined.read_text() != noted


async def test_what_was_written_past_the_bots_is_looked_at(
    spoken: Home, open_bot: OpenBot, clock: FakeClock
) -> None:
    open_bot(SAGE)
    overwrite(spoken.database, 7)

    with pytest.raises(PermanentError, match="damaged"):
        open_bot(SPARK)


async def test_a_clock_that_went_back_makes_a_look_due(
    spoken: Home, open_bot: OpenBot, clock: FakeClock
) -> None:
    open_bot(SAGE)
    clock.set_wall(clock.now().replace(year=2025))
    noted = spoken.examined.read_text()
    open_bot(SPARK)
    assert spoken.examined.read_text() != noted


def test_a_look_that_takes_too_long_is_given_up(home: Home) -> None:
    """What is wrong is in the last of many rows."""
    writer = connection.open_writer(home.database)
    writer.execute("PRAGMA ignore_check_constraints = ON")
    writer.execute(
        """WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000)
        INSERT INTO http_errors SELECT 'now', i, 5000 - i FROM n"""
    )
    writer.close()
    reader = connection.open_reader(home.database)
    try:
        assert integrity.damage(reader, seconds=-1, whole=True) == ""
        assert "http_errors" in integrity.damage(reader, seconds=60, whole=True)
        assert integrity.damage(reader, seconds=60) == ""
    finally:
        reader.close()


@pytest.mark.parametrize(
    ("sql", "subject", "told"),
    [
        ("DELETE FROM conversations_fts_docsize WHERE id < 4", "search", "3 turns are not in it"),
        ("UPDATE watermarks SET value = 1000", "search", "ahead of all turns"),
        ("PRAGMA user_version = 3", "schema", "multibot db migrate"),
        ("PRAGMA user_version = 99", "schema", "Upgrade multibot"),
        ("UPDATE conversations SET bot_name = 'spark' WHERE id < 3", "sessions", "2 turns are"),
        (
            """INSERT INTO restores (bot_name, source, sha256, kept, began_at)
            VALUES ('sage', 'a.db', 'x', 'b.db', 'now')""",
            "restores",
            "multibot db restore a.db --bot sage",
        ),
        (
            "UPDATE conversations SET import_id = 77 WHERE id = 1",
            "references",
            "1 of conversations",
        ),
    ],
)
def test_what_is_wrong_is_found_and_has_a_remedy(
    spoken: Home, sql: str, subject: str, told: str
) -> None:
    writer = connection.open_writer(spoken.database)
    writer.execute("PRAGMA foreign_keys = OFF")
    writer.execute(sql)
    writer.close()

    (found_subject,) = wrong(spoken, full=True)
    assert found_subject == subject
    assert told in wrong(spoken, full=True)[subject]


def test_the_search_can_be_made_anew(spoken: Home) -> None:
    change(spoken.database, "DELETE FROM conversations_fts_data WHERE id > 100")
    told: list[int] = []

    with SharedFile(spoken) as shared:
        assert soundness.reindex(shared, told.append) == 40

    assert wrong(spoken, full=True) == {}
    assert len(found(spoken.database, "words")) == 20
    assert told[-1] == 40


def test_a_folder_in_its_place_is_said(home: Home, clock: FakeClock) -> None:
    home.database.unlink()
    home.database.mkdir()
    for look in (
        lambda: open_store(home, SAGE, clock),
        lambda: list(Examination(home).looks()),
        lambda: integrity.examine(home.database),
        lambda: backup(home, clock),
        lambda: info.read(home),
    ):
        with pytest.raises(PermanentError, match="folder stands in the place"):
            look()


def test_an_empty_file_beside_its_wal_is_left_alone(home: Home, clock: FakeClock) -> None:
    wal = home.database.with_name(f"{home.database.name}-wal")
    home.database.write_bytes(b"")
    wal.write_bytes(b"the newest rows")

    for look in (lambda: open_store(home, SAGE, clock), lambda: backup(home, clock)):
        with pytest.raises(PermanentError, match="empty or gone"):
            look()
    assert wal.read_bytes() == b"the newest rows"


def test_info_tells_what_there_is(spoken: Home, clock: FakeClock) -> None:
    taken = backup(spoken, clock)
    (spoken.backups / "mine.db").write_bytes(b"x" * 10)
    change(
        spoken.database,
        "INSERT INTO upkeep (task, state, ran_at) VALUES ('a', 'done', '2026-01-01T00:00:00.000Z')",
    )

    found = info.read(spoken)

    assert found.size == spoken.database.stat().st_size
    assert found.page_size * found.pages == found.size
    assert found.schema == SCHEMA_VERSION
    assert found.rows["conversations"] == 40
    assert found.bots == {"sage": {"conversations": 40, "inbox": 20, "sessions": 1}}
    assert [run.task for run in found.upkeep] == ["a"]
    copies = [(path.name, said and said.size) for path, said in found.copies]
    assert copies == [(taken.path.name, taken.size), ("mine.db", None)]


def test_info_of_an_older_file_is_told_too(spoken: Home) -> None:
    for table in ("upkeep", "restores"):
        change(spoken.database, f"DROP TABLE {table}")
    change(spoken.database, "PRAGMA user_version = 5")

    found = info.read(spoken)

    assert (found.schema, found.upkeep, found.restoring) == (5, (), ())
