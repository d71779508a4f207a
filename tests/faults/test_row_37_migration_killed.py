"""Row 37: a migration is killed at every statement. The file has an older or the newer schema, never half."""

import itertools
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlite_utils

from multibot.clock import SystemClock
from multibot.home import Home
from multibot.store.connection import SCHEMA_VERSION
from multibot.store.migrate import migrate, schema_version
from tests.faults import accounts, book, crowd, keeper, nursery
from tests.faults.nursery import Nursery
from tests.migration.test_schema import only_first, schema
from tests.process.stand import eventually

MIGRATIONS = Path(__file__).parents[2] / "migrations"
# Of each statement: at its beginning, and after so many of SQLite's steps, chosen by lot.
TRIES = book.times(20, 1)
# Every statement in full; some of them, spread over all, in every test run.
STRIDE = book.times(1, 29)
FARTHEST_STEP = 400
AT_RANDOM = book.times(100, 3)
SEED = 37

SESSION = """
INSERT INTO sessions (bot_name, channel_id, session_id, started_at, last_activity, display_id)
VALUES ('sage', '1', 'kept', 'a', 'b', 'c')
"""


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    """What a file has after each number of migrations."""
    folder = tmp_path_factory.mktemp("schemas")
    stepped = Home(folder)
    found: list[list[str]] = [[]]
    for count in range(1, SCHEMA_VERSION + 1):
        migrate(
            stepped,
            SystemClock(),
            folder=only_first(MIGRATIONS, count, folder / f"first{count}"),
        )
        found.append(schema(stepped.database))
    return found


class Pattern:
    """Homes whose database is as after so many migrations, with a row in it; 0 for none at all."""

    def __init__(self, folder: Path, count: int) -> None:
        self._folder = folder
        self._numbers = itertools.count()
        self._made = Home(folder / "pattern")
        self._made.data.mkdir(parents=True)
        if count:
            first = only_first(MIGRATIONS, count, folder / "first")
            migrate(self._made, SystemClock(), folder=first)
            with sqlite_utils.Database(self._made.database).conn as connection:
                connection.execute(SESSION)
            connection.close()

    def home(self) -> Home:
        """Make one more."""
        home = Home(self._folder / str(next(self._numbers)))
        shutil.copytree(self._made.root, home.root)
        return home


def kills(statements: int) -> Iterator[dict[str, int]]:
    dice = crowd.dice(SEED)
    for statement, attempt in itertools.product(range(1, statements + 1, STRIDE), range(TRIES)):
        steps = dice.randrange(1, FARTHEST_STEP) if attempt else 0
        yield {"statement": statement, "steps": steps}


def require_one_schema(home: Home, schemas: list[list[str]], least: int) -> int:
    """Look at what a killed migration left; return the version of the schema it has."""
    if not home.database.exists() or home.database.stat().st_size == 0:
        assert least == 0
        return 0
    found = schema_version(home.database)
    assert found >= least
    assert schema(home.database) == schemas[found]
    assert accounts.is_whole(home.database, "integrity_check")
    with sqlite_utils.Database(home.database) as file:
        names = file.table_names()
        ledger = list(file["_sqlite_migrations"].rows) if found else []
        assert found == len(ledger)
        assert (list(file["sessions"].rows_where("session_id = 'kept'")) != []) == (least > 0)
        assert bool(found) == ("sessions" in names)
    require_whole_copies(home, least)
    return found


def require_whole_copies(home: Home, version: int) -> None:
    """Every copy that has its name is complete."""
    for copy in home.backups.glob("*.db") if home.backups.exists() else ():
        assert accounts.is_whole(copy, "integrity_check")
        assert schema_version(copy) >= version
        assert json.loads(copy.with_suffix(".json").read_text())["schema"] == schema_version(copy)


def finish(home: Home, found: int, schemas: list[list[str]]) -> None:
    """The same command again does the rest."""
    assert len(migrate(home, SystemClock()).applied) == SCHEMA_VERSION - found
    assert schema(home.database) == schemas[-1]


def statements_of(children: Nursery, home: Home, stations: Path) -> int:
    """Count how many statements the migrations of such a file are."""
    log = home.root / "log"
    children.start(act="migrate", home=home.root, folder=stations, log=log).wait()
    return int(json.loads(log.read_text())["done"])


@pytest.mark.slow
@pytest.mark.timeout(book.times(7200, 120))
def test_a_migration_that_is_killed_leaves_one_schema(
    schemas: list[list[str]], tmp_path: Path
) -> None:
    stations = keeper.stations(MIGRATIONS, tmp_path / "stations")
    tried, statements_in_all, left = 0, 0, set()
    with nursery.opened() as children:
        for count in (0, 1):
            pattern = Pattern(tmp_path / str(count), count)
            statements = statements_of(children, pattern.home(), stations)
            statements_in_all += statements
            for kill in kills(statements):
                home = pattern.home()
                log = home.root / "log"
                child = children.start(
                    act="migrate", home=home.root, folder=stations, log=log, **kill
                )
                child.wait()
                assert kill["steps"] or not log.exists(), "it was killed"
                found = require_one_schema(home, schemas, count)
                finish(home, found, schemas)
                tried += 1
                left.add(found)
                shutil.rmtree(home.root)
    assert left >= set(range(SCHEMA_VERSION)) or not book.FULL
    assert len(left) > 2
    book.note(
        book.Entry(
            row=37,
            fault="migration killed at a statement",
            count=tried,
            unit="kills",
            result="one of the schemas, whole; the next run does the rest",
            seed=SEED,
            figures={"statements": statements_in_all, "tries of each": TRIES},
        )
    )


@pytest.mark.slow
@pytest.mark.timeout(book.times(1800, 120))
def test_a_migration_that_is_killed_at_any_moment_leaves_whole_copies(
    schemas: list[list[str]], tmp_path: Path
) -> None:
    """Also while it copies the file before it begins."""
    dice = crowd.dice(SEED)
    with nursery.opened() as children:
        pattern = Pattern(tmp_path / "2", 2)
        for _ in range(AT_RANDOM):
            home = pattern.home()
            child = children.start(act="migrate", home=home.root, log=home.root / "log")
            eventually(lambda: False, dice.uniform(0.0, 0.1))
            child.kill()
            child.wait()
            found = require_one_schema(home, schemas, 2)
            finish(home, found, schemas)
            require_whole_copies(home, 2)
            assert not list(home.backups.glob("*.partial*"))
    book.note(
        book.Entry(
            row=37,
            fault="migration killed at a random moment",
            count=AT_RANDOM,
            unit="kills",
            result="one of the schemas, whole; every copy that has its name is complete",
            seed=SEED,
        )
    )
