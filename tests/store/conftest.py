import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from multibot.clock import Clock
from multibot.conversation.message import BotName
from multibot.home import Home
from multibot.store import connection
from multibot.store.archive.backup import backup
from multibot.store.driver import sqlite
from multibot.store.migrate import migrate
from multibot.store.stores import BotStore, open_store
from multibot.store.writer import Writer
from tests.fakes import FakeClock
from tests.store import copies, notes
from tests.store.material import SAGE
from tests.store.talk import BOTS, Stores, Talk

OpenBot = Callable[..., BotStore]


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The home all others are copied from: a copy waits for no disk."""
    home = Home(tmp_path_factory.mktemp("pattern"))
    migrate(home, FakeClock())
    return home


@pytest.fixture
def home(home: Home, pattern: Home) -> Home:
    """A home whose database is there and up to date."""
    shutil.copytree(pattern.data, home.data)
    return home


@pytest.fixture
async def open_bot(home: Home, clock: FakeClock) -> AsyncIterator[OpenBot]:
    """Open the shared file for any bot; every store is closed at the end."""
    stores: list[BotStore] = []

    def open_one(bot_name: BotName = SAGE, clock: Clock = clock) -> BotStore:
        stores.append(open_store(home, bot_name, clock))
        return stores[-1]

    yield open_one
    for store in stores:
        await store.close()


@pytest.fixture
async def store(open_bot: OpenBot) -> BotStore:
    return open_bot()


@pytest.fixture
def writing(home: Home) -> Iterator[sqlite.Connection]:
    """A connection that writes at once, without a queue."""
    made = connection.open_writer(home.database)
    yield made
    made.close()


@pytest.fixture
def stores(open_bot: OpenBot) -> Stores:
    """The shared file, opened for three bots."""
    return {bot: open_bot(bot) for bot in BOTS}


@pytest.fixture
def talk(stores: Stores, clock: FakeClock) -> Talk:
    """One channel in which the three talk with each other."""
    return Talk(stores, clock)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A file with the small tables of `notes.py`."""
    path = tmp_path / "notes.db"
    path.touch()
    made = connection.open_writer(path)
    for statement in notes.SCHEMA:
        made.execute(statement)
    made.close()
    return path


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "notes.lock"


@pytest.fixture
def make_writer(database: Path, lock: Path) -> notes.MakeWriter:
    def make(**options: Any) -> Writer:
        writer = Writer(database, lock, **options)
        writer.start()
        return writer

    return make


@pytest.fixture
async def older(home: Home, open_bot: OpenBot, clock: FakeClock) -> Path:
    """Take a backup of a home in which more is said later; nothing of it runs."""
    store = open_bot()
    await copies.talk(store, 1, 3)
    copies.index(home)
    taken = backup(home, clock)
    await copies.talk(store, 4, 2)
    await store.close()
    return taken.path
