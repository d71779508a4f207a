"""`multibot incidents`: what went wrong while nobody looked."""

import asyncio
import json
import subprocess
import sys
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result

from multibot.cli.main import root
from multibot.clock import SystemClock, to_text
from multibot.conversation.message import BotName
from multibot.errors import UsageError
from multibot.home import Home
from multibot.store.incidents import Kind
from multibot.store.migrate import migrate
from multibot.store.stores import open_store
from multibot.supervise.programs import Program
from multibot.supervise.render import render

NOW = SystemClock().now()
HOUR = timedelta(hours=1)


def multibot(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(
        root, ["--home", str(home.root), *arguments], standalone_mode=False, catch_exceptions=True
    )


async def record(home: Home) -> None:
    troubles = [
        ("spark", Kind.CATCHUP_LEFT_OUT, "240 messages in #lounge", NOW - 30 * HOUR),
        ("sage", Kind.CRASH, "process 7 ended", NOW - 3 * HOUR),
        ("sage", Kind.CRASH, "process 8 ended", NOW - 2.5 * HOUR),
        ("spark", Kind.GATEWAY_LOST, "", NOW - HOUR),
    ]
    for bot_name, kind, detail, at in troubles:
        store = open_store(home, BotName(bot_name), SystemClock())
        await store.incidents.record(kind, detail, at=at)
        await store.close()


@pytest.fixture
def fleet(home: Home) -> Home:
    home.supervisord_conf.write_text(render([Program("sage"), Program("spark"), Program("quiet")]))
    migrate(home, SystemClock())
    asyncio.run(record(home))
    return home


def test_the_last_day_is_listed_newest_first_in_one_line_each(fleet: Home) -> None:
    result = multibot(fleet, "incidents")

    assert result.return_value == 0
    first, last = to_text(NOW - 3 * HOUR), to_text(NOW - 2.5 * HOUR)
    assert result.stdout.splitlines() == [
        f"{to_text(NOW - HOUR)}  spark  gateway lost: no details",
        f"{last}  sage  crash: process 8 ended (2 times since {first})",
    ]


def test_an_earlier_begin_shows_more(fleet: Home) -> None:
    assert "catchup left out: 240 messages" in multibot(fleet, "incidents", "--since", "7d").stdout


def test_only_the_named_bots_are_listed(fleet: Home) -> None:
    assert "spark" not in multibot(fleet, "incidents", "sage").stdout
    assert "nothing went wrong since" in multibot(fleet, "incidents", "quiet").stdout
    assert isinstance(multibot(fleet, "incidents", "nobody").exception, UsageError)


def test_json_has_everything(fleet: Home) -> None:
    body = json.loads(multibot(fleet, "incidents", "--json", "sage").stdout)

    assert body["incidents"] == [
        {
            "bot": "sage",
            "kind": "crash",
            "detail": "process 8 ended",
            "count": 2,
            "first_at": to_text(NOW - 3 * HOUR),
            "last_at": to_text(NOW - 2.5 * HOUR),
        }
    ]


def test_a_time_that_is_none_is_refused(fleet: Home) -> None:
    assert isinstance(multibot(fleet, "incidents", "--since", "soon").exception, UsageError)


def test_with_a_database_nothing_went_wrong(home: Home) -> None:
    home.data.mkdir()
    migrate(home, SystemClock())

    assert multibot(home, "incidents").stdout.startswith("nothing went wrong since")


def test_it_imports_nothing_heavy(fleet: Home) -> None:
    program = (
        "import sys\n"
        "from multibot.cli.main import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "finally:\n    print(*sys.modules, sep='\\n', file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "--home", str(fleet.root), "incidents"],
        check=False,
        capture_output=True,
        text=True,
    )

    heavy = {"aiosql", "asyncio", "discord", "pydantic", "sqlite_utils", "structlog", "yaml"}
    assert done.returncode == 0
    assert heavy.isdisjoint(done.stderr.split())
