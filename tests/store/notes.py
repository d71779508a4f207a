"""A small table to write to, where the writer itself is what is tested."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from multibot.store.driver import sqlite
from multibot.store.writer import Writer
from tests.fakes import settle
from tests.store.material import rows, turnstile_held

SCHEMA = (
    "CREATE TABLE notes (note TEXT NOT NULL UNIQUE) STRICT",
    "CREATE TABLE parents (id INTEGER PRIMARY KEY) STRICT",
    "CREATE TABLE children (parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)",
)

MakeWriter = Callable[..., Writer]


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
