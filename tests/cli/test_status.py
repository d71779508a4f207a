"""`multibot status`: what it says without a supervisord, and how little it needs to say it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result

from multibot.cli.main import root
from multibot.cli.overview import Overview
from multibot.cli.redrawing import screen
from multibot.clock import SystemClock
from multibot.conversation.message import BotName
from multibot.errors import UsageError
from multibot.home import Home
from multibot.store.archive.upkeep import Run, Upkeep
from multibot.store.archive.upkeep import State as RunState
from multibot.store.incidents import Kind
from multibot.store.migrate import migrate
from multibot.store.stores import open_store
from multibot.supervise.control import Daemon
from multibot.supervise.explanation import age
from multibot.supervise.programs import Program
from multibot.supervise.readiness import Condition, State
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


async def record(home: Home, *kinds: Kind) -> None:
    store = open_store(home, BotName("sage"), SystemClock())
    for kind in kinds:
        await store.incidents.record(kind)
    await store.close()


def test_without_a_supervisord_the_known_bots_are_stopped(fleet: Home) -> None:
    result = multibot(fleet, "status")

    assert result.return_value == 4
    assert result.stdout.splitlines() == [
        "BOT    STATE    PID  READY SINCE  HEARTBEAT  ACK  LAST EVENT  LAST ANSWER  RESTARTS",
        "sage   stopped  -    -            -          -    -           -            0",
        "spark  stopped  -    -            -          -    -           -            0",
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


def test_without_a_supervisord_the_explanation_is_the_command_that_starts_it(fleet: Home) -> None:
    result = multibot(fleet, "status", "--explain", "sage")

    assert result.return_value == 4
    assert result.stdout.splitlines() == [
        "sage is stopped.",
        "No supervisord runs for this fleet, so no bot does.",
        "Start the fleet: `multibot up`.",
    ]


def test_waiting_ends_at_once_where_nothing_will_become_ready(fleet: Home) -> None:
    result = multibot(fleet, "status", "--wait", "--timeout", "30")

    assert result.return_value == 4
    assert "sage   stopped" in result.stdout


@pytest.mark.parametrize("other", ["--json", "--wait"])
def test_watching_goes_with_nothing_that_ends(fleet: Home, other: str) -> None:
    assert isinstance(multibot(fleet, "status", "--watch", other).exception, UsageError)


def test_watching_goes_on_until_ctrl_c_and_ends_well(fleet: Home) -> None:
    watching = subprocess.Popen(
        [sys.executable, "-m", "multibot", "--home", str(fleet.root), "status", "--watch"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert watching.stdout is not None
    seen = [watching.stdout.readline() for _ in range(12)]
    watching.send_signal(signal.SIGINT)
    watching.communicate(timeout=30)

    assert watching.returncode == 0
    assert sum("Ctrl-C ends." in line for line in seen) == 2
    assert not any("\x1b" in line for line in seen), "no terminal, no escape sequences"


def test_incidents_of_the_last_day_are_counted_below_the_table(fleet: Home) -> None:
    migrate(fleet, SystemClock())
    asyncio.run(record(fleet, Kind.CRASH, Kind.CRASH, Kind.PARKED))

    lines = multibot(fleet, "status").stdout.splitlines()
    assert lines[-1] == "Incidents in the last 24 hours: 3; `multibot incidents`"
    assert json.loads(multibot(fleet, "status", "--json").stdout)["incidents_24h"] == 3


def overview(**changes: object) -> Overview:
    """Show one bot that is ready, unless told otherwise."""
    ready: dict[str, object] = {
        "bot_name": "sage",
        "state": State.READY,
        "pid": 4194304,
        "ready_for": 50 * 86400.0,
        "heartbeat_age": 5.0,
        "ack_age": 41.0,
        "event_age": 3599.0,
        "answer_age": 3599.0,
        "latency_ms": 42.3,
        "lag_ms": 0.4,
        "logins": 3,
        "gateway": "ready",
    }
    condition = Condition(**{**ready, **changes})  # type: ignore[arg-type]  # a test's shorthand
    return Overview(daemon=Daemon(1, "4.3.0"), conditions=[condition], restarts={"sage": 12})


def test_the_table_has_room_on_100_columns_and_all_of_it_is_wide() -> None:
    lines = overview().table().splitlines()
    wide = overview(error="a long\nstory").table(wide=True).splitlines()

    assert max(map(len, lines)) <= 100
    assert lines[1].split() == (
        ["sage", "ready", "4194304", "50d", "0h", "5s", "41s", "59m", "59s", "59m", "59s", "12"]
    )
    assert wide[0].split()[-6:] == ["GATEWAY", "LATENCY", "LAG", "LOGINS", "LAST", "ERROR"]
    assert wide[1].endswith("ready    42ms     0ms  3       a long story")


def test_below_the_table_stands_what_troubles_who_is_not_ready() -> None:
    until = datetime(2026, 1, 1, 12, tzinfo=UTC)
    lines = (
        overview(state=State.PARKED, waits_until=until, waits_for=3725.0, error="12 logins left")
        .table()
        .splitlines()
    )

    assert lines[3:] == [
        "sage parked until 2026-01-01T12:00:00.000Z (in 1h 2m): 12 logins left",
        "Why, and what to do: `multibot status --explain`",
    ]
    assert len(overview(error="an old trouble of a bot that is ready").table().splitlines()) == 2


def test_a_bot_has_failed_and_is_not_failed() -> None:
    assert overview(state=State.FAILED).explained().startswith("sage has failed.\n")


def test_what_is_wrong_with_the_database_is_said_with_who_looks_after_it() -> None:
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    check = Run("check", RunState.DONE, at, 612.5, "", "the database is\ndamaged")
    size = Run("size", RunState.DONE, at)
    told = replace(overview(), upkeep=Upkeep("sage", (check, size)))

    assert told.table().splitlines()[2:] == ["", "upkeep: check: the database is damaged"]
    assert told.explained().splitlines()[-2:] == [
        "sage looks after the database for the fleet.",
        "upkeep: check: the database is damaged",
    ]
    assert told.as_json()["housekeeper"] == "sage"
    assert told.as_json()["upkeep"] == {
        "check": {
            "state": "done",
            "ran_at": "2026-01-01T12:00:00.000Z",
            "took_ms": 612.5,
            "detail": "",
            "trouble": "the database is\ndamaged",
        },
        "size": {
            "state": "done",
            "ran_at": "2026-01-01T12:00:00.000Z",
            "took_ms": 0.0,
            "detail": "",
            "trouble": "",
        },
    }


def test_a_fleet_whose_database_nobody_looks_after_says_nothing_of_it() -> None:
    assert overview().explained() == overview().explained().rstrip()
    assert "database" not in overview().explained()
    assert overview().as_json()["housekeeper"] is None


def test_a_screen_is_drawn_over_the_last_one_and_never_scrolls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("LINES", "5")

    drawn = screen("\n".join(f"line {n} " + "x" * 30 for n in range(9)))

    assert drawn.startswith("\x1b[H")
    assert drawn.endswith("\x1b[J")
    lines = drawn.removeprefix("\x1b[H").removesuffix("\x1b[J").splitlines()
    assert [len(line.removesuffix("\x1b[K")) for line in lines] == [20] * 4


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
