"""Group commit: what is reported is in the file, and one job's fault is its own."""

from pathlib import Path

import pytest

from multibot.errors import MultibotError, StoreUnavailableError
from multibot.store import connection
from multibot.store.driver import sqlite
from multibot.store.transaction import Durability
from tests.store.notes import MakeWriter, as_one_batch, note, notes


async def test_what_is_returned_is_committed(database: Path, make_writer: MakeWriter) -> None:
    writer = make_writer()
    assert await writer.run(note("one")) == "one"
    assert notes(database) == {"one"}
    await writer.close()


async def test_a_failing_job_fails_alone(
    database: Path, lock: Path, make_writer: MakeWriter
) -> None:
    writer = make_writer()
    await writer.run(note("first"))

    def half_done(writing: sqlite.Connection) -> None:
        writing.execute("INSERT INTO notes VALUES ('half')")
        raise LookupError("a bug")

    results = await as_one_batch(
        lock,
        writer.run(note("before")),
        writer.run(note("first")),
        writer.run(half_done),
        writer.run(note("after")),
    )
    assert results[0] == "before"
    assert isinstance(results[1], MultibotError)
    assert isinstance(results[1].__cause__, sqlite.IntegrityError)
    assert isinstance(results[2], LookupError)
    assert results[3] == "after"
    assert notes(database) == {"first", "before", "after"}
    await writer.close()


async def test_jobs_are_run_again_when_another_takes_the_transaction_with_it(
    database: Path, lock: Path, make_writer: MakeWriter
) -> None:
    """Some errors roll back everything, including what earlier jobs of the batch did."""
    writer = make_writer()

    def poison(writing: sqlite.Connection) -> None:
        writing.execute("INSERT OR ROLLBACK INTO notes VALUES ('before')")

    await writer.run(note("first"))
    results = await as_one_batch(
        lock,
        writer.run(note("before")),
        writer.run(poison),
        writer.run(note("after")),
    )
    assert results[0] == "before"
    assert isinstance(results[1], MultibotError)
    assert results[2] == "after"
    assert notes(database) == {"first", "before", "after"}
    await writer.close()


async def test_a_job_that_ends_the_transaction_is_refused(
    database: Path, lock: Path, make_writer: MakeWriter
) -> None:
    writer = make_writer()
    results = await as_one_batch(
        lock,
        writer.run(note("before")),
        writer.run(lambda writing: writing.execute("ROLLBACK").rowcount),
    )
    assert results[0] == "before"
    assert isinstance(results[1], RuntimeError)
    assert notes(database) == {"before"}
    await writer.close()


async def test_nothing_is_reported_when_the_commit_fails(
    database: Path, lock: Path, make_writer: MakeWriter
) -> None:
    writer = make_writer()

    def orphan(writing: sqlite.Connection) -> None:
        writing.execute("INSERT INTO children VALUES (99)")

    results = await as_one_batch(lock, writer.run(note("one")), writer.run(orphan))
    assert [type(result) for result in results] == [MultibotError, MultibotError]
    assert notes(database) == set()
    assert await writer.run(note("two")) == "two"
    await writer.close()


async def test_a_full_disk_fails_the_write_and_not_the_writer(
    database: Path, make_writer: MakeWriter
) -> None:
    def connect(path: Path) -> sqlite.Connection:
        small = connection.open_writer(path)
        small.execute("PRAGMA max_page_count = 12").fetchall()
        return small

    writer = make_writer(connect=connect)
    with pytest.raises(StoreUnavailableError, match="disk is full"):
        await writer.run(note("x" * 200_000))
    assert await writer.run(note("small")) == "small"
    assert notes(database) == {"small"}
    await writer.close()


async def test_an_interrupted_transaction_is_run_again(
    database: Path, make_writer: MakeWriter
) -> None:
    writer = make_writer()
    attempts: list[int] = []

    def interrupted_once(writing: sqlite.Connection) -> None:
        attempts.append(1)
        writing.execute("INSERT INTO notes VALUES ('kept')")
        if len(attempts) == 1:
            writing.execute("ROLLBACK")
            error = sqlite.OperationalError("interrupted")
            error.sqlite_errorcode = 9
            raise error

    await writer.run(interrupted_once)
    assert len(attempts) == 2
    assert notes(database) == {"kept"}
    await writer.close()


async def test_a_batch_with_a_hard_job_is_hard(lock: Path, make_writer: MakeWriter) -> None:
    writer = make_writer()

    def synchronous(writing: sqlite.Connection) -> int:
        return int(writing.execute("PRAGMA synchronous").fetchone()[0])

    full, normal = 2, 1
    assert await writer.run(synchronous, Durability.SOFT) == normal
    assert await writer.run(synchronous, Durability.HARD) == full
    mixed = await as_one_batch(
        lock,
        writer.run(synchronous, Durability.SOFT),
        writer.run(synchronous, Durability.HARD),
        writer.run(synchronous, Durability.SOFT),
    )
    # The first may have been taken before the others came.
    assert mixed[1:] == [full, full]
    assert await writer.run(synchronous, Durability.SOFT) == normal
    await writer.close()


async def test_waiting_writes_share_one_transaction(
    database: Path, lock: Path, make_writer: MakeWriter
) -> None:
    commits = 0

    def connect(path: Path) -> sqlite.Connection:
        counting = connection.open_writer(path)

        def count(statement: str) -> None:
            nonlocal commits
            commits += statement == "COMMIT"

        counting.set_trace_callback(count)
        return counting

    writer = make_writer(connect=connect)
    await as_one_batch(lock, *(writer.run(note(str(n))) for n in range(100)))
    assert len(notes(database)) == 100
    assert commits <= 2
    await writer.close()
