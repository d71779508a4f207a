"""Group commit: what is reported is in the file, and one job's fault is its own."""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from multibot.errors import MultibotError, StoreUnavailableError
from multibot.store import connection
from multibot.store.driver import sqlite
from multibot.store.transaction import Durability
from multibot.store.writer import Writer
from tests.fakes import settle
from tests.store.material import rows, turnstile_held

SCHEMA = (
    "CREATE TABLE notes (note TEXT NOT NULL UNIQUE) STRICT",
    "CREATE TABLE parents (id INTEGER PRIMARY KEY) STRICT",
    "CREATE TABLE children (parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)",
)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "notes.db"
    path.touch()
    made = connection.open_writer(path)
    for statement in SCHEMA:
        made.execute(statement)
    made.close()
    return path


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "notes.lock"


MakeWriter = Callable[..., Writer]


@pytest.fixture
def make_writer(database: Path, lock: Path) -> MakeWriter:
    def make(**options: object) -> Writer:
        writer = Writer(database, lock, **options)  # type: ignore[arg-type]
        writer.start()
        return writer

    return make


def note(text: str) -> Callable[[sqlite.Connection], str]:
    def job(writing: sqlite.Connection) -> str:
        writing.execute("INSERT INTO notes VALUES (?)", (text,))
        return text

    return job


def notes(database: Path) -> set[str]:
    return {row[0] for row in rows(database, "SELECT note FROM notes")}


async def as_one_batch(lock: Path, *writes: Awaitable[object]) -> list[object]:
    """Queue every write while the writer waits for the turnstile, then let it go."""
    with turnstile_held(lock):
        tasks = [asyncio.ensure_future(write) for write in writes]
        await settle()
    return await asyncio.gather(*tasks, return_exceptions=True)


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


async def test_a_foreign_lock_delays_and_never_loses(
    database: Path, make_writer: MakeWriter, caplog: pytest.LogCaptureFixture
) -> None:
    foreign = connection.open_writer(database)
    writer = make_writer(connect=functools.partial(connection.open_writer, busy_ms=1), patience=0.2)
    foreign.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreUnavailableError, match="carried out later"):
        await writer.run(note("late"))
    assert notes(database) == set()
    foreign.execute("ROLLBACK")
    foreign.close()
    await writer.close()
    assert notes(database) == {"late"}
    assert "1 writes wait" in caplog.text


async def test_a_write_is_carried_out_when_its_awaiter_is_gone(
    database: Path, lock: Path, make_writer: MakeWriter
) -> None:
    writer = make_writer()
    with turnstile_held(lock):
        gone = asyncio.ensure_future(writer.run(note("kept")))
        await settle()
        gone.cancel()
        await settle()
        assert gone.cancelled()
    await writer.close()
    assert notes(database) == {"kept"}


async def test_an_error_nobody_waits_for_is_logged(
    lock: Path, make_writer: MakeWriter, caplog: pytest.LogCaptureFixture
) -> None:
    writer = make_writer()
    await writer.run(note("one"))
    with turnstile_held(lock):
        gone = asyncio.ensure_future(writer.run(note("one")))
        await settle()
        gone.cancel()
        await settle()
    await writer.close()
    await settle()
    assert "nobody waits for" in caplog.text


def test_a_loop_that_has_ended_loses_no_write(
    database: Path, lock: Path, make_writer: MakeWriter
) -> None:
    writer = make_writer()
    ended = asyncio.new_event_loop()
    with turnstile_held(lock):
        left = ended.create_task(writer.run(note("kept")))
        ended.run_until_complete(settle())
        left.cancel()
        ended.run_until_complete(settle())
        ended.close()
    asyncio.run(writer.close())
    assert notes(database) == {"kept"}


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


async def test_closing_carries_out_what_waits(
    database: Path, lock: Path, make_writer: MakeWriter
) -> None:
    writer = make_writer()
    with turnstile_held(lock):
        tasks = [asyncio.ensure_future(writer.run(note(str(n)))) for n in range(300)]
        await settle()
        closing = asyncio.ensure_future(writer.close())
        await settle()
    await closing
    assert len(await asyncio.gather(*tasks)) == 300
    assert len(notes(database)) == 300


async def test_a_closed_writer_refuses_at_once(make_writer: MakeWriter) -> None:
    writer = make_writer()
    await writer.close()
    await writer.close()
    with pytest.raises(StoreUnavailableError, match="closed"):
        await writer.run(note("late"))


async def test_closing_gives_up_when_the_lock_never_comes(
    lock: Path, make_writer: MakeWriter
) -> None:
    writer = make_writer(patience=0.1)
    with turnstile_held(lock):
        with pytest.raises(StoreUnavailableError, match="carried out later"):
            await writer.run(note("late"))
        with pytest.raises(StoreUnavailableError, match="still waiting"):
            await writer.close()


async def test_a_queue_that_is_too_long_refuses_more(
    database: Path, lock: Path, make_writer: MakeWriter
) -> None:
    writer = make_writer(longest_queue=10)
    with turnstile_held(lock):
        # One is in the writer's hands, the rest wait.
        tasks = [asyncio.ensure_future(writer.run(note(str(n)))) for n in range(30)]
        await settle()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    refused = [result for result in results if isinstance(result, StoreUnavailableError)]
    assert refused
    assert len(notes(database)) == 30 - len(refused)
    await writer.close()


async def test_a_writer_that_cannot_open_its_file_says_so(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "missing.db", tmp_path / "missing.lock")
    with pytest.raises(StoreUnavailableError, match="cannot be opened"):
        writer.start()
    assert not (tmp_path / "missing.db").exists()


async def test_a_lock_that_cannot_be_made_says_so(database: Path, tmp_path: Path) -> None:
    writer = Writer(database, tmp_path / "missing" / "notes.lock")
    with pytest.raises(StoreUnavailableError, match="lock cannot be taken"):
        writer.start()
