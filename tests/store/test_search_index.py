"""The full-text index follows the turns: new ones by watermark, changes and deletions at once."""

import pytest

from multibot.home import Home
from multibot.store import connection
from multibot.store.archive import search
from multibot.store.archive.shared import SharedFile
from tests.store.material import rows
from tests.store.transcripts import change, store, turn

# Every word of the index beside those of an index made anew; FTS5's own check of an index against its
# table knows no turns that are left out on purpose.
COMPARED = (
    "INSERT INTO conversations_fts (conversations_fts) VALUES ('integrity-check')",
    "CREATE VIRTUAL TABLE temp.anew USING fts5 (content, tokenize='unicode61 remove_diacritics 2')",
    """INSERT INTO anew (rowid, content)
    SELECT id, content FROM v_history WHERE id <= (SELECT value FROM watermarks)""",
    "CREATE VIRTUAL TABLE temp.words USING fts5vocab ('main', 'conversations_fts', 'instance')",
    "CREATE VIRTUAL TABLE temp.words_anew USING fts5vocab ('temp', 'anew', 'instance')",
)


def fill(home: Home, limit: int = 500) -> list[int]:
    """Fill until nothing is left; how much each step took."""
    with SharedFile(home) as shared:
        return list(iter(lambda: shared.write(lambda c: search.fill(c, limit)), 0))


def behind(home: Home) -> int:
    with SharedFile(home) as shared:
        return search.behind(shared.reader)


def found(home: Home, words: str) -> list[int]:
    sql = "SELECT rowid FROM conversations_fts WHERE conversations_fts MATCH ? ORDER BY rowid"
    return [each[0] for each in rows(home.database, sql, words)]


def assert_right(home: Home) -> None:
    """The index holds the words of the turns it should hold, and no others."""
    writer = connection.open_writer(home.database)
    try:
        for statement in COMPARED:
            writer.execute(statement)
        words = [
            set(writer.execute(f"SELECT * FROM {table}"))  # noqa: S608 - both are above
            for table in ("words", "words_anew")
        ]
    finally:
        writer.close()
    assert words[0] == words[1]


@pytest.fixture
def filled(home: Home) -> Home:
    store(home, [turn(f"number {n} of the oranges") for n in range(10)])
    return home


def test_an_empty_file_has_nothing_to_index(home: Home) -> None:
    assert fill(home) == []
    assert behind(home) == 0


def test_it_comes_in_steps_until_nothing_is_left(filled: Home) -> None:
    assert behind(filled) == 10
    assert fill(filled, limit=4) == [4, 4, 2]
    assert behind(filled) == 0
    assert found(filled, "oranges") == list(range(1, 11))


def test_what_comes_later_is_indexed_later(filled: Home) -> None:
    fill(filled)
    store(filled, [turn("a lemon")])

    assert behind(filled) == 1
    assert found(filled, "lemon") == []
    assert fill(filled) == [1]
    assert found(filled, "lemon") == [11]


def test_long_turns_make_short_steps_and_one_that_is_too_long_is_a_step(home: Home) -> None:
    long = "word " * (search.BYTES // 4)
    store(home, [turn("a"), turn(long), turn(long + "x"), turn("b")])

    assert fill(home) == [2, 1, 1]
    assert found(home, "word") == [2, 3]


def test_what_was_deleted_before_is_passed_over(filled: Home) -> None:
    change(filled, "UPDATE conversations SET content = '', deleted_at = 'x' WHERE id = 3")
    change(filled, "DELETE FROM conversations WHERE id IN (4, 10)")

    assert fill(filled) == [8]
    assert behind(filled) == 0
    assert found(filled, "oranges") == [1, 2, 5, 6, 7, 8, 9]
    assert_right(filled)


def test_edits_and_deletions_are_followed_at_once(filled: Home) -> None:
    fill(filled)
    change(filled, "UPDATE conversations SET content = 'a lemon', edited_at = 'x' WHERE id = 2")
    change(filled, "UPDATE conversations SET content = '', deleted_at = 'x' WHERE id = 3")
    change(filled, "DELETE FROM conversations WHERE id = 4")

    assert found(filled, "oranges") == [1, 5, 6, 7, 8, 9, 10]
    assert found(filled, "lemon") == [2]
    assert_right(filled)


def test_a_change_of_what_is_not_indexed_yet_is_indexed_once(filled: Home) -> None:
    change(filled, "UPDATE conversations SET content = 'a lemon' WHERE id = 2")
    fill(filled)

    assert found(filled, "lemon") == [2]
    assert_right(filled)


def test_an_interrupted_step_leaves_index_and_watermark_as_they_were(filled: Home) -> None:
    writer = connection.open_writer(filled.database)
    writer.execute("BEGIN IMMEDIATE")
    assert search.fill(writer, 4) == 4
    writer.close()

    assert behind(filled) == 10
    assert fill(filled) == [10]
    assert_right(filled)
