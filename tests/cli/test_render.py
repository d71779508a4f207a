"""`multibot render`: the shipped file is in step, and needs no tokens."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from multibot.cli.main import root
from multibot.errors import ConfigError, PermanentError, UsageError
from multibot.home import Home
from tests.unit.config import samples

CHECKOUT = Path(__file__).parents[2]


def multibot(home: Home, *arguments: str) -> Result:
    return CliRunner().invoke(
        root, ["--home", str(home.root), *arguments], standalone_mode=False, catch_exceptions=True
    )


def test_the_committed_file_is_what_the_shipped_fleet_renders() -> None:
    result = multibot(Home(CHECKOUT), "render", "--check")

    assert result.return_value == 0, result.output
    assert result.output == "supervisord.conf is up to date\n"


def test_it_is_written_once_without_any_token(home: Home) -> None:
    samples.write(home)

    first = multibot(home, "render")
    again = multibot(home, "render")

    assert first.output == "supervisord.conf written\n"
    assert again.output == "supervisord.conf unchanged\n"
    assert "[program:spark]" in home.supervisord_conf.read_text()
    assert multibot(home, "render", "--check").return_value == 0


def test_the_text_can_be_printed_without_writing(home: Home) -> None:
    samples.write(home)

    result = multibot(home, "render", "--stdout")

    assert "command = multibot run sage\n" in result.stdout
    assert not home.supervisord_conf.exists()


def test_one_cannot_both_compare_and_print(home: Home) -> None:
    samples.write(home)

    assert isinstance(multibot(home, "render", "--check", "--stdout").exception, UsageError)


def test_check_shows_the_difference_and_writes_nothing(home: Home) -> None:
    samples.write(home)
    multibot(home, "render")
    text = home.supervisord_conf.read_text()
    fleet = samples.changed(samples.FLEET, (("bots", 1, "enabled"), False))
    samples.write(home, fleet)

    result = multibot(home, "render", "--check")

    assert result.return_value == 1
    assert "-[program:spark]\n" in result.stdout
    assert "run `multibot render`" in result.stderr
    assert home.supervisord_conf.read_text() == text


def test_faults_other_than_missing_values_are_told(home: Home) -> None:
    samples.write(home, samples.changed(samples.FLEET, (("bots", 0, "priorty"), 1)))

    result = multibot(home, "render")

    assert isinstance(result.exception, ConfigError)
    assert "priorty" in str(result.exception)


def test_a_file_of_somebody_else_is_left_alone(home: Home) -> None:
    samples.write(home)
    home.supervisord_conf.write_text("[supervisord]\n")

    result = multibot(home, "render")

    assert isinstance(result.exception, PermanentError)
    assert home.supervisord_conf.read_text() == "[supervisord]\n"


@pytest.mark.parametrize("drain", [60])
def test_a_longer_drain_gives_supervisord_more_patience(home: Home, drain: int) -> None:
    fleet = samples.changed(samples.FLEET, (("global_settings", "drain_timeout"), drain))
    samples.write(home, fleet)

    assert "stopwaitsecs = 65\n" in multibot(home, "render", "--stdout").stdout
