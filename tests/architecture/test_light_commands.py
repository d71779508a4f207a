"""Commands that are typed often start light: what they never use, they never import."""

import subprocess
import sys

import pytest

from multibot.cli.main import COMMANDS
from multibot.home import Home
from multibot.store.migrate import migrate
from tests.fakes import FakeClock

HEAVY = {
    "status": (
        *("discord", "pydantic", "rich", "sqlite_utils", "aiohttp", "yaml", "supervisor"),
        *("aiosql", "structlog", "asyncio", "logging", "tempfile", "shutil", "difflib"),
        *("multibot.conversation", "multibot.config", "multibot.runtime"),
    ),
    "check": ("discord", "aiohttp", "rich", "sqlite_utils"),
    "render": ("discord", "aiohttp", "rich", "sqlite_utils"),
}


@pytest.mark.parametrize("command", sorted(HEAVY))
def test_a_command_runs_without_what_it_does_not_need(command: str, home_text: str) -> None:
    """The command is really run, with a database, so that lazy imports count as well."""
    assert command in COMMANDS
    script = (
        "import sys\n"
        "from multibot.cli.main import main\n"
        "try:\n"
        f"    main(['--home', {home_text!r}, {command!r}])\n"
        "except SystemExit:\n"
        "    pass\n"
        f"print(*({set(HEAVY[command])!r} & sys.modules.keys()), sep=',')\n"
    )

    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert result.stdout.splitlines()[-1:] in ([], [""])


@pytest.fixture
def home_text(home: Home, clock: FakeClock) -> str:
    home.data.mkdir()
    migrate(home, clock)
    return str(home.root)
