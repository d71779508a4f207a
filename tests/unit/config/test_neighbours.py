"""A bot's own process: what its neighbours may break, and what makes it start anew."""

import subprocess
import sys

import pytest

from multibot.config.fleet import Fleet
from multibot.config.load import check, load_bot
from multibot.errors import ConfigError
from multibot.home import Home
from tests.unit.config.samples import FLEET, TOKENS, Change, changed, sage, write

BOT = ("bots", 0)


def broken_neighbour(home: Home, *changes: Change, spark: str = "---\n---\n") -> Fleet:
    write(home, changed(FLEET, *changes), spark=spark)
    assert check(home, TOKENS).fleet is None
    return load_bot(home, {"DISCORD_TOKEN_SAGE": "sandbox-token-one"}, "sage")


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [(("bots", 1, "prioritty"), 3)],
        [(("bots", 1, "response_behavior"), "often")],
        [(("bots", 1, "discord_token"), "literal")],
        [(("bots", 1, "config_file"), "missing.yaml")],
        [(("bots", 1, "jobs"), [1])],
    ],
)
def test_a_broken_neighbour_does_not_stop_a_bot(home: Home, changes: list[Change]) -> None:
    fleet = broken_neighbour(home, (("bots", 1, "priority"), 5), *changes)

    spark = fleet.bot("spark")
    assert fleet.bot("sage").token is not None
    assert (spark.token, spark.priority, spark.channels) == (None, 5, ("creative",))


@pytest.mark.parametrize("value", ["x", {"name": "SPARK"}, {"enabled": True}])
def test_a_neighbour_without_a_name_is_left_out(home: Home, value: object) -> None:
    fleet = broken_neighbour(home, (("bots", 1), value))

    assert [bot.name for bot in fleet.bots] == ["sage"]


def test_a_neighbours_topics_come_from_its_own_file(home: Home) -> None:
    write(home, spark="---\npersona: {preferred_topics: [art]}\n---\nYou are Spark.\n")

    fleet = load_bot(home, {"DISCORD_TOKEN_SAGE": "sandbox-token-one"}, "sage")

    assert fleet.bot("spark").persona.preferred_topics == ("art",)


@pytest.mark.parametrize(
    "change",
    [
        (("limits",), 3),
        ((*BOT, "priority"), "x"),
        ((*BOT, "discord_token"), "${NOT_SET}"),
        (("bots", 1, "discord_token"), "${DISCORD_TOKEN_SAGE}"),
    ],
)
def test_a_bots_own_faults_and_the_fleets_stop_it(home: Home, change: Change) -> None:
    name = "spark" if change[0][1:2] == (1,) else "sage"
    write(home, changed(FLEET, change))

    with pytest.raises(ConfigError):
        load_bot(home, TOKENS, name)


def test_a_broken_dotenv_is_said_with_what_it_led_to(home: Home) -> None:
    write(home)
    home.dotenv.mkdir()

    with pytest.raises(ConfigError) as raised:
        load_bot(home, {}, "sage")

    assert ".env: is not a regular file." in str(raised.value)


def test_one_bot_is_the_same_alone_and_in_its_fleet(home: Home) -> None:
    whole = load_hash(home)

    assert whole == load_bot(home, TOKENS, "sage").bot("sage").config_hash


def load_hash(
    home: Home, *changes: Change, file: dict[str, object] | None = None, **env: str
) -> str:
    return sage(home, *changes, file=file, **env).config_hash


@pytest.mark.parametrize(
    "change",
    [
        ((*BOT, "priority"), 3),
        ((*BOT, "channels"), ["philosophy"]),
        ((*BOT, "persona"), {"description": "other"}),
        (("limits", "max_requests_per_minute"), 3),
        (("logging", "level"), "DEBUG"),
        (("admins", "user_ids"), [1]),
    ],
)
def test_a_change_that_reaches_a_bot_changes_its_hash(home: Home, change: Change) -> None:
    assert load_hash(home) != load_hash(home, change)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DISCORD_TOKEN_SAGE", "sandbox-token-new"),
        ("MULTIBOT_DISCORD_API", "http://127.0.0.1:9/api/v10"),
        ("MULTIBOT_LOG_FORMAT", "json"),
        ("MULTIBOT_LOG_LEVEL", "DEBUG"),
    ],
)
def test_a_variable_that_reaches_a_bot_changes_its_hash(home: Home, name: str, value: str) -> None:
    assert load_hash(home) != load_hash(home, file=None, **{name: value})


def test_a_bots_own_file_changes_its_hash(home: Home) -> None:
    assert load_hash(home) != load_hash(home, file={"scripted": {"greetings": "Hi"}})


@pytest.mark.parametrize(
    "change",
    [(("bots", 1, "priority"), 3), (("bots", 1, "enabled"), False), ((*BOT, "priority"), 0)],
)
def test_what_does_not_reach_a_bot_leaves_its_hash(home: Home, change: Change) -> None:
    assert load_hash(home) == load_hash(home, change)


def test_the_hash_does_not_depend_on_the_order_of_a_set(home: Home) -> None:
    one = load_hash(home, (("admins", "user_ids"), list(range(1, 30))))

    assert one == load_hash(home, (("admins", "user_ids"), list(range(29, 0, -1))))


def test_reading_the_configuration_imports_nothing_heavy() -> None:
    program = (
        "import sys, multibot.config.load\n"
        "heavy = {'discord', 'rich', 'click', 'aiohttp', 'sqlite_utils', 'structlog', 'supervisor'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or None)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
