"""The words of many turns are removed from the search in steps that nobody waits for."""

import functools
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from multibot.home import Home
from multibot.store import connection
from multibot.store.archive import search, words
from multibot.store.archive.clearing import transaction
from multibot.store.archive.shared import SharedFile
from tests.store.forgetful import populated

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

ADD = """
INSERT INTO conversations (bot_name, channel_id, channel_name, channel_type, user_id, username,
    session_id, message_id, role, content, timestamp)
VALUES ('sage', '10', 'x', 'channel', '7', 'al', 's1', ?, 'user', ?, '2026-01-01T12:00:00.000Z')
"""
FOUND = "SELECT count(*) FROM conversations_fts WHERE conversations_fts MATCH ?"
PAGES = "SELECT count(*) FROM conversations_fts_data"
TURNS, WORDS = 20, 4000


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Give a file with texts of which no two have a word in common."""
    home = populated(Home(tmp_path))
    with SharedFile(home) as shared:
        for turn in range(TURNS):
            text = " ".join(f"word{turn}x{number}" for number in range(WORDS))
            shared.write(functools.partial(_say, turn=turn, text=text))
        while shared.write(search.fill):
            pass
    return home


def _say(writing: "sqlite.Connection", turn: int, text: str) -> None:
    writing.execute(ADD, (f"m{turn}", text))


def steps(writing: "sqlite.Connection") -> list[int]:
    """Merge all; give how many pages each step wrote."""
    merge, is_unfinished, wrote = words.Merging(), True, list[int]()
    while is_unfinished:
        before = writing.total_changes
        with transaction(writing):
            is_unfinished = merge(writing, begin=not wrote)
        wrote.append(writing.total_changes - before)
    return wrote


def test_no_step_begins_with_more_than_a_few_pages(home: Home) -> None:
    with closing(connection.open_writer(home.database)) as writing:
        with transaction(writing), words.removed_in_bulk(writing):
            writing.execute("DELETE FROM conversations WHERE message_id GLOB 'm1*'")
        (pages,) = writing.execute(PAGES).fetchone()

        wrote = steps(writing)

        assert wrote[0] < pages / 2
        for turn in range(TURNS):
            (found,) = writing.execute(FOUND, (f"word{turn}x{WORDS - 1}",)).fetchone()
            assert found == (not str(turn).startswith("1"))
    assert b"word11x" not in home.database.read_bytes()
