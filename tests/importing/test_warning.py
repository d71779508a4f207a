"""Old conversations that nobody has imported are mentioned by `check` and when a bot starts."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from multibot.cli.main import root
from multibot.clock import SystemClock
from multibot.home import Home
from multibot.runtime import heritage
from multibot.store import connection
from multibot.store.migrate import migrate
from tests.unit.importing.reading import context, said, write


def warnings(home: Home) -> list[str]:
    result = CliRunner().invoke(
        root, ["--home", str(home.root), "check", "--json"], standalone_mode=False
    )
    faults = json.loads(result.stdout)["faults"]
    return [each["remedy"] for each in faults if each["file"] == "data"]


def mentioned(home: Home) -> list[str]:
    reader = connection.open_existing(home.database)
    try:
        with capture_logs() as logs:
            heritage.mention(home, reader)
    finally:
        reader.close()
    return [str(each["event"]) for each in logs]


@pytest.fixture
def left(home: Home) -> Path:
    """A conversation of the first store, where it was kept."""
    return write(home.data / "sage" / "123_456.json", context(said("hello", 9)))


def test_old_files_are_mentioned_until_they_are_imported(home: Home, left: Path) -> None:
    expected = "Run `multibot import legacy data --dry-run`, or move them away."
    assert warnings(home) == [expected]
    migrate(home, SystemClock())
    assert warnings(home) == [expected]
    assert mentioned(home) == ["old conversations are not imported"]

    words = ["--home", str(home.root), "import", "legacy", str(home.data)]
    CliRunner().invoke(root, words, standalone_mode=False)
    assert left.exists()
    assert warnings(home) == []
    assert mentioned(home) == []


def test_a_home_without_old_files_has_nothing_to_mention(home: Home) -> None:
    migrate(home, SystemClock())

    assert warnings(home) == []
    assert mentioned(home) == []


def test_a_database_that_cannot_be_read_is_no_matter_of_configuration(
    home: Home, left: Path
) -> None:
    del left
    home.database.write_bytes(b"no database" * 1000)

    assert warnings(home) == []
