"""`multibot up`, `down`, `restart`: what is refused before anything is started."""

import os
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner, Result

from multibot.cli import bots
from multibot.cli.main import root
from multibot.errors import (
    ConfigError,
    ExitCode,
    LockHeldError,
    MultibotError,
    NotRunningError,
    PermanentError,
    UsageError,
)
from multibot.home import Home
from multibot.supervise.lock import ChangeLock
from multibot.supervise.programs import Program
from multibot.supervise.render import render
from tests.unit.config import samples


@pytest.fixture(autouse=True)
def same_umask() -> Iterator[None]:
    """`up` closes its files to others for the rest of its process, which here is the test's."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def fleet(home: Home) -> Home:
    samples.write(home)
    return home


def multibot(home: Home, *arguments: str, tokens: bool = True) -> Result:
    return CliRunner().invoke(
        root,
        ["--home", str(home.root), *arguments],
        standalone_mode=False,
        env=samples.TOKENS if tokens else {},
    )


def refusal(result: Result, kind: type[MultibotError]) -> str:
    assert isinstance(result.exception, kind), result.exception
    return str(result.exception)


def test_every_fault_is_told_and_nothing_is_made(fleet: Home) -> None:
    text = refusal(multibot(fleet, "up", tokens=False), ConfigError)

    assert "DISCORD_TOKEN_SAGE" in text
    assert "DISCORD_TOKEN_SPARK" in text
    assert ConfigError.exit_code is ExitCode.PERMANENT
    assert sorted(path.name for path in fleet.root.iterdir()) == ["bots"]


def test_an_unknown_bot_is_refused_with_the_nearest_name(fleet: Home) -> None:
    text = refusal(multibot(fleet, "up", "sgae"), UsageError)

    assert text == "there is no bot named 'sgae' here. Did you mean sage?"
    assert not fleet.data.exists()


def test_a_disabled_bot_cannot_be_brought_up(home: Home) -> None:
    samples.write(home, samples.changed(samples.FLEET, (("bots", 1, "enabled"), False)))

    assert "spark is disabled" in refusal(multibot(home, "up", "spark"), UsageError)


def test_somebody_elses_supervisord_conf_is_not_overwritten(fleet: Home) -> None:
    fleet.supervisord_conf.write_text("[supervisord]\n")

    text = refusal(multibot(fleet, "up"), PermanentError)

    assert "did not write this file" in text
    assert fleet.supervisord_conf.read_text() == "[supervisord]\n"
    assert not fleet.data.exists()


def test_a_home_that_supervisord_cannot_work_in_is_refused(home: Home) -> None:
    odd = Home(home.root / "100%")
    odd.root.mkdir()
    samples.write(odd)

    assert "holds a %" in refusal(multibot(odd, "up"), PermanentError)
    assert not odd.data.exists()


def test_while_another_command_changes_the_fleet_up_is_refused_at_once(fleet: Home) -> None:
    fleet.run.mkdir(parents=True)
    with ChangeLock(fleet):
        result = multibot(fleet, "up")

    assert "another multibot command" in refusal(result, LockHeldError)
    assert not fleet.supervisord_conf.exists()
    assert not fleet.database.exists()


def test_while_up_is_at_work_down_does_not_say_that_nothing_runs(fleet: Home) -> None:
    fleet.run.mkdir(parents=True)
    with ChangeLock(fleet):
        result = multibot(fleet, "down")

    assert "another multibot command" in refusal(result, LockHeldError)


def test_up_takes_its_lock_before_it_reads_the_files(fleet: Home) -> None:
    """It reads for so long that a `down` could come in between and find nothing running."""
    fleet.run.mkdir(parents=True)
    with ChangeLock(fleet):
        refusal(multibot(fleet, "up", tokens=False), LockHeldError)
        refusal(multibot(fleet, "up", "--foreground", tokens=False), LockHeldError)


@pytest.mark.parametrize("command", ["down", "restart"])
def test_a_disabled_bot_is_said_to_be_disabled(home: Home, command: str) -> None:
    samples.write(home, samples.changed(samples.FLEET, (("bots", 1, "enabled"), False)))

    assert "spark is disabled" in refusal(multibot(home, command, "spark"), UsageError)
    assert "Run `multibot up`" in refusal(multibot(home, command, "sage"), UsageError)
    assert "no bot named 'spork'" in refusal(multibot(home, command, "spork"), UsageError)


def test_down_with_nothing_running_says_so(fleet: Home) -> None:
    result = multibot(fleet, "down")

    assert (result.return_value, result.stdout) == (0, "nothing is running\n")


def test_down_of_a_bot_that_is_not_there_is_refused(fleet: Home) -> None:
    fleet.supervisord_conf.write_text(render([Program("sage")]))

    assert "Did you mean sage?" in refusal(multibot(fleet, "down", "sag"), UsageError)
    assert multibot(fleet, "down", "sage").stdout == "nothing is running\n"


def test_restart_needs_a_name_and_a_supervisord(fleet: Home) -> None:
    fleet.supervisord_conf.write_text(render([Program("sage")]))

    assert isinstance(multibot(fleet, "restart").exception, click.UsageError)
    refusal(multibot(fleet, "restart", "sage"), NotRunningError)


@pytest.mark.parametrize("command", ["up", "down", "restart", "status", "logs", "render"])
def test_every_command_explains_itself(home: Home, command: str) -> None:
    result = multibot(home, command, "--help")

    assert f"Usage: root {command}" in result.stdout
    assert "\n\n  " in result.stdout


def test_the_same_trouble_with_the_database_is_told_once(
    fleet: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet.data.mkdir()
    fleet.database.write_bytes(b"no database at all" * 1000)
    watch = bots.watch(fleet)

    for _ in range(3):
        watch.judge(["sage"], {})

    assert capsys.readouterr().err.count(str(fleet.database)) == 1
