"""What keeps an import from being written: it is said before anything is read."""

import json
from pathlib import Path

import pytest

from multibot.cli import import_zone
from multibot.clock import SystemClock
from multibot.errors import LockHeldError, PermanentError, SchemaError, UsageError
from multibot.home import Home
from multibot.store import connection
from multibot.store.archive import batches
from multibot.store.archive.shared import SharedFile
from multibot.store.migrate import migrate
from tests.importing.test_commands import legacy, multibot
from tests.unit.importing.reading import write

_HALF_RESTORED = """
INSERT INTO restores (bot_name, source, sha256, kept, began_at)
VALUES ('sage', 'old.db', 'aa', 'kept.db', 'x')
"""


def test_nothing_is_read_while_it_could_not_be_written(home: Home, talk: Path) -> None:
    write(talk / "sage" / "124_7.json", "")
    home.data.mkdir()
    with batches.alone(home):
        result = legacy(home, talk)

    assert isinstance(result.exception, LockHeldError)
    assert result.stderr == ""


def test_nothing_comes_or_goes_beside_half_a_restore(home: Home, talk: Path) -> None:
    """What it has still to put back would be taken for new, or be counted once more."""
    batch_id = json.loads(legacy(home, talk, "--json").stdout)["batch"]
    with SharedFile(home) as shared:
        shared.write(lambda writing: writing.execute(_HALF_RESTORED))

    write(talk / "sage" / "bad.json", "")
    for result in (
        legacy(home, talk),
        legacy(home, talk, "--dry-run"),
        multibot(home, "undo", batch_id),
    ):
        assert isinstance(result.exception, PermanentError)
        assert "Run `multibot db restore old.db --bot sage` again" in str(result.exception)
        assert result.stderr == ""
    listed = json.loads(multibot(home, "list", "--json").stdout)["imports"]
    assert [each["state"] for each in listed] == ["done"]


def test_a_folder_that_is_no_home_stays_as_it_is(tmp_path: Path, talk: Path) -> None:
    other = Home(tmp_path / "other")
    other.root.mkdir()
    for words in ((), ("--dry-run",)):
        error = legacy(other, talk, *words).exception
        assert isinstance(error, UsageError)
        assert "this is no multibot home" in str(error)
    assert list(other.root.iterdir()) == []


def test_a_database_of_an_older_version_is_not_touched(home: Home, talk: Path) -> None:
    migrate(home, SystemClock())
    legacy(home, talk)
    writer = connection.open_writer(home.database)
    writer.execute("PRAGMA user_version = 5")
    writer.close()
    result = legacy(home, talk)

    assert isinstance(result.exception, SchemaError)
    assert "multibot db migrate" in str(result.exception)


@pytest.mark.parametrize("name", ["Europe/Berlin", "UTC", "+02:00", "-0330", "UTC+2"])
def test_a_zone_can_be_named(name: str) -> None:
    assert import_zone.named(name).info is not None


def test_an_empty_zone_is_not_taken_for_none(home: Home, talk: Path) -> None:
    error = multibot(home, "legacy", talk, "--source-tz", "").exception

    assert isinstance(error, UsageError)
    assert "there is no time zone ''" in str(error)


@pytest.mark.parametrize("name", ["Berlin", "+99:00", "../../etc/passwd", "", "x\x00"])
def test_a_zone_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="there is no time zone"):
        import_zone.named(name)
