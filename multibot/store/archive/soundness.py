"""Everything that can be wrong with the shared file, looked for one after the other."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from multibot.home import Home
from multibot.store import connection, driver
from multibot.store.archive import backup, search
from multibot.store.archive.shared import SharedFile
from multibot.store.connection import SCHEMA_VERSION
from multibot.store.driver import sqlite
from multibot.wording import are, counted

# So many of a kind are told.
_MOST = 5

_QUICK, _FULL = f"PRAGMA quick_check({_MOST})", f"PRAGMA integrity_check({_MOST})"
_REFERENCES = "PRAGMA foreign_key_check"
_UNFINISHED = "SELECT bot_name, source, kept FROM restores ORDER BY bot_name"
# Without its index, which may be what is wrong.
_OPEN_TWICE = """
SELECT bot_name, channel_id FROM sessions NOT INDEXED WHERE is_active = 1
GROUP BY bot_name, platform, channel_id, user_id HAVING count(*) > 1
"""
_STRANGE_SESSIONS = """
SELECT count(*) FROM conversations AS c
WHERE EXISTS (SELECT 1 FROM sessions AS s
    WHERE s.session_id = c.session_id AND s.bot_name <> c.bot_name)
"""
_AHEAD = """
SELECT value FROM watermarks
WHERE name = 'search'
    AND value > (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'conversations')
"""
_NOT_INDEXED = """
SELECT count(*) FROM conversations AS c
WHERE c.deleted_at IS NULL AND c.id <= (SELECT value FROM watermarks WHERE name = 'search')
    AND NOT EXISTS (SELECT 1 FROM conversations_fts_docsize AS d WHERE d.id = c.id)
"""
_NOT_THERE = """
SELECT count(*) FROM conversations_fts_docsize AS d
WHERE NOT EXISTS (
    SELECT 1 FROM conversations AS c WHERE c.id = d.id AND c.deleted_at IS NULL)
"""
_EMPTY_SEARCH = (
    "INSERT INTO conversations_fts (conversations_fts) VALUES ('delete-all')",
    "UPDATE watermarks SET value = 0 WHERE name = 'search'",
)


@dataclass(frozen=True, slots=True)
class Look:
    """One thing that was looked at: what it is, what is wrong with it, if anything, and the cure."""

    subject: str
    trouble: str = ""
    remedy: str = ""
    fine: str = ""


class Examination:
    """One examination; a `full` one compares rows with their indexes and with each other."""

    def __init__(self, home: Home, *, full: bool = False) -> None:
        self._home = home
        self._full = full
        self._restore = f"Run `multibot down`, then `multibot db restore {backup.newest(home)}`."

    def looks(self) -> Iterator[Look]:
        """Look at everything; where pages are damaged, at nothing else.

        Raises MultibotError where the file cannot be opened at all.
        """
        path = self._home.database
        with (
            contextlib.closing(connection.open_reader(path)) as reader,
            connection.errors_of(path),
        ):
            schema = connection.schema_version(reader)
            yield _schema(schema)
            pages = self._pages(reader)
            yield pages
            if not pages.trouble and schema == SCHEMA_VERSION:
                yield self._references(reader)
                yield self._search(reader)
                yield self._sessions(reader)
                yield from _restores(reader)

    def _pages(self, reader: "sqlite.Connection") -> Look:
        try:
            found = reader.execute(_FULL if self._full else _QUICK).fetchall()
        except sqlite.DatabaseError as error:
            if driver.primary_code(error) != driver.CORRUPT:
                raise
            found = [(str(error),)]
        if found == [("ok",)]:
            return Look("pages", fine="all in order, with their indexes" if self._full else "ok")
        told = (" ".join(str(line).split()) for (line,) in found)
        return Look("pages", "; ".join(told), self._restore)

    def _references(self, reader: "sqlite.Connection") -> Look:
        wrong = Counter(table for table, *_ in reader.execute(_REFERENCES))
        if not wrong:
            return Look("references", fine="ok")
        told = ", ".join(f"{count} of {table}" for table, count in sorted(wrong.items()))
        return Look("references", f"rows that refer to nothing: {told}", self._restore)

    def _search(self, reader: "sqlite.Connection") -> Look:
        found = []
        if reader.execute(_AHEAD).fetchone():
            found.append("its mark is ahead of all turns")
        if self._full and (missing := reader.execute(_NOT_INDEXED).fetchone()[0]):
            found.append(f"{counted(missing, 'turn')} {are(missing)} not in it")
        if self._full and (left := reader.execute(_NOT_THERE).fetchone()[0]):
            found.append(f"{counted(left, 'turn')} that {are(left)} gone {are(left)} in it")
        behind = search.behind(reader)
        fine = f"{counted(behind, 'turn')} to come" if behind else "ok"
        return Look("search", "; ".join(found), "Run `multibot db reindex`.", fine)

    def _sessions(self, reader: "sqlite.Connection") -> Look:
        found = [
            f"{bot_name} has two open ones in channel {channel}"
            for bot_name, channel in reader.execute(_OPEN_TWICE).fetchmany(_MOST)
        ]
        if self._full and (strange := reader.execute(_STRANGE_SESSIONS).fetchone()[0]):
            found.append(f"{counted(strange, 'turn')} {are(strange)} in a session of another bot")
        return Look("sessions", "; ".join(found), self._restore, "ok")


def _schema(found: int) -> Look:
    if found == SCHEMA_VERSION:
        return Look("schema", fine=str(found))
    if found < SCHEMA_VERSION:
        told = f"the file has {found}, this multibot needs {SCHEMA_VERSION}"
        return Look("schema", told, "Run `multibot db migrate`.")
    told = f"the file has {found}, this multibot knows {SCHEMA_VERSION} at most"
    return Look("schema", told, "Upgrade multibot.")


def _restores(reader: "sqlite.Connection") -> Iterator[Look]:
    for bot_name, source, kept in reader.execute(_UNFINISHED).fetchall():
        yield Look(
            "restores",
            f"a restore of {bot_name} was not finished: not all of its history is there",
            f"Run `multibot db restore {source} --bot {bot_name}` again"
            f" (what was there before: {kept}).",
        )


def reindex(shared: SharedFile, progress: Callable[[int], object]) -> int:
    """Make the search anew; return how many turns it has. No bot may run meanwhile."""

    def empty(writer: "sqlite.Connection") -> None:
        for sql in _EMPTY_SEARCH:
            writer.execute(sql)

    shared.write(empty)
    done = 0
    while added := shared.write(search.fill):
        done += added
        progress(done)
    return done
