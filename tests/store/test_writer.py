"""The queue in front of the file: what waits is carried out, whoever has stopped waiting."""

import asyncio
import functools
from pathlib import Path

import pytest

from multibot.errors import StoreUnavailableError
from multibot.store import connection
from multibot.store.writer import Writer
from tests.fakes import settle
from tests.store.material import turnstile_held
from tests.store.notes import MakeWriter, note, notes


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


async def test_whoever_closes_says_how_long_that_may_take(
    database: Path, lock: Path, make_writer: MakeWriter
) -> None:
    """A process that ends has less time than a caller that waits for its write."""
    writer = make_writer(patience=60)
    with turnstile_held(lock):
        waiting = asyncio.ensure_future(writer.run(note("late")))
        await settle()
        with pytest.raises(StoreUnavailableError, match="still waiting"):
            await asyncio.wait_for(writer.close(0.1), 10)
        waiting.cancel()
    assert notes(database) <= {"late"}


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


async def test_a_start_behind_a_lock_that_never_comes_says_so(
    lock: Path, make_writer: MakeWriter
) -> None:
    with (
        turnstile_held(lock),
        pytest.raises(StoreUnavailableError, match="held the database for too long"),
    ):
        make_writer(patience=0.05)
