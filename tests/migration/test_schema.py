"""The files in `migrations/`, the schema they make, and the page that shows it."""

import hashlib
import re
import runpy
from pathlib import Path

import pytest

from multibot.clock import SystemClock
from multibot.home import Home
from multibot.store import connection
from multibot.store.connection import SCHEMA_VERSION
from multibot.store.migrate import migrate

ROOT = Path(__file__).parents[2]
RELEASED = Path(__file__).parent / "released.sha256"


def schema(database: Path) -> list[str]:
    """Return every statement of the schema, but for the migration ledger and FTS5's own tables."""
    reader = connection.open_reader(database)
    try:
        return [
            sql
            for table, sql in reader.execute("SELECT tbl_name, sql FROM sqlite_master")
            if sql is not None
            and not table.startswith(("_sqlite", "sqlite_", "conversations_fts_"))
        ]
    finally:
        reader.close()


def only_first(migrations: Path, count: int, target: Path) -> Path:
    """Copy the folder as it was when it had this many migrations."""
    target.mkdir()
    for path in [*sorted(migrations.glob("0*.sql"))[:count], migrations / "migrations.py"]:
        (target / path.name).write_bytes(path.read_bytes())
    return target


def statements_of(script: str) -> list[str]:
    """Split a script as the migrations do, without the semicolons that end its statements."""
    split = runpy.run_path(str(ROOT / "migrations" / "migrations.py"))["statements"]
    return [each.removesuffix(";") for each in split(script)]


def test_released_migrations_do_not_change(migrations: Path) -> None:
    """Files in the field were made by them; a new schema is a new file."""
    lines = (line.split() for line in RELEASED.read_text().splitlines())
    expected = {name: digest for digest, name in lines}
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in migrations.glob("0*.sql")
    }
    assert found == expected


def test_migrations_are_numbered_without_gaps_and_known_to_the_code(migrations: Path) -> None:
    numbers = [int(path.name[:4]) for path in sorted(migrations.glob("*.sql"))]
    assert numbers == list(range(1, SCHEMA_VERSION + 1))


def test_every_migration_says_why(migrations: Path) -> None:
    for path in migrations.glob("*.sql"):
        assert path.read_text().startswith("-- "), path.name


def test_the_schema_is_the_same_in_one_go_and_step_by_step(
    tmp_path: Path, migrations: Path
) -> None:
    fresh, stepped = Home(tmp_path / "fresh"), Home(tmp_path / "stepped")
    migrate(fresh, SystemClock())
    for count in range(1, SCHEMA_VERSION + 1):
        folder = only_first(migrations, count, tmp_path / f"migrations{count}")
        migrate(stepped, SystemClock(), folder=folder)
    assert schema(stepped.database) == schema(fresh.database)
    assert len(schema(fresh.database)) > 20


def test_the_page_shows_the_whole_schema(home: Home) -> None:
    migrate(home, SystemClock())
    page = (ROOT / "docs" / "schema.md").read_text()
    blocks = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    shown = [each for block in blocks for each in statements_of(block)]
    assert sorted(shown) == sorted(schema(home.database))


def test_every_table_is_strict(home: Home) -> None:
    migrate(home, SystemClock())
    tables = [sql for sql in schema(home.database) if sql.startswith("CREATE TABLE")]
    assert [sql for sql in tables if "STRICT" not in sql.rsplit(")", 1)[1]] == []


def test_the_columns_of_the_first_storage_are_kept(home: Home) -> None:
    migrate(home, SystemClock())
    reader = connection.open_reader(home.database)
    try:
        columns = {
            table: [row[1] for row in reader.execute(f"PRAGMA table_info({table})")]
            for table in ("conversations", "sessions")
        }
    finally:
        reader.close()
    assert columns["conversations"][:13] == [
        "id", "bot_name", "channel_id", "channel_name", "channel_type", "user_id", "username",
        "session_id", "message_id", "role", "content", "timestamp", "metadata",
    ]  # fmt: skip
    assert columns["sessions"][:8] == [
        "id", "bot_name", "channel_id", "session_id", "started_at", "last_activity",
        "message_count", "is_active",
    ]  # fmt: skip


def test_a_script_is_split_where_statements_end(migrations: Path) -> None:
    statements = runpy.run_path(str(migrations / "migrations.py"))["statements"]
    script = (
        "-- why; really\n\nCREATE TABLE a (b TEXT DEFAULT ';');\n"
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  DELETE FROM a;\nEND;\n-- done\n"
    )
    assert [each.split()[-1] for each in statements(script)] == ["';');", "END;"]
    with pytest.raises(ValueError, match="unfinished"):
        list(statements("CREATE TABLE a (b TEXT)\n"))
