"""MULTIBOT_* variables decide for the whole fleet, and are read from what is passed in."""

from pathlib import Path

import pytest

from multibot.config.settings import DISCORD_API, Settings
from multibot.errors import ConfigError
from multibot.home import Home
from tests.unit.config.samples import TOKENS, examine, only

API = "MULTIBOT_DISCORD_API"


def test_without_variables_the_defaults_hold() -> None:
    settings = Settings.from_environment({"MULTIBOT_LOG_LEVEL": " ", "OTHER": "x"})

    assert (
        settings.home,
        settings.config,
        settings.discord_api,
        settings.log_format,
        settings.log_level,
    ) == (None, None, DISCORD_API, "auto", None)


def test_every_setting_has_its_variable() -> None:
    settings = Settings.from_environment(
        {
            "MULTIBOT_HOME": "/home",
            "MULTIBOT_CONFIG": "bots/other.yaml",
            "MULTIBOT_DISCORD_API": "http://127.0.0.1:8080/api/v10/",
            "MULTIBOT_LOG_FORMAT": "json",
            "MULTIBOT_LOG_LEVEL": "warning",
        }
    )

    assert (Path("/home"), Path("bots/other.yaml")) == (settings.home, settings.config)
    assert settings.discord_api == "http://127.0.0.1:8080/api/v10"
    assert (settings.log_format, settings.log_level) == ("json", "WARNING")


def test_the_processs_own_environment_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MULTIBOT_LOG_FORMAT", "json")

    assert Settings().log_format == "auto"
    assert Settings.from_environment({}).log_format == "auto"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (API, "discord.com", "must start with http:// or https:// and name a host."),
        (API, "ftp://discord.com", "must start with http:// or https:// and name a host."),
        (API, "https://", "must start with http:// or https:// and name a host."),
        (API, "https://[::1", "is not an address."),
        (API, "https://host:99999", "is not an address."),
        (API, "https://me:pw@host", "must be a plain address without a user, `?` or `#`."),
        (API, "https://host/?x=1", "must be a plain address without a user, `?` or `#`."),
        ("MULTIBOT_LOG_FORMAT", "xml", "must be 'auto', 'json' or 'pretty'."),
        (
            "MULTIBOT_LOG_LEVEL",
            "loud",
            "must be 'DEBUG', 'INFO', 'WARNING', 'ERROR' or 'CRITICAL'.",
        ),
    ],
)
def test_a_bad_setting_is_a_fault_that_names_its_variable(
    home: Home, name: str, value: str, message: str
) -> None:
    fault = only(examine(home, environment=TOKENS | {name: value}))

    assert (f"{name} {message}", name, "error") == (fault.message, fault.variable, fault.severity)
    with pytest.raises(ConfigError, match=name):
        Settings.from_environment({name: value})


def test_bad_settings_come_all_at_once(home: Home) -> None:
    bad = {API: "x", "MULTIBOT_LOG_LEVEL": "x", "MULTIBOT_LOG_FORMAT": "x"}

    report = examine(home, environment=TOKENS | bad)

    assert set(bad) == {fault.variable for fault in report.faults}


@pytest.mark.parametrize(
    "address",
    [
        "https://example.test/api/v10",
        "http://127.0.0.1:1/api/v10",
        "http://127.1.2.3/api",
        "http://[::1]:1/api",
        "http://localhost:8080",
        "http://sandbox.localhost/api",
    ],
)
def test_an_address_that_keeps_tokens_to_itself_is_in_order(home: Home, address: str) -> None:
    assert examine(home, environment=TOKENS | {API: address}).faults == ()


@pytest.mark.parametrize("address", ["http://example.test/api", "http://10.0.0.1/api"])
def test_an_address_that_gives_tokens_away_is_a_warning(home: Home, address: str) -> None:
    fault = only(examine(home, environment=TOKENS | {API: address}))

    assert (fault.severity, fault.variable) == ("warning", API)
    assert fault.message.endswith("sends the bots' tokens unencrypted to another machine.")


def test_a_slip_in_a_settings_name_is_a_warning(home: Home) -> None:
    fault = only(examine(home, environment=TOKENS | {"MULTIBOT_DISCORD_APPI": "x"}))

    assert (fault.severity, fault.nearest) == ("warning", API)
    assert fault.message == "MULTIBOT_DISCORD_APPI is not a setting."


def test_other_variables_of_the_prefix_are_left_alone(home: Home) -> None:
    assert examine(home, environment=TOKENS | {"MULTIBOT_TEST_FULL": "1"}).faults == ()
