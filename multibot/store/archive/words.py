"""Removing many turns from the search so that none of their words stays in the file.

The index can take words out of its pages one by one, which is how single deletions are done; for
many it is quicker to mark them and to write the pages anew afterwards, a few in each step.
"""

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# So many pages are written by one step, which no bot has to wait for longer than some milliseconds:
# where most words are left out, many more are read for each of them.
PAGES, LEAST_PAGES = 100, 8
STEP_SECONDS = 0.01

_IS_THERE = "SELECT 1 FROM pragma_table_list WHERE schema = 'main' AND name = 'conversations_fts'"
_SET = "INSERT INTO conversations_fts (conversations_fts, rank) VALUES (?, ?)"


@contextlib.contextmanager
def removed_in_bulk(connection: "sqlite.Connection", *, is_due: bool = True) -> Iterator[None]:
    """Only mark what is deleted in here; `merge` has to follow. Run it inside a transaction."""
    if not (is_due and _is_there(connection)):
        yield
        return
    connection.execute(_SET, ("secure-delete", 0))
    yield
    connection.execute(_SET, ("secure-delete", 1))


def merge(connection: "sqlite.Connection", *, begin: bool = False, pages: int = PAGES) -> bool:
    """Write some pages of the index anew, without what was deleted; false when all are done.

    The first call of a round says `begin`. Run it inside a transaction.
    """
    if not _is_there(connection):
        return False
    before = connection.total_changes
    connection.execute(_SET, ("merge", -pages if begin else pages))
    # https://sqlite.org/fts5.html#the_merge_command
    return connection.total_changes - before > 1


class Merging:
    """Merges in steps that take about the same time, whatever the words are; each is a job."""

    def __init__(self) -> None:
        self._pages = LEAST_PAGES

    def __call__(self, connection: "sqlite.Connection", *, begin: bool = False) -> bool:
        """Do one step; false when all are done."""
        began = time.perf_counter()
        is_unfinished = merge(connection, begin=begin, pages=self._pages)
        took = time.perf_counter() - began
        if took > STEP_SECONDS:
            self._pages = max(LEAST_PAGES, self._pages // 2)
        elif took < STEP_SECONDS / 3:
            self._pages = min(PAGES, self._pages * 2)
        return is_unfinished


def _is_there(connection: "sqlite.Connection") -> bool:
    return connection.execute(_IS_THERE).fetchone() is not None
