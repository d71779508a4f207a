"""The one thread of a process that writes to the shared file: a queue drained in group commits."""

import asyncio
import logging
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from multibot.errors import MultibotError, StoreUnavailableError
from multibot.store import connection, driver
from multibot.store.connection import Turnstile
from multibot.store.transaction import Again, Durability, Job, Result, Transactions

Outcome = TypeVar("Outcome")
Connect = Callable[[Path], "driver.sqlite.Connection"]

# How long a caller waits for its write before it is told that the store is not to be had.
PATIENCE_SECONDS = 5.0
# So many jobs share one transaction; more would make other processes wait too long.
LARGEST_BATCH = 256
# So many writes may wait for a store that cannot be had; what comes after is refused at once.
LONGEST_QUEUE = 10_000
AGAIN_AFTER_SECONDS = 0.05

log = logging.getLogger(__name__)


class _Entry(NamedTuple):
    job: Job[Any]
    durability: Durability
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"


class Writer:
    """Carries out writes in order. Start it after any fork; close it before its loop ends."""

    def __init__(
        self,
        database: Path,
        lock: Path,
        *,
        patience: float = PATIENCE_SECONDS,
        longest_queue: int = LONGEST_QUEUE,
        connect: Connect = connection.open_writer,
    ) -> None:
        self._database = database
        self._lock = lock
        self._patience = patience
        self._longest_queue = longest_queue
        self._connect = connect
        self._queue: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._opened = threading.Event()
        self._failure: BaseException | None = None
        self._closed = False
        self._give_up = threading.Event()

    def start(self) -> None:
        """Start the thread and wait until its connection is open."""
        self._thread.start()
        if not self._opened.wait(self._patience):
            self._closed = True
            self._give_up.set()
            self._queue.put(None)
            raise StoreUnavailableError(
                "Another process has held the database for too long.", where=str(self._database)
            )
        if self._failure is not None:
            raise self._failure

    async def run(self, job: Job[Outcome], durability: Durability = Durability.HARD) -> Outcome:
        """Write, and return what the job returns once it is committed.

        A write that takes too long raises `StoreUnavailableError` and is carried out all the same.
        """
        self._require_working()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        self._queue.put(_Entry(job, durability, loop, future))
        overdue = loop.call_later(self._patience, self._disappoint, future)
        try:
            return await future
        finally:
            overdue.cancel()

    async def close(self, patience: float | None = None) -> None:
        """Carry out everything that waits, then end the thread; may take `patience` seconds."""
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        seconds = self._patience if patience is None else patience
        await asyncio.to_thread(self._thread.join, seconds)
        if self._thread.is_alive():
            self._give_up.set()
            await asyncio.to_thread(self._thread.join, 2 * AGAIN_AFTER_SECONDS)
            raise StoreUnavailableError(
                "Writes were still waiting for the database when it was closed.",
                where=str(self._database),
            )

    def _disappoint(self, future: "asyncio.Future[Any]") -> None:
        """Let a caller go that has waited for long enough."""
        if not future.done():
            future.set_exception(
                StoreUnavailableError(
                    f"A write still waits after {self._patience:g} s; it will be carried out later.",
                    where=str(self._database),
                )
            )

    @property
    def is_dead(self) -> bool:
        """Whether the thread has ended though nobody closed it: nothing is ever written again."""
        return self._opened.is_set() and not self._closed and not self._thread.is_alive()

    def _require_working(self) -> None:
        if self._closed or not self._thread.is_alive():
            raise StoreUnavailableError("The store is closed.", where=str(self._database))
        if (waiting := self._queue.qsize()) >= self._longest_queue:
            raise StoreUnavailableError(
                f"{waiting} writes wait for the database already.", where=str(self._database)
            )

    def _work(self) -> None:
        try:
            turn = Turnstile(self._lock)
            try:
                with turn:
                    database = self._connect(self._database)
            except MultibotError:
                turn.close()
                raise
        except (MultibotError, OSError) as error:
            self._failure = _failure(error, self._lock)
            self._opened.set()
            return
        self._opened.set()
        try:
            self._drain(Transactions(database), turn)
        finally:
            database.close()
            turn.close()

    def _drain(self, transactions: Transactions, turn: Turnstile) -> None:
        is_open = True
        while is_open:
            batch, is_open = self._take()
            if batch:
                self._report(batch, self._carry_out(batch, transactions, turn))

    def _take(self) -> tuple[list[_Entry], bool]:
        """Wait for an entry, then take all that have come; false after the last one."""
        batch: list[_Entry] = []
        entry = self._queue.get()
        while entry is not None:
            batch.append(entry)
            if len(batch) >= LARGEST_BATCH:
                return batch, True
            try:
                entry = self._queue.get_nowait()
            except queue.Empty:
                return batch, True
        return batch, False

    def _carry_out(
        self, batch: list[_Entry], transactions: Transactions, turn: Turnstile
    ) -> list[Result]:
        hard = any(entry.durability is Durability.HARD for entry in batch)
        durability = Durability.HARD if hard else Durability.SOFT
        jobs = [entry.job for entry in batch]
        while True:
            try:
                with turn:
                    return transactions.carry_out(jobs, durability)
            except Again as again:
                cause = again.__cause__ or again
                log.warning("the database is not to be had: %s; %d writes wait", cause, len(batch))
                if self._give_up.wait(AGAIN_AFTER_SECONDS):
                    return [Result(error=cause)] * len(batch)
            except OSError as error:
                return [Result(error=_failure(error, self._lock))] * len(batch)

    def _report(self, batch: list[_Entry], results: list[Result]) -> None:
        """Tell each loop once; a loop that has ended has nobody left to tell."""
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Result]]] = {}
        for entry, result in zip(batch, results, strict=True):
            told = result
            if result.error is not None:
                told = Result(error=driver.translate(result.error, str(self._database)))
            by_loop.setdefault(entry.loop, []).append((entry.future, told))
        for loop, pairs in by_loop.items():
            try:
                loop.call_soon_threadsafe(_resolve, pairs)
            except RuntimeError:
                _resolve_nobody(pairs)


def _resolve(pairs: list[tuple["asyncio.Future[Any]", Result]]) -> None:
    for future, result in pairs:
        if future.done():
            _resolve_nobody([(future, result)])
        elif result.error is not None:
            future.set_exception(result.error)
        else:
            future.set_result(result.value)


def _resolve_nobody(pairs: list[tuple["asyncio.Future[Any]", Result]]) -> None:
    """Say what failed when whoever asked for it has gone."""
    for _, result in pairs:
        if result.error is not None:
            log.error("a write nobody waits for any more failed: %s", result.error)


def _failure(error: BaseException, lock: Path) -> MultibotError:
    if isinstance(error, MultibotError):
        return error
    failure = StoreUnavailableError(f"The lock cannot be taken: {error}.", where=str(lock))
    failure.__cause__ = error
    return failure
