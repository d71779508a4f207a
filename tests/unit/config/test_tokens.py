"""A token is in the environment only, belongs to one bot, and is in no fault."""

import traceback

import pytest

from multibot.config.load import check, load, load_bot
from multibot.errors import ConfigError, ExitCode
from multibot.home import Home
from tests.unit.config.samples import FLEET, REMOVE, SAGE, TOKENS, changed, examine, only, write

SAGE_TOKEN = ("bots", 0, "discord_token")
PLACE = "bots[0].discord_token"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "names DISCORD_TOKEN_SAGE, which is not set."),
        ("", "names DISCORD_TOKEN_SAGE, which is empty."),
        (" \t", "names DISCORD_TOKEN_SAGE, which is blank."),
        *(
            (placeholder, "names DISCORD_TOKEN_SAGE, which still holds a placeholder.")
            for placeholder in (
                "your_sage_bot_token_here",
                "YOUR_DISCORD_BOT_TOKEN_HERE",
                "your-token",
                "changeme",
                "CHANGE_ME",
                "xxx",
                "XXXXXXXX",
                "<token>",
                "...",
            )
        ),
        (
            "sandbox token one",
            "names DISCORD_TOKEN_SAGE, which holds white space or characters that no token has.",
        ),
        (
            "sandbox-tøken",
            "names DISCORD_TOKEN_SAGE, which holds white space or characters that no token has.",
        ),
    ],
)
def test_a_token_that_is_not_there_names_bot_and_variable(
    home: Home, value: str | None, message: str
) -> None:
    environment = {"DISCORD_TOKEN_SPARK": "sandbox-token-two"}
    if value is not None:
        environment["DISCORD_TOKEN_SAGE"] = value

    fault = only(examine(home, environment=environment))

    assert (fault.path, fault.bot, fault.variable) == (PLACE, "sage", "DISCORD_TOKEN_SAGE")
    assert message == fault.message
    assert fault.remedy.startswith("Set DISCORD_TOKEN_SAGE in .env (or in the environment)")


def test_a_variable_of_a_similar_name_is_suggested(home: Home) -> None:
    fault = only(examine(home, environment={"DISCORD_TOKEN_SAEG": "a", "DISCORD_TOKEN_SPARK": "b"}))

    assert fault.nearest == "DISCORD_TOKEN_SAEG"
    assert fault.remedy.endswith("There is a variable DISCORD_TOKEN_SAEG; is that the one?")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (REMOVE, "is missing."),
        (None, "is missing."),
        (7, "must be text in quotes."),
        ("sandbox-token-one", "holds text, perhaps a token, instead of a variable's name."),
        ("Bot ${DISCORD_TOKEN_SAGE}", "holds text, perhaps a token, instead of a variable's name."),
        ("${}", "holds text, perhaps a token, instead of a variable's name."),
        ("your_sage_bot_token_here", "holds a placeholder instead of a variable's name."),
        ("", "holds a placeholder instead of a variable's name."),
    ],
)
def test_a_token_is_not_written_into_the_file(home: Home, written: object, message: str) -> None:
    fault = only(examine(home, (SAGE_TOKEN, written)))

    assert (PLACE, message) == (fault.path, fault.message)
    if message != "must be text in quotes.":
        assert '"${DISCORD_TOKEN_SAGE}"' in fault.remedy


def test_a_bot_without_a_known_variable_is_told_a_valid_name(home: Home) -> None:
    report = examine(home, (("bots", 0, "name"), "sage-2"), (SAGE_TOKEN, REMOVE))
    (fault,) = report.errors

    assert fault.remedy == 'Write discord_token: "${DISCORD_TOKEN_SAGE_2}"'


@pytest.mark.parametrize("written", ["$DISCORD_TOKEN_SAGE", " ${DISCORD_TOKEN_SAGE} "])
def test_the_forms_of_the_original_name_a_variable_too(home: Home, written: str) -> None:
    fleet = examine(home, (SAGE_TOKEN, written)).fleet

    assert fleet is not None
    token = fleet.bot("sage").token
    assert token is not None
    assert token.reveal() == "sandbox-token-one"


def test_two_bots_with_one_token_are_refused(home: Home) -> None:
    fault = only(examine(home, environment=dict.fromkeys(TOKENS, " sandbox-token-one")))

    assert fault.path == "bots[1].discord_token"
    assert (
        fault.message == "has in DISCORD_TOKEN_SPARK the same token as DISCORD_TOKEN_SAGE of sage."
    )


def test_two_bots_with_one_variable_are_refused(home: Home) -> None:
    fault = only(examine(home, (("bots", 1, "discord_token"), "${DISCORD_TOKEN_SAGE}")))

    assert fault.message == "names DISCORD_TOKEN_SAGE, and so does sage."


@pytest.mark.parametrize(
    "written", [REMOVE, "${DISCORD_TOKEN_SAGE}", "${NOT_SET}", "your_token_here"]
)
def test_a_disabled_bot_needs_no_token(home: Home, written: object) -> None:
    report = examine(home, (("bots", 1, "enabled"), False), (("bots", 1, "discord_token"), written))

    assert report.faults == ()
    assert report.fleet is not None
    assert report.fleet.bot("spark").token is None
    assert [bot.name for bot in report.fleet.enabled] == ["sage"]


def test_a_disabled_bot_has_no_token_in_a_file_either(home: Home) -> None:
    fault = only(
        examine(
            home,
            (("bots", 1, "enabled"), False),
            (("bots", 1, "discord_token"), "sandbox-token-two"),
        )
    )

    assert fault.message == "holds text, perhaps a token, instead of a variable's name."


def test_an_old_bot_file_names_its_variable_with_a_warning(home: Home) -> None:
    write(home, sage=changed(SAGE, (("discord", "token"), "${DISCORD_TOKEN_SAGE}")))

    fault = only(check(home, TOKENS))

    assert (
        fault.severity,
        fault.path,
        fault.message,
    ) == ("warning", "discord.token", "has moved.")


def test_an_old_bot_file_with_a_token_in_it_is_refused(home: Home) -> None:
    write(home, sage=changed(SAGE, (("discord", "token"), "sandbox-token-nine")))

    faults = check(home, TOKENS).faults

    assert {"error", "warning"} == {fault.severity for fault in faults}
    assert "sandbox-token-nine" not in repr(faults)


LEAKS: list[tuple[tuple[str | int, ...], object]] = [
    (SAGE_TOKEN, "{token}"),
    (SAGE_TOKEN, ["{token}"]),
    (SAGE_TOKEN, "prefix {token}"),
    (("bots", 0, "{token}"), 1),
    (("{token}",), 1),
    (("limits", "{token}"), "{token}"),
    (("bots", 0, "name"), "{token}"),
    (("bots", 0, "config_file"), "{token}.yaml"),
    (("bots", 0, "config_file"), "{token}"),
    (("bots", 0, "channels"), "{token}"),
    (("bots", 0, "enabled"), "{token}"),
    (("bots", 0, "priority"), "{token}"),
    (("bots", 0, "persona"), "{token}"),
    (("bots", 0, "response_behavior", "response_probability"), "{token}"),
    (("global_settings", "response_delay"), "{token}"),
    (("storage", "session_gap"), "{token}"),
    (("storage", "session_scope"), "{token}"),
    (("admins", "user_ids"), ["{token}"]),
    (("logging", "level"), "{token}"),
    (("llm", "provider"), "{token}"),
    (("llm", "api_key"), "{token}"),
    (("cross_bot",), "{token}"),
    (("bots",), "{token}"),
]
# Of the shape that Discord gives them.
SHAPED = ".".join(("a" * 24, "b" * 6, "c" * 38))


def everything(
    home: Home, environment: dict[str, str], names: tuple[str | None, ...] = (None, "sage")
) -> str:
    """Print a failed check in every way there is."""
    report = check(home, environment)
    shown = [f"{report!r}", *(f"{fault}{fault!r}{fault.as_dict()}" for fault in report.faults)]
    for name in names:
        with pytest.raises(ConfigError) as raised:
            load_bot(home, environment, name) if name else load(home, environment)
        error = raised.value
        assert error.exit_code == ExitCode.PERMANENT
        assert error.__context__ is None
        shown += [*traceback.format_exception(error), repr(vars(error))]
    return "".join(shown)


@pytest.mark.parametrize(("place", "value"), LEAKS)
def test_a_token_in_the_wrong_place_is_not_shown(
    home: Home, place: tuple[str | int, ...], value: object
) -> None:
    """The token of the wrong place is the bot's own, or has the shape of one."""
    spot = tuple(s.format(token=SHAPED) if isinstance(s, str) else s for s in place)
    content = [SHAPED] if isinstance(value, list) else str(value).format(token=SHAPED)
    write(home, changed(FLEET, (spot, content)))

    shown = everything(home, TOKENS)

    assert "fault" in shown.lower()
    assert SHAPED not in shown


def test_a_token_in_yaml_that_does_not_parse_is_not_shown(home: Home) -> None:
    for text in (
        'bots: [{discord_token: "sandbox-token-nine"\n',
        "bots:\n\tdiscord_token: sandbox-token-nine\n",
        "bots: sandbox-token-nine: x\n",
        "bots: !sandbox-token-nine x\n",
        "bots: *sandbox-token-nine\n",
        "bots: &sandbox-token-nine [*sandbox-token-nine]\n",
        "sandbox-token-nine\n",
        "bots: 'sandbox-token-nine\n",
    ):
        write(home, text)

        assert "sandbox-token-nine" not in everything(home, TOKENS), text


@pytest.mark.parametrize(
    "value", ["sandbox token nine", "sandbox-tokén-nine", "your_sandbox-token-nine"]
)
def test_a_token_that_does_not_fit_is_not_shown(home: Home, value: str) -> None:
    write(home)

    assert value not in everything(home, TOKENS | {"DISCORD_TOKEN_SAGE": value})


def test_a_shared_token_is_not_shown(home: Home) -> None:
    write(home)

    shown = everything(home, dict.fromkeys(TOKENS, "sandbox-token-nine"), names=(None,))

    assert "sandbox-token-nine" not in shown


def test_a_token_that_is_also_a_key_is_hidden_in_the_fault(home: Home) -> None:
    """Whatever sentence a token gets into, it is taken out again."""
    report = examine(
        home,
        (("limits", "sandboxtokennine"), 1),
        environment=TOKENS | {"DISCORD_TOKEN_SAGE": "sandboxtokennine"},
    )

    assert only(report).path == "limits.(hidden)"


def test_a_good_fleet_does_not_print_its_tokens(home: Home) -> None:
    fleet = examine(home).fleet

    assert fleet is not None
    for shown in (repr(fleet), str(fleet), fleet.model_dump_json(), str(fleet.model_dump())):
        assert "sandbox-token" not in shown
