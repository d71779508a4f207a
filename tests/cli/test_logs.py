"""`multibot logs`: one readable stream."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner, Result

from multibot.cli.logs import parse_since, prose
from multibot.cli.main import root
from multibot.errors import UsageError
from multibot.home import Home
from multibot.supervise.logline import parse
from tests.unit.config import samples

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.fixture
def fleet(home: Home) -> Home:
    home.logs.mkdir(parents=True)
    line = {
        "timestamp": "2026-01-01T12:00:01.5Z",
        "level": "warning",
        "event": "slow answer",
        "bot": "sage",
        "channel": "12",
        "why": "two words",
        "exception": "Traceback:\n  boom",
    }
    home.bot_log("sage").write_text(json.dumps(line) + "\n")
    first = {"timestamp": "2026-01-01T12:00:00Z", "level": "info", "event": "ready"}
    home.bot_log("spark").write_text(json.dumps(first) + "\nplain \x1b[2Jtext\n")
    return home


def multibot(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(
        root, ["--home", str(home.root), *arguments], standalone_mode=False, catch_exceptions=True
    )


def test_lines_are_merged_and_readable(fleet: Home) -> None:
    result = multibot(fleet, "logs")

    assert result.return_value == 0
    assert result.stdout.splitlines() == [
        "2026-01-01T12:00:00.000Z spark        info    ready",
        "2026-01-01T12:00:00.000Z spark        plain \\x1b[2Jtext",
        "2026-01-01T12:00:01.500Z sage         warning slow answer channel=12 why='two words'",
        "    Traceback:",
        "      boom",
    ]


def test_one_bots_lines_as_json(fleet: Home) -> None:
    result = multibot(fleet, "logs", "--json", "spark")

    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["event"] for line in lines] == ["ready", "plain \x1b[2Jtext"]


def test_since_leaves_out_what_is_older(fleet: Home) -> None:
    result = multibot(fleet, "logs", "--since", "2026-01-01T12:00:01", "--json")

    assert [json.loads(line)["event"] for line in result.stdout.splitlines()] == ["slow answer"]


def test_an_unknown_bot_is_refused_and_a_known_one_without_a_log_is_not(fleet: Home) -> None:
    assert isinstance(multibot(fleet, "logs", "sagr").exception, UsageError)
    assert multibot(fleet, "logs", "supervisord").return_value == 0


def test_a_home_without_logs_says_so(home: Home) -> None:
    samples.write(home)

    result = multibot(home, "logs")

    assert (result.return_value, result.stdout) == (0, "")
    assert result.stderr == "There are no logs yet.\n"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30s", "2026-01-02T11:59:30.000Z"),
        ("10m", "2026-01-02T11:50:00.000Z"),
        ("2h", "2026-01-02T10:00:00.000Z"),
        ("1d", "2026-01-01T12:00:00.000Z"),
        ("2026-01-01T12:00:00", "2026-01-01T12:00:00.000Z"),
        ("2026-01-01T12:00:00+02:00", "2026-01-01T10:00:00.000Z"),
    ],
)
def test_a_time_to_begin_at(text: str, moment: str) -> None:
    assert parse_since(text, NOW) == moment


@pytest.mark.parametrize("text", ["", "soon", "10", "10 m", "-5m", "999999999d", "2026-13-01"])
def test_no_time_to_begin_at(text: str) -> None:
    with pytest.raises(UsageError, match="is no time to begin at"):
        parse_since(text, NOW)


def start(home: Home, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "multibot", "--home", str(home.root), "logs", *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )


def test_following_shows_lines_as_they_are_written(fleet: Home) -> None:
    with start(fleet, "-f", "spark") as process:
        try:
            assert process.stdout is not None
            assert "ready" in process.stdout.readline()
            assert "plain" in process.stdout.readline()
            with fleet.bot_log("spark").open("a") as log:
                log.write("one more\n")
            assert "one more" in process.stdout.readline()
        finally:
            process.terminate()


def test_a_reader_who_leaves_is_no_error(fleet: Home) -> None:
    fleet.bot_log("spark").write_text("a line that is long enough\n" * 50_000)
    with start(fleet, "--since", "2000-01-01") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()

    assert (process.returncode, said) == (0, "")


def test_following_ends_when_the_reader_leaves(fleet: Home) -> None:
    with start(fleet, "-f") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()

        # Nothing more is written to any log.
        assert process.wait(timeout=60) == 0


def test_on_a_terminal_each_bot_has_its_colour() -> None:
    show = prose(coloured=True)

    sage, spark, again = (show(parse("x", name)) for name in ("sage", "spark", "sage"))

    assert sage == again
    assert sage.split("sage")[0] != spark.split("spark")[0]
    assert "\x1b[" not in prose(coloured=False)(parse("x", "sage"))
