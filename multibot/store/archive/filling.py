"""The small transactions that take one bot's turns out of the living file and put a copy's in."""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

from multibot.clock import Clock
from multibot.errors import UsageError
from multibot.store import connection, layout
from multibot.store.archive import strides, words
from multibot.store.archive.candidate import Candidate
from multibot.store.archive.shared import SharedFile
from multibot.store.archive.strides import Room
from multibot.store.transaction import Durability, Job, Outcome

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# So many rows are held at once, and share a transaction, at most.
MOST = 2000

Progress = Callable[[int, int], object]
Values = dict[str, Any]
_Sized = tuple[int, Values]
Change = Callable[["sqlite.Connection", Values], Values]

_STEPS = ("emptying", "turns", "sessions", "ledger")
_STATE = "SELECT step, position FROM restores WHERE bot_name = :bot"
_NOTE = "UPDATE restores SET step = :step, position = :position WHERE bot_name = :bot"
_END = "DELETE FROM restores WHERE bot_name = :bot"
_COUNTS = {
    "conversations": "SELECT count(*) FROM conversations WHERE bot_name = :bot",
    "sessions": "SELECT count(*) FROM sessions WHERE bot_name = :bot",
}
_THERE = {
    "conversations": """
        SELECT octet_length(content), id FROM conversations WHERE bot_name = :bot LIMIT :limit""",
    "sessions": "SELECT 0, id FROM sessions WHERE bot_name = :bot LIMIT :limit",
}
# What a step leaves in the WAL is moved by `settle`, while others write.
_LEAVE_WAL = "PRAGMA wal_autocheckpoint = 0"
_SOFT = Durability.SOFT
# Rows get new numbers behind all others, in their order: so the search finds what is not in its
# index, and no number stands for two things.
_KEYS = {
    "conversations": "id",
    "sessions": "id",
    "inbox": "id",
    "outbox": "id",
    "channel_cursors": "channel_id",
}
_LEDGER = ("inbox", "outbox", "channel_cursors")

# `/clear` draws its line behind a turn, whose number is another one now.
_LAST_CLEARED = """
SELECT bot_name, message_id, role, part FROM conversations
WHERE bot_name = :bot_name AND channel_id = :channel_id AND id <= :cleared_through
ORDER BY id DESC LIMIT 1
"""
_ID_OF_TURN = """
SELECT id FROM conversations
WHERE bot_name = ? AND message_id = ? AND role = ? AND part = ?
"""

_IMPORT = "SELECT * FROM imports WHERE id = :import_id"
_KNOWN_IMPORT = """
SELECT id FROM imports
WHERE batch_id = :batch_id AND kind = :kind AND source = :source AND undone_at IS NULL
    AND sha256 IN (:sha256, 'restored ' || :sha256)
"""


def silent(done: int, total: int) -> None:
    """Tell nobody how far it is."""
    del done, total


class Filling:
    """The transactions of one restore, in their order. Use it in a `with` block.

    `settle` is called after each of them, outside of any.
    """

    def __init__(
        self,
        shared: SharedFile,
        made: Candidate,
        bot_name: str,
        *,
        clock: Clock,
        settle: Callable[[], None],
        most: int = MOST,
    ) -> None:
        self._shared = shared
        self._made = made
        self._bot = {"bot": bot_name}
        self._clock = clock
        self._settle = settle
        self._most = most
        self._imports: dict[Any, int] = {}
        self._copy = connection.open_reader(made.path)

    def __enter__(self) -> Self:
        if self._bot["bot"] not in self._made.bots:
            self._copy.close()
            raise UsageError(
                f"there is nothing of {self._bot['bot']} in this copy.",
                where=str(self._made.source),
                remedy=f"It has {', '.join(self._made.bots) or 'no bot'}.",
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._copy.close()

    def run(self, progress: Progress) -> dict[str, int]:
        """Do what is left to do; return how many rows of each table are there now."""
        step, position = self._shared.reader.execute(_STATE, self._bot).fetchone()
        for name in _STEPS[_STEPS.index(step) :]:
            self._shared.write(self._noting(name, position))
            if name == "emptying":
                self._take_out(progress)
            elif name == "ledger":
                self._add_ledger()
            else:
                self._put_back(name, position, progress)
            position = 0
        self._shared.write(lambda writer: writer.execute(_END, self._bot))
        return {table: self._count(self._shared.reader, table) for table in _COUNTS}

    def _count(self, reader: "sqlite.Connection", table: str) -> int:
        return int(reader.execute(_COUNTS[table], self._bot).fetchone()[0])

    def _noting(self, step: str, position: int) -> Job[object]:
        values = {**self._bot, "step": step, "position": position}
        return lambda writer: writer.execute(_NOTE, values)

    def _take_out(self, progress: Progress) -> None:
        total, done = self._count(self._shared.reader, "conversations"), 0
        for table in _THERE:
            while removed := self._write(functools.partial(self._remove, table=table)):
                done += removed
                progress(min(done, total), total)
        is_unfinished = self._write(functools.partial(words.merge, begin=True))
        while is_unfinished:
            is_unfinished = self._write(words.merge)

    def _remove(self, writer: "sqlite.Connection", table: str) -> int:
        """Remove rows until the time is up. A job."""
        room = Room(self._clock, self._most)
        delete = f"DELETE FROM {table} WHERE id = ?"  # noqa: S608 - a name
        removed, is_left = 0, True
        with words.removed_in_bulk(writer):
            while is_left and room.is_left:
                values = {**self._bot, "limit": room.rows}
                some, _ = room.take(writer.execute(_THERE[table], values).fetchall())
                writer.executemany(delete, [row[1:] for row in some])
                removed += len(some)
                is_left = bool(some)
        return removed

    def _write(self, job: Job[Outcome]) -> Outcome:
        """Carry out a job; a power cut may take the newest steps, whole: they are done again."""

        def work(writer: "sqlite.Connection") -> Outcome:
            writer.execute(_LEAVE_WAL).fetchall()
            return job(writer)

        done = self._shared.write(work, _SOFT)
        self._settle()
        return done

    def _put_back(self, step: str, after: int, progress: Progress) -> None:
        """Put the turns or the sessions back, from the row after this one on."""
        table, change = {
            "turns": ("conversations", self._turn),
            "sessions": ("sessions", self._session),
        }[step]
        total, done = self._count(self._copy, table), 0
        for rows in self._chunks(table, after, change, step):
            done += rows
            progress(min(done, total), total)

    def _add_ledger(self) -> None:
        """Add what only the copy knows; after a kill anew, since no row is added twice."""
        for table in _LEDGER:
            first: int | str = "" if table == "channel_cursors" else 0
            for _ in self._chunks(table, first, lambda _, row: row):
                continue

    def _chunks(
        self, table: str, after: int | str, change: Change, step: str = ""
    ) -> Iterator[int]:
        """Insert a table's rows bit by bit; give how many each transaction had."""
        columns = layout.columns(self._copy, table)
        while rows := self._next(table, columns, after):
            self._know_imports([row for _, row in rows])
            after = rows[-1][1][_KEYS[table]]
            while rows:
                done = self._write(functools.partial(self._insert, table, rows, change, step))
                rows = rows[done:]
                yield done

    def _next(self, table: str, columns: Sequence[str], after: int | str) -> list[_Sized]:
        """Read the next rows, each with its size: as many as may be held, and one at least."""
        key = _KEYS[table]
        size = " + ".join(f"coalesce(octet_length({name}), 0)" for name in columns)
        of_bot = f"FROM {table} WHERE bot_name = :bot AND {key} > :after"
        values = {**self._bot, "after": after, "limit": self._most}
        sizes = f"SELECT {size}, {key} {of_bot} ORDER BY {key} LIMIT :limit"
        found = self._copy.execute(sizes, values).fetchall()
        found = found[: strides.cut((size for size, _ in found), strides.HELD_BYTES)]
        if not found:
            return []
        values["through"] = found[-1][1]
        rows = f"""SELECT {", ".join(columns)} {of_bot} AND {key} <= :through ORDER BY {key}"""
        read = self._copy.execute(rows, values).fetchall()
        return [
            (size, dict(zip(columns, row, strict=True)))
            for (size, _), row in zip(found, read, strict=True)
        ]

    def _insert(
        self,
        table: str,
        rows: Sequence[_Sized],
        change: Change,
        step: str,
        writer: "sqlite.Connection",
    ) -> int:
        """Insert rows until the time is up, and note how far that is. A job."""
        room = Room(self._clock)
        names = [name for name in rows[0][1] if name != "id"]
        sql = f"""INSERT INTO {table} ({", ".join(names)})
            VALUES ({", ".join(f":{name}" for name in names)}) ON CONFLICT DO NOTHING"""  # noqa: S608 - names
        done = 0
        while done < len(rows) and room.is_left:
            some, _ = room.take(rows[done : done + room.rows])
            for _, row in some:
                writer.execute(sql, change(writer, row))
            done += len(some)
        if step:
            self._noting(step, rows[done - 1][1][_KEYS[table]])(writer)
        return done

    def _turn(self, _: "sqlite.Connection", row: Values) -> Values:
        return {**row, "import_id": self._imports.get(row["import_id"])}

    def _session(self, writer: "sqlite.Connection", row: Values) -> Values:
        through = row["cleared_through"]
        if through is not None:
            turn = self._copy.execute(_LAST_CLEARED, row).fetchone()
            found = turn and writer.execute(_ID_OF_TURN, turn).fetchone()
            through = found[0] if found else 0
        import_id = self._imports.get(row["import_id"])
        return {**row, "cleared_through": through, "import_id": import_id}

    def _know_imports(self, rows: Sequence[Values]) -> None:
        """Find the living rows of the imports that these rows came with, or add them."""
        for import_id in {row.get("import_id") for row in rows} - {None, *self._imports}:
            columns = layout.columns(self._copy, "imports")
            found = self._copy.execute(_IMPORT, {"import_id": import_id}).fetchone()
            adding = _adding_import(dict(zip(columns, found, strict=True)))
            self._imports[import_id] = self._shared.write(adding)


def _adding_import(row: Values) -> Job[int]:
    """Add an import unless it is there, so that it can be undone as before.

    An added one does not count as a file that was imported: other bots' turns of it are not here.
    """
    names = [name for name in row if name != "id"]
    sql = f"""INSERT INTO imports ({", ".join(names)})
        VALUES ({", ".join(f":{name}" for name in names)}) RETURNING id"""  # noqa: S608 - names
    values = {**row, "sha256": f"restored {row['sha256']}"}

    def job(writer: "sqlite.Connection") -> int:
        known = writer.execute(_KNOWN_IMPORT, row).fetchone()
        return int((known or writer.execute(sql, values).fetchone())[0])

    return job
