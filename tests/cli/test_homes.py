"""A folder that is no home: it is told so, and nothing is made in it."""

import pytest
from click.testing import CliRunner, Result

from multibot.cli.main import root
from multibot.errors import UsageError
from multibot.home import Home
from tests.unit.config import samples


def multibot(home: Home, *words: str) -> Result:
    return CliRunner().invoke(root, ["--home", str(home.root), *words], standalone_mode=False)


@pytest.mark.parametrize(
    "command",
    [
        "db backup",
        "db info",
        "db check",
        "db migrate",
        "db query x",
        "db restore x --yes",
        "history list",
        "session list",
        "import list",
        "forget --user 1 --yes",
        "why 1",
        "chains",
        "check",
        "doctor",
        "down",
        "incidents",
        "logs",
        "render",
        "restart sage",
        "status",
        "up",
    ],
)
def test_a_folder_that_is_no_home_is_told_so(home: Home, command: str) -> None:
    error = multibot(home, *command.split()).exception

    assert isinstance(error, UsageError)
    assert "this is no multibot home: there is no bots/multi_bot.yaml in it" in str(error)
    assert "multibot init" in str(error)
    assert list(home.root.iterdir()) == []


def test_help_is_given_anywhere(home: Home) -> None:
    assert "Usage: " in multibot(home, "db", "migrate", "--help").stdout


def test_a_fleet_file_that_stands_elsewhere_makes_a_home(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.dotenv.write_text("MULTIBOT_CONFIG=elsewhere.yaml\n")
    assert multibot(home, "down").exception is None

    home.dotenv.unlink()
    monkeypatch.setenv("MULTIBOT_CONFIG", "elsewhere.yaml")
    assert multibot(home, "down").exception is None


def test_in_a_home_where_nothing_was_started_the_bots_of_the_files_are_stopped(home: Home) -> None:
    samples.write(home)

    shown = multibot(home, "status")

    assert shown.return_value == 4
    assert [line.split()[:2] for line in shown.stdout.splitlines()[1:]] == [
        ["sage", "stopped"],
        ["spark", "stopped"],
    ]
    assert multibot(home, "incidents").stdout == "nothing was ever started here\n"
