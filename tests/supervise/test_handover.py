"""What `up` leaves for a bot is what the bot reads."""

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multibot.config.environment import read_dotenv, read_environment
from multibot.errors import ConfigError
from multibot.home import Home
from multibot.supervise import handover

# An environment variable holds anything but NUL.
VALUES = st.text(st.characters(exclude_characters="\0", exclude_categories=()), max_size=40)
TRICKY = st.text(st.sampled_from("\\\"'\n\r\t #$={}a\v\f\a\b\u2028\x85"), max_size=12)


@given(values=st.lists(VALUES | TRICKY, min_size=1, max_size=4))
def test_any_value_comes_back_exactly_or_is_refused_by_name(
    values: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = Home(tmp_path_factory.mktemp("h"))
    home.run.mkdir(parents=True)
    variables = {f"NAME_{number}": value for number, value in enumerate(values)}
    refused = ""
    try:
        handover.write(home, "sage", variables)
    except ConfigError as error:
        refused = str(error)

    if refused:
        assert "NAME_" in refused
        assert any(not value.isprintable() for value in values)
        return
    assert read_dotenv(home.bot_environment("sage")) == variables
    assert read_environment(home, {"NAME_0": "older"}, "sage") == variables


def test_only_what_dotenv_does_not_say_is_handed_over() -> None:
    environ = {"A": "1", "B": "2", "C": "3", "HOME": "/x", "MULTIBOT_HOME": "/x"}
    settings = {"MULTIBOT_LOG_FORMAT": "json"}

    chosen = handover.choose(["A", "B", "D"], {**environ, **settings}, {"A": "1", "B": "old"})

    assert chosen == {"B": "2", **settings}


def test_the_file_is_closed_to_others_and_goes_when_it_is_not_needed(home: Home) -> None:
    home.run.mkdir(parents=True)
    path = home.bot_environment("sage")

    handover.write(home, "sage", {"A": "1"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    handover.write(home, "sage", {})
    assert not path.exists()
    handover.write(home, "sage", {})


def test_files_of_bots_that_are_gone_are_removed(home: Home) -> None:
    home.run.mkdir(parents=True)
    for name in ("sage", "spark"):
        handover.write(home, name, {"A": "1"})

    handover.discard_others(home, ["sage"])

    assert [path.name for path in home.run.iterdir()] == ["sage.env"]
