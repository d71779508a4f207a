"""`multibot status`: what it says without a supervisord, and how little it needs to say it."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from multibot.cli.main import root
from multibot.cli.status import age
from multibot.errors import UsageError
from multibot.home import Home
from multibot.supervise.programs import Program
from multibot.supervise.render import render

# What would make it slow. `asyncio` alone is 20 ms.
HEAVY = {
    "aiosql",
    "asyncio",
    "discord",
    "multibot.config",
    "multibot.runtime",
    "pydantic",
    "rich",
    "sqlite_utils",
    "structlog",
    "supervisor",
    "yaml",
}


@pytest.fixture
def fleet(home: Home) -> Home:
    home.supervisord_conf.write_text(render([Program("sage"), Program("spark")]))
    return home


def multibot(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(
        root, ["--home", str(home.root), *arguments], standalone_mode=False, catch_exceptions=True
    )


def test_without_a_supervisord_the_known_bots_are_stopped(fleet: Home) -> None:
    result = multibot(fleet, "status")

    assert result.return_value == 4
    assert result.stdout.splitlines() == [
        "BOT    STATE    PID  READY SINCE  HEARTBEAT  RESTARTS  GATEWAY  LAST ERROR",
        "sage   stopped  -    -            -          0         -        -",
        "spark  stopped  -    -            -          0         -        -",
    ]
    assert "start it with `multibot up`" in result.stderr


def test_json_says_the_same(fleet: Home) -> None:
    result = multibot(fleet, "status", "--json", "spark")

    body = json.loads(result.stdout)
    assert body["supervisord"] is None
    assert [(bot["name"], bot["state"], bot["pid"]) for bot in body["bots"]] == [
        ("spark", "stopped", None)
    ]


def test_a_name_that_is_no_bot_is_refused_with_the_nearest_one(fleet: Home) -> None:
    result = multibot(fleet, "status", "spork")

    assert isinstance(result.exception, UsageError)
    assert str(result.exception) == "there is no bot named 'spork' here. Did you mean spark?"
    far = multibot(fleet, "status", "zzz").exception
    assert str(far) == "there is no bot named 'zzz' here. There are: sage, spark."


def test_the_reason_of_a_failed_start_is_shown_in_one_line(fleet: Home) -> None:
    fleet.data.mkdir()
    fleet.database.write_bytes(b"not a database at all")

    result = multibot(fleet, "status")

    assert result.return_value == 4
    assert "sage   stopped" in result.stdout
    assert "multibot:" in result.stderr


def test_it_imports_nothing_heavy(fleet: Home) -> None:
    program = (
        "import sys\n"
        "from multibot.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "finally:\n    print(*sys.modules, sep='\\n', file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "--home", str(fleet.root), "status"],
        check=False,
        capture_output=True,
        text=True,
    )

    imported = set(done.stderr.splitlines())
    assert done.returncode == 4
    assert "multibot.store.status" in imported
    assert imported & HEAVY == set()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (-3, "0s"),
        (0.9, "0s"),
        (59, "59s"),
        (60, "1m 0s"),
        (3599, "59m 59s"),
        (3600, "1h 0m"),
        (90_061, "1d 1h"),
    ],
)
def test_an_age_has_its_two_largest_units(seconds: float | None, text: str) -> None:
    assert age(seconds) == text
