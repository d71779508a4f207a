"""A folder that is no home: it is told so, and nothing is made in it."""

import pytest
from click.testing import CliRunner, Result

from multibot.cli.main import root
from multibot.errors import UsageError
from multibot.home import Home


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
