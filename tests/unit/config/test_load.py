"""What each bot runs with, and what a bot's own process needs of its neighbours."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from multibot.config.fleet import Catchup, Gateway, Limits, Persona, Storage
from multibot.config.load import load, load_bot
from multibot.errors import ConfigError
from multibot.home import Home
from tests.unit.config.samples import FLEET, TOKENS, changed, sage, write

BOT = ("bots", 0)


def test_what_is_not_said_has_its_default(home: Home) -> None:
    bot = sage(home)

    assert (bot.name, bot.enabled, bot.priority) == ("sage", True, 0)
    assert bot.channels == ("philosophy", "advice-*")
    assert Persona(name="Sage") == bot.persona
    assert Limits() == bot.limits
    assert Storage() == bot.storage
    assert (
        bot.response_probability,
        bot.response_delay,
        bot.answers_per_message,
        bot.max_message_length,
    ) == (1.0, (0.0, 0.0), 1, 2000)
    assert (True, {}, frozenset()) == (bot.typing_indicator, bot.scripted, bot.admins)
    assert (timedelta(seconds=15), "INFO") == (bot.drain_timeout, bot.log_level)
    assert bot.variables == ("DISCORD_TOKEN_SAGE",)
    assert bot.token is not None
    assert bot.token.reveal() == "sandbox-token-one"


def test_a_bot_without_a_prompt_has_the_plain_one(home: Home) -> None:
    write(home, sage={"bot": {"name": "sage"}})

    assert load(home, TOKENS).bot("sage").system_prompt == "You are a helpful AI assistant."


@pytest.mark.parametrize(
    ("written", "delay"),
    [("1-3", (1, 3)), (2, (2, 2)), ("2", (2, 2)), (0.5, (0.5, 0.5)), (" 0 - 1.5 ", (0, 1.5))],
)
def test_a_delay_is_a_range(home: Home, written: object, delay: tuple[float, float]) -> None:
    assert delay == sage(home, (("global_settings", "response_delay"), written)).response_delay


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        (300, 300),
        (1.5, 1.5),
        ("90s", 90),
        ("5m", 300),
        ("1.5h", 5400),
        ("7d", 604800),
        (" 60 ", 60),
    ],
)
def test_a_duration_has_units(home: Home, written: object, seconds: float) -> None:
    bot = sage(home, (("storage", "session_gap"), written), (("storage", "session_timeout"), "7d"))

    assert timedelta(seconds=seconds) == bot.storage.session_gap


def test_an_id_may_be_a_number_or_text(home: Home) -> None:
    assert frozenset({"123", "456"}) == sage(home, (("admins", "user_ids"), [123, "456"])).admins


def test_the_fleets_word_reaches_every_bot(home: Home) -> None:
    bot = sage(
        home,
        (("limits",), {"allowed_guild_ids": [5], "max_requests_per_minute": 3, "allow_dms": False}),
        (("storage",), {"session_scope": "channel", "max_history": 7, "context_max_age": "1h"}),
        (("global_settings",), {"max_concurrent_responses": 4, "session_timeout": 700}),
        (("global_settings", "answers_per_message"), 2),
        (("global_settings", "drain_timeout"), 5),
        (("global_settings", "watchdog_timeout"), 9),
        (("logging", "level"), "debug"),
    )

    assert (
        Limits(
            allowed_guild_ids=frozenset({"5"}),
            max_requests_per_minute=3,
            allow_dms=False,
            max_concurrent_responses=4,
        )
        == bot.limits
    )
    assert (
        Storage(
            session_scope="channel",
            max_history=7,
            context_max_age=timedelta(hours=1),
            session_timeout=timedelta(seconds=700),
        )
        == bot.storage
    )
    assert (2, timedelta(seconds=5), timedelta(seconds=9), "DEBUG") == (
        bot.answers_per_message,
        bot.drain_timeout,
        bot.watchdog_timeout,
        bot.log_level,
    )


def test_how_much_is_caught_up_is_the_fleets(home: Home) -> None:
    bot = sage(home, (("catchup",), {"max_age": "5m", "per_channel": 50, "per_start": 500}))

    assert Catchup() == sage(home).catchup
    assert Catchup(max_age=timedelta(minutes=5), per_channel=50, per_start=500) == bot.catchup


def test_the_gateway_budget_is_the_fleets(home: Home) -> None:
    plain = sage(home)
    bot = sage(
        home,
        (("gateway",), {"starts_at_once": 50, "first_wait": "1s", "longest_wait": "1m"}),
        (("gateway", "starts_per_day"), 900),
        (("gateway", "park_below"), 20),
        (("gateway", "jitter"), 0),
    )

    assert Gateway() == plain.gateway
    assert (
        Gateway(
            starts_at_once=50,
            first_wait=timedelta(seconds=1),
            longest_wait=timedelta(minutes=1),
            starts_per_day=900,
            park_below=20,
            jitter=timedelta(0),
        )
        == bot.gateway
    )
    assert plain.config_hash != bot.config_hash


def test_a_bots_word_overrides_the_fleets(home: Home) -> None:
    bot = sage(
        home,
        (("limits",), {"max_requests_per_minute": 3, "allowed_user_ids": [1]}),
        (("storage", "max_history"), 7),
        (("logging", "level"), "ERROR"),
        (("global_settings", "response_delay"), 9),
        file={
            "limits": {"allowed_user_ids": [2], "allow_dms": False},
            "rate_limit": {"enabled": True, "max_requests_per_minute": 8},
            "storage": {"max_history": 100},
            "logging": {"level": "WARNING"},
            "response_behavior": {"response_delay": "1-2", "response_probability": 0.5},
            "message": {"max_length": 1800, "typing_indicator": False},
        },
    )

    assert (
        Limits(allowed_user_ids=frozenset({"2"}), allow_dms=False, max_requests_per_minute=8)
        == bot.limits
    )
    assert (
        bot.storage.max_history,
        bot.log_level,
        bot.response_delay,
        bot.response_probability,
    ) == (100, "WARNING", (1, 2), 0.5)
    assert (bot.max_message_length, bot.typing_indicator) == (1800, False)


def test_a_rate_limit_that_is_not_enabled_leaves_the_fleets(home: Home) -> None:
    bot = sage(home, file={"rate_limit": {"enabled": False, "max_requests_per_minute": 8}})

    assert bot.limits.max_requests_per_minute == 10


def test_the_fleet_file_has_the_last_word_about_a_persona(home: Home) -> None:
    bot = sage(
        home,
        ((*BOT, "persona"), {"name": "The Sage", "preferred_topics": ["ethics"]}),
        ((*BOT, "response_behavior"), {"response_probability": 1}),
        file={
            "bot": {"description": "who it is"},
            "persona": {"name": "Sage", "response_style": "calm", "preferred_topics": ["art"]},
            "response_behavior": {"response_probability": 0.5},
        },
    )

    assert (
        Persona(
            name="The Sage",
            description="who it is",
            response_style="calm",
            preferred_topics=("ethics",),
        )
        == bot.persona
    )
    assert bot.response_probability == 1.0


def test_scripted_lines_come_as_they_are_said(home: Home) -> None:
    topic = {"name": "art", "keywords": ["paint"], "lines": "Ah, {topic}."}
    bot = sage(home, file={"scripted": {"greetings": ["Hello {user}"], "topics": [topic]}})

    assert bot.scripted == {
        "greetings": ("Hello {user}",),
        "topics": (
            {"name": "art", "keywords": ("paint",), "lines": ("Ah, {topic}.",), "points": ()},
        ),
    }


def test_a_markdown_body_is_the_prompt_with_its_markdown(home: Home) -> None:
    write(
        home, spark="---\nmessage: {max_length: 900}\n---\n\n# Who\n\nYou are *Spark*.\n---\nEnd.\n"
    )

    bot = load(home, TOKENS).bot("spark")

    assert bot.system_prompt == "# Who\n\nYou are *Spark*.\n---\nEnd."
    assert bot.max_message_length == 900


def test_an_unknown_bot_is_an_error_that_names_the_known_ones(home: Home) -> None:
    write(home)

    with pytest.raises(ConfigError, match=r"no bot named nobody\. The fleet has: sage, spark\."):
        load_bot(home, TOKENS, "nobody")


def test_load_raises_with_every_fault_in_its_text(home: Home) -> None:
    write(home, changed(FLEET, (("limits",), 3)), sage="")

    with pytest.raises(ConfigError) as raised:
        load(home, TOKENS)

    assert "bots/multi_bot.yaml:13: limits: must be a mapping." in str(raised.value)
    assert "bots/sage.yaml: is empty." in str(raised.value)


def test_effective_values_are_frozen(home: Home) -> None:
    bot = sage(home)

    with pytest.raises(ValidationError, match="frozen"):
        bot.priority = 3


def test_the_level_of_the_environment_has_the_last_word(home: Home) -> None:
    bot = sage(home, (("logging", "level"), "ERROR"), MULTIBOT_LOG_LEVEL="debug")

    assert bot.log_level == "DEBUG"


def test_another_fleet_file_may_be_named(home: Home, tmp_path: Path) -> None:
    write(home)
    (tmp_path / "bots" / "multi_bot.yaml").rename(tmp_path / "bots" / "other.yaml")
    other = Path("bots/other.yaml")

    named = load(home, TOKENS, other)
    by_setting = load(home, TOKENS | {"MULTIBOT_CONFIG": "bots/other.yaml"})

    assert named.file == by_setting.file == tmp_path / "bots" / "other.yaml"
