"""Row 38: sixteen processes migrate one file at the same moment. One does it, the others find it done."""

import json
from pathlib import Path

import pytest

from multibot.clock import SystemClock
from multibot.home import Home
from multibot.store.connection import SCHEMA_VERSION
from multibot.store.migrate import migrate, schema_version
from tests.faults import accounts, book, nursery
from tests.migration.test_schema import only_first, schema

MIGRATIONS = Path(__file__).parents[2] / "migrations"
PROCESSES = 16
ROUNDS = book.times(100, 3)
# What there is before: nothing, or the file of an earlier version.
BEFORE = (0, 2, SCHEMA_VERSION - 1)


@pytest.mark.slow
@pytest.mark.timeout(book.times(1800, 120))
def test_of_many_that_migrate_at_once_one_does_it(tmp_path: Path) -> None:
    names = [path.stem for path in sorted(MIGRATIONS.glob("0*.sql"))]
    newest: list[str] = []
    with nursery.opened() as children:
        for round_ in range(ROUNDS):
            home, before = Home(tmp_path / str(round_)), BEFORE[round_ % len(BEFORE)]
            home.root.mkdir()
            if before:
                folder = only_first(MIGRATIONS, before, home.root / "first")
                migrate(home, SystemClock(), folder=folder)
            logs = [home.root / f"log{number}" for number in range(PROCESSES)]
            gate = home.root / "gate"
            order = {"act": "migrate", "home": home.root, "gate": gate}
            migrating = [children.start(**order, log=log) for log in logs]
            gate.touch()
            for child in migrating:
                child.wait()

            done = [json.loads(log.read_text())["done"] for log in logs]
            assert sorted(done) == [[]] * (PROCESSES - 1) + [names[before:]]
            assert schema_version(home.database) == SCHEMA_VERSION
            newest = newest or schema(home.database)
            assert schema(home.database) == newest
            assert accounts.is_whole(home.database, "integrity_check")
            assert len(list(home.data.glob("backups/*.db"))) == bool(before)
    book.note(
        book.Entry(
            row=38,
            fault="16 processes migrate at once",
            count=ROUNDS,
            unit="rounds",
            result="one did it each time, 15 found it done; one copy before it; integrity ok",
        )
    )
