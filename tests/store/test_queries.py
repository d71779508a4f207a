"""Questions in SQL: answered, and unable to change anything."""

from pathlib import Path

import pytest

from multibot.errors import ExitCode, MultibotError, PermanentError, SchemaError, UsageError
from multibot.home import Home
from multibot.store.archive.queries import query
from multibot.store.driver import sqlite
from tests.store.copies import change

ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

FINE = [
    ("SELECT count(*) FROM sessions", [(0,)]),
    ("select 1 as a, 'x' -- and a remark", [(1, "x")]),
    ("VALUES (1, 2), (3, 4);", [(1, 2), (3, 4)]),
    ("WITH a AS (SELECT 1 AS b) SELECT b FROM a", [(1,)]),
    ("SELECT name FROM pragma_table_info('sessions') LIMIT 1", [("id",)]),
    ("PRAGMA journal_mode", [("wal",)]),
    ("SELECT rowid FROM conversations_fts WHERE conversations_fts MATCH 'x'", []),
    ("SELECT cast(x'61ff' AS TEXT)", [("a\ufffd",)]),
    ("SELECT count(*) FROM v_history", [(0,)]),
]
REFUSED = [
    "DELETE FROM sessions",
    "INSERT INTO watermarks VALUES ('a', 1)",
    "UPDATE watermarks SET value = 5",
    "DROP TABLE sessions",
    "CREATE TABLE a (b)",
    "CREATE TEMP TABLE a (b)",
    "CREATE TEMP TRIGGER a AFTER INSERT ON sessions BEGIN SELECT 1; END",
    "ALTER TABLE sessions RENAME TO a",
    "ATTACH '{other}' AS other",
    "ATTACH ':memory:' AS other",
    "DETACH main",
    "VACUUM INTO '{other}'",
    "REINDEX",
    "ANALYZE",
    "BEGIN IMMEDIATE",
    "SAVEPOINT a",
    "PRAGMA user_version = 9",
    "PRAGMA query_only = OFF",
    "PRAGMA writable_schema = ON",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA wal_checkpoint(TRUNCATE)",
    "PRAGMA optimize",
    "PRAGMA temp_store_directory = '/tmp'",
    "SELECT load_extension('{other}')",
    "INSERT INTO conversations_fts (conversations_fts) VALUES ('rebuild')",
    "INSERT INTO conversations_fts (conversations_fts) VALUES ('delete-all')",
]
UNCLEAR = [
    ("", "no statement"),
    (" ; ", "no statement"),
    ("-- nothing", "no statement"),
    ("SELECT 1; SELECT 2", "one statement"),
    ("SELECT 1; DELETE FROM sessions", "one statement"),
    ("SELEC 1", "syntax error"),
    ("SELECT a FROM nosuch", "no such table: nosuch"),
    ("SELECT nosuch FROM sessions", "no such column"),
    ("SELECT zeroblob(900000000)", "too much memory"),
    ("SELECT :name", "does not understand"),
    ("SELECT 1\0", "not text"),
    ("SELECT '\ud800'", "not text"),
]


def test_a_question_is_answered(home: Home) -> None:
    for sql, answer in FINE:
        assert query(home.database, sql).rows == answer, sql


def test_nothing_can_be_changed(home: Home, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    before = home.database.read_bytes()

    for sql in REFUSED:
        with pytest.raises(UsageError):
            query(home.database, sql.format(other=other))
        assert home.database.read_bytes() == before, sql
        assert not other.exists(), sql


def test_what_is_wrong_with_a_question_is_said(home: Home) -> None:
    for sql, told in UNCLEAR:
        with pytest.raises(UsageError, match=told):
            query(home.database, sql)


def test_an_answer_has_an_end(home: Home) -> None:
    with pytest.raises(MultibotError, match=r"No answer within 0.2 s") as caught:
        query(home.database, ENDLESS, seconds=0.2)
    assert caught.value.exit_code is ExitCode.TEMPORARY

    endless_rows = ENDLESS.replace("count(*)", "i")
    cut = query(home.database, endless_rows, limit=3)
    assert (cut.columns, cut.rows, cut.is_cut) == (("i",), [(1,), (2,), (3,)], True)
    assert not query(home.database, f"{endless_rows} LIMIT 3", limit=3).is_cut


def test_a_file_of_any_schema_can_be_asked(home: Home) -> None:
    change(home.database, "PRAGMA user_version = 99")

    assert query(home.database, "PRAGMA user_version").rows == [(99,)]


def test_what_is_no_database_is_said(home: Home, tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="no database yet"):
        query(tmp_path / "nothing.db", "SELECT 1")
    text = tmp_path / "text.db"
    text.write_text("no database" * 1000)
    with pytest.raises(PermanentError, match="not a SQLite database"):
        query(text, "SELECT 1 FROM sqlite_master")
    with pytest.raises(PermanentError, match="folder"):
        query(tmp_path, "SELECT 1")


def test_it_does_not_wait_for_a_writer(home: Home) -> None:
    held = sqlite.connect(home.database, isolation_level=None)
    held.execute("BEGIN EXCLUSIVE")
    try:
        assert query(home.database, "SELECT count(*) FROM sessions").rows == [(0,)]
    finally:
        held.close()
