"""Each thing that can be wrong in the files is said at its place, with what to do about it."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from multibot.config.fault import Findings
from multibot.config.load import check
from multibot.config.validation import validate
from multibot.home import Home
from tests.unit.config.samples import (
    FLEET,
    REMOVE,
    SAGE,
    SPARK,
    TOKENS,
    Change,
    changed,
    examine,
    only,
    write,
)

NAME_RULE = "must be a-z, 0-9, _ and -, a letter first, at most 32 characters."
BOT = ("bots", 0)
GLOBAL = "global_settings"
NO_MODEL = "which this version does not have yet."


def test_files_in_order_have_no_faults(home: Home) -> None:
    report = examine(home)

    assert report.faults == ()
    assert report.fleet is not None


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ((*BOT, "name"), REMOVE, "is missing."),
        ((*BOT, "name"), "", NAME_RULE),
        ((*BOT, "name"), "Sage", NAME_RULE),
        ((*BOT, "name"), "1sage", NAME_RULE),
        ((*BOT, "name"), "sa ge", NAME_RULE),
        ((*BOT, "name"), "../sage", NAME_RULE),
        ((*BOT, "name"), "sage/x", NAME_RULE),
        ((*BOT, "name"), "sage\n", NAME_RULE),
        ((*BOT, "name"), "s" * 33, NAME_RULE),
        ((*BOT, "name"), 7, "must be text."),
        ((*BOT, "name"), "all", "cannot be `all`: that is supervisorctl's word for every bot."),
        ((*BOT, "config_file"), REMOVE, "is missing."),
        ((*BOT, "config_file"), "", "is missing."),
        ((*BOT, "config_file"), 7, "must be text."),
        ((*BOT, "config_file"), "sage.json", "must end in one of .yaml, .yml, .md."),
        ((*BOT, "channels"), REMOVE, "must have at least one pattern."),
        ((*BOT, "channels"), [], "must have at least one pattern."),
        ((*BOT, "channels"), None, "must have at least one pattern."),
        ((*BOT, "channels"), "general", "must be a list."),
        ((*BOT, "channels", 0), "", "must not be blank."),
        ((*BOT, "channels", 0), "a\x1b[2J", "must be one line of plain text."),
        ((*BOT, "channels", 0), 7, "must be text."),
        ((*BOT, "channels", 1), "#general", "must be the channel's name without the #."),
        ((*BOT, "enabled"), "yes", "must be true or false."),
        ((*BOT, "priority"), "high", "must be a whole number."),
        ((*BOT, "priority"), 1.5, "must be a whole number."),
        ((*BOT, "persona"), "wise", "must be a mapping."),
        ((*BOT, "persona", "name"), " ", "must not be blank."),
        ((*BOT, "persona", "name"), "Sage\nSpark", "must be one line of plain text."),
        ((*BOT, "persona", "name"), "x" * 101, "must have at most 100 characters."),
        ((*BOT, "persona", "preferred_topics"), "art", "must be a list."),
        ((*BOT, "response_behavior", "response_probability"), 1.1, "must be at most 1."),
        ((*BOT, "response_behavior", "response_probability"), -0.1, "must be at least 0."),
        ((*BOT, "response_behavior", "response_probability"), "0.5", "must be a number."),
        ((*BOT, "response_behavior", "response_probability"), float("nan"), "must be a number."),
        ((GLOBAL, "response_delay"), "3-1", "must have the smaller number first."),
        ((GLOBAL, "response_delay"), "301", "must be at most 300 seconds."),
        ((GLOBAL, "answers_per_message"), 0, "must be at least 1."),
        ((GLOBAL, "answers_per_message"), 11, "must be at most 10."),
        ((GLOBAL, "max_concurrent_responses"), 0, "must be at least 1."),
        ((GLOBAL, "max_concurrent_responses"), 11, "must be at most 10."),
        ((GLOBAL, "session_timeout"), 59, "must be between 60 and 2.592e+06 seconds."),
        ((GLOBAL, "drain_timeout"), 301, "must be between 0 and 300 seconds."),
        ((GLOBAL,), [1], "must be a mapping."),
        (("storage", "session_scope"), "guild", "must be 'user' or 'channel'."),
        (("storage", "session_gap"), 0, "must be between 1 and 2.592e+06 seconds."),
        (("storage", "max_history"), 0, "must be at least 1."),
        (("storage", "context_max_age"), "1s", "must be between 60 and 3.1536e+07 seconds."),
        (("limits", "allow_dms"), 1, "must be true or false."),
        (("limits", "max_requests_per_minute"), 0, "must be at least 1."),
        (("limits", "max_requests_per_minute"), True, "must be a whole number."),
        (("limits", "allowed_user_ids"), 123, "must be a list."),
        (
            ("logging", "level"),
            "LOUD",
            "must be 'DEBUG', 'INFO', 'WARNING', 'ERROR' or 'CRITICAL'.",
        ),
        (("cross_bot",), {"enabled": True}, f"asks for bot-to-bot talk, {NO_MODEL}"),
        (("activity",), {"enabled": "yes"}, f"asks for speaking up by itself, {NO_MODEL}"),
        (("activity",), True, f"asks for speaking up by itself, {NO_MODEL}"),
        (("rooms",), {"forum_channels": ["x"]}, f"asks for rooms, {NO_MODEL}"),
        (("jobs",), [{"name": "x"}], f"asks for jobs, {NO_MODEL}"),
        ((*BOT, "jobs"), [{"name": "x"}], f"asks for jobs, {NO_MODEL}"),
        (("llm", "provider"), "openai", f"asks for a model, {NO_MODEL}"),
        (("llm", "base_url"), "http://x", f"configures a model, {NO_MODEL}"),
        (("llm", "api_key"), "${KEY}", f"configures a model, {NO_MODEL}"),
        (("bots",), REMOVE, "must name at least one bot."),
        (("bots",), [], "must name at least one bot."),
        (("bots",), {"sage": {}}, "must be a list."),
        (BOT, "sage", "must be a mapping."),
    ],
)
def test_a_value_that_does_not_fit_is_a_fault_at_its_place(
    home: Home, place: tuple[str | int, ...], value: object, message: str
) -> None:
    report = examine(home, (place, value))
    fault = only(report)

    written = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in place).lstrip(".")
    assert (written, message) == (fault.path, fault.message)
    assert fault.severity == "error"
    assert fault.file == "bots/multi_bot.yaml"
    assert fault.remedy
    assert report.fleet is None


@pytest.mark.parametrize("value", ["abc", "1-", "-1", "1-2-3", True, -1, [1, 2], "1 s"])
def test_a_delay_is_a_number_or_a_range(home: Home, value: object) -> None:
    fault = only(examine(home, ((GLOBAL, "response_delay"), value)))

    assert fault.message == 'must be a number of seconds or a range such as "1-3".'


@pytest.mark.parametrize("value", ["abc", True, "5 weeks", [1], "-5", {}])
def test_a_duration_is_seconds_or_has_a_unit(home: Home, value: object) -> None:
    fault = only(examine(home, (("storage", "session_gap"), value)))

    assert fault.message == "must be seconds, or text such as 90s, 5m, 1h, 7d."


@pytest.mark.parametrize("value", ["abc", True, -1, 1.5, "12 34", "", "1" * 21, None, "١٢"])
def test_an_id_is_digits(home: Home, value: object) -> None:
    fault = only(examine(home, (("admins", "user_ids"), [123, value])))

    assert fault.message == 'must be a Discord id: digits only, as 123 or "123".'
    assert fault.path == "admins.user_ids[1]"


@pytest.mark.parametrize(
    ("place", "near"),
    [
        ((*BOT, "chanels"), "channels"),
        ((*BOT, "Enabled"), "enabled"),
        (("bot",), "bots"),
        ((*BOT, "persona", "nmae"), "name"),
        (("globl_settings",), "global_settings"),
        ((GLOBAL, "response_dealy"), "response_delay"),
        (("limits", "allow_dm"), "allow_dms"),
    ],
)
def test_an_unknown_key_suggests_the_nearest(
    home: Home, place: tuple[str | int, ...], near: str
) -> None:
    fault = only(examine(home, (place, {})))

    assert ("is not a known key.", near) == (fault.message, fault.nearest)
    assert f"Did you mean {near}?" == fault.remedy


def test_an_unknown_key_that_is_at_home_elsewhere_is_sent_there(home: Home) -> None:
    fault = only(examine(home, ((GLOBAL, "context_max_age"), 60)))

    assert fault.message == "does not belong here."
    assert fault.remedy == "Its place is storage.context_max_age."


def test_a_bots_key_at_the_top_is_sent_to_the_bots(home: Home) -> None:
    fault = only(examine(home, (("discord_token",), "${DISCORD_TOKEN_SAGE}")))

    assert fault.remedy == "Its place is bots[].discord_token."


def test_an_unknown_key_that_resembles_nothing_is_shown_what_there_is(home: Home) -> None:
    fault = only(examine(home, (("admins", "zzzzzz"), 1)))

    assert fault.remedy == "Known here: user_ids."


def test_a_key_that_is_no_word_is_not_repeated(home: Home) -> None:
    fault = only(examine(home, (("limits", "what is this.. a token?"), 1)))

    assert fault.path == "limits.(hidden)"


def test_a_fault_knows_its_line(home: Home) -> None:
    write(home, "bots:\n- name: sage\n  chanels: []\n  enabled: 3\n")

    report = check(home, TOKENS)

    lines = {fault.path: fault.line for fault in report.faults}
    assert lines == {
        "bots[0].chanels": 3,
        "bots[0].enabled": 4,
        "bots[0].config_file": 2,
        "bots[0].channels": 2,
        "bots[0].discord_token": 2,
    }
    assert (
        "bots/multi_bot.yaml:3: bots[0].chanels: is not a known key. Did you mean channels?"
        in map(str, report.faults)
    )


def test_two_bots_of_one_name_are_refused(home: Home) -> None:
    fault = only(
        examine(home, (("bots", 1, "name"), "sage"), (("bots", 1, "config_file"), "sage.yaml"))
    )

    assert fault.path == "bots[1].name"
    assert fault.message == "is also the name of bots[0]."


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        (
            [((GLOBAL, "session_timeout"), 600), (("storage", "session_timeout"), "20m")],
            "global_settings.session_timeout",
            "is not what storage.session_timeout says.",
        ),
        (
            [
                ((GLOBAL, "max_concurrent_responses"), 1),
                (("limits", "max_concurrent_responses"), 2),
            ],
            "global_settings.max_concurrent_responses",
            "is not what limits.max_concurrent_responses says.",
        ),
    ],
)
def test_two_keys_that_mean_the_same_must_agree(
    home: Home, changes: list[Change], path: str, message: str
) -> None:
    fault = only(examine(home, *changes))

    assert (path, message) == (fault.path, fault.message)


def test_two_keys_that_agree_are_in_order(home: Home) -> None:
    report = examine(
        home, ((GLOBAL, "session_timeout"), 600), (("storage", "session_timeout"), "10m")
    )

    assert report.faults == ()


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        (
            [((*BOT, "response_behavior", "response_probability"), 0.4)],
            "bots[0].response_behavior.response_probability",
            "makes sage pass on about 60 % of the messages in its channels that are not addressed to it.",
        ),
        (
            [((*BOT, "response_behavior", "response_delay"), 2)],
            "bots[0].response_behavior.response_delay",
            "makes sage wait 2 s before each answer.",
        ),
        (
            [((GLOBAL, "response_delay"), "1-3.5")],
            "global_settings.response_delay",
            "makes every bot wait 1 to 3.5 s before each answer.",
        ),
        (
            [(("storage", "session_gap"), 600), (("storage", "session_timeout"), 300)],
            "storage",
            "has a session_gap longer than the session_timeout, so that it never decides.",
        ),
        (
            [(("bots", 1, "channels"), ["creative", "Advice-*"])],
            "bots[1].channels[1]",
            "is also a pattern of sage; one of them answers there.",
        ),
        (
            [(("cross_bot",), {"max_chain": 5})],
            "cross_bot",
            "is not switched on, and this version has no bot-to-bot talk.",
        ),
        (
            [((*BOT, "persona", "description"), "${ABOUT_SAGE}")],
            "bots[0].persona.description",
            "is taken as it is: variables are not filled in here.",
        ),
        (
            [((*BOT, "enabled"), False), (("bots", 1, "enabled"), False)],
            "bots",
            "are all disabled.",
        ),
    ],
)
def test_a_warning_stops_nothing(
    home: Home, changes: list[Change], path: str, message: str
) -> None:
    report = examine(home, *changes)
    fault = only(report)

    assert ("warning", path, message) == (fault.severity, fault.path, fault.message)
    assert report.fleet is not None


@pytest.mark.parametrize(
    "changes",
    [
        [(("cross_bot",), {"enabled": False, "max_chain": 5}), (("activity",), None)],
        [(("rooms",), {"enabled": False}), (("jobs",), [])],
        [(("llm",), {"provider": "scripted"})],
        [(("llm",), None), ((GLOBAL,), None), (("storage",), {})],
        [((*BOT, "response_behavior", "response_probability"), 1)],
        [((GLOBAL, "response_delay"), "0-0")],
        [((*BOT, "channels"), ["creative"]), ((*BOT, "enabled"), False)],
        [((*BOT, "channels"), ["a", "A"])],
    ],
)
def test_what_asks_for_nothing_is_in_order(home: Home, changes: list[Change]) -> None:
    assert examine(home, *changes).faults == ()


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("message", "max_length"), 2001, "must be at most 2000."),
        (("message", "max_length"), 99, "must be at least 100."),
        (("storage", "session_gap"), "soon", "must be seconds, or text such as 90s, 5m, 1h, 7d."),
        (("rate_limit", "max_requests_per_minute"), 0, "must be at least 1."),
        (("system_prompt",), "  ", "must not be blank."),
        (("system_prompt",), 5, "must be text."),
        (("scripted", "greetings"), [1], "must be text."),
        (("scripted", "greetngs"), ["Hello"], "is not a known key."),
        (("scripted", "topics"), [{"name": "x", "keywords": ["x"]}], "is missing."),
        (("llm", "provider"), "ollama", f"asks for a model, {NO_MODEL}"),
        (("jobs",), [{"name": "x"}], f"asks for jobs, {NO_MODEL}"),
        (("name",), "sage", "does not belong here."),
    ],
)
def test_a_fault_of_a_bot_file_names_file_and_bot(
    home: Home, place: tuple[str | int, ...], value: object, message: str
) -> None:
    write(home, sage=changed(SAGE, (place, value)))

    fault = only(check(home, TOKENS))

    assert message == fault.message
    assert (fault.file, fault.bot) == ("bots/sage.yaml", "sage")


def test_rate_limit_and_limits_of_a_bot_must_agree(home: Home) -> None:
    rate = {"enabled": True, "max_requests_per_minute": 8}
    write(home, sage={"rate_limit": rate, "limits": {"max_requests_per_minute": 9}})

    fault = only(check(home, TOKENS))

    assert fault.path == "rate_limit.max_requests_per_minute"
    assert fault.message == "is not what limits.max_requests_per_minute says."


def test_a_bot_file_for_another_bot_is_pointed_out(home: Home) -> None:
    write(home, sage={"bot": {"name": "Spark"}})

    fault = only(check(home, TOKENS))

    assert (fault.severity, fault.path) == ("warning", "bot.name")
    assert fault.message == "is not sage, the name in the fleet file."


def test_a_slip_in_a_placeholder_is_pointed_out(home: Home) -> None:
    lines = {
        "greetings": ["Hello {usr}", "int main() {return_code}"],
        "topics": [{"name": "x", "keywords": "x", "lines": ["about {subjects}"]}],
    }
    write(home, sage={"scripted": lines})

    faults = check(home, TOKENS).faults

    assert [(fault.path, fault.message, fault.remedy) for fault in faults] == [
        ("scripted.greetings[0]", "has {usr} in it.", "Did you mean {user}?"),
        ("scripted.topics[0].lines[0]", "has {subjects} in it.", "Did you mean {subject}?"),
    ]


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("", "is empty.", None),
        ("# only a comment\n", "is empty.", None),
        ("- a\n- b\n", "is not a mapping.", 1),
        ("just text\n", "is not a mapping.", 1),
        ("bots: [\n", "is not YAML: did not find expected node content.", 2),
        ("a: 1\nbots: []\na: 2\n", "has the key a twice in one place.", 3),
    ],
)
def test_a_fleet_file_that_is_none_is_one_fault(
    home: Home, text: str, message: str, line: int | None
) -> None:
    write(home, text)

    fault = only(check(home, TOKENS))

    assert ("bots/multi_bot.yaml", line) == (fault.file, fault.line)
    assert message.split(":", maxsplit=1)[0] == fault.message.split(":")[0]


def test_a_fleet_file_elsewhere_is_named_by_its_whole_path(home: Home, tmp_path: Path) -> None:
    far = tmp_path.parent / "far.yaml"

    assert str(far) == only(check(home, TOKENS, far)).file


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("You are Spark.\n", "has no front matter.", 1),
        ("---\nbot: {}\nYou are Spark.\n", "has front matter without an end.", 1),
        ("---\nmessage: {}\n---\n\n", "has no text below its front matter.", None),
        ("---\n---\nYou are Spark.\n", "is empty.", None),
        ("---\nbot: {}\nbot: {}\n---\nYou are Spark.\n", "has the key bot twice in one place.", 3),
        ("---\nbot: {}\nllm: 3\n---\nYou are Spark.\n", "must be a mapping.", 3),
        ("---\nsystem_prompt: x\n---\nYou are Spark.\n", "does not belong here.", 2),
        (SPARK.encode("utf-16"), "is UTF-16 text.", 1),
        ("", "has no front matter.", 1),
    ],
)
def test_a_markdown_file_that_does_not_fit_is_one_fault(
    home: Home, text: str | bytes, message: str, line: int | None
) -> None:
    write(home, spark=text)

    fault = only(check(home, TOKENS))

    assert (fault.file, fault.bot) == ("bots/spark.md", "spark")
    assert (message, line) == (fault.message, fault.line)


@pytest.mark.parametrize("text", ["\ufeff" + SPARK, SPARK.replace("\n", "\r\n"), SPARK + "---\nx"])
def test_a_markdown_file_may_come_from_any_editor(home: Home, text: str) -> None:
    write(home, spark=text.encode())

    report = check(home, TOKENS)

    assert report.fleet is not None
    assert report.fleet.bot("spark").system_prompt.startswith("You are Spark.")


def test_a_missing_bot_file_names_the_bot(home: Home) -> None:
    fault = only(examine(home, ((*BOT, "config_file"), "sag.yaml")))

    assert (fault.file, fault.bot, fault.message) == ("bots/sag.yaml", "sage", "does not exist.")


def test_a_bot_file_may_be_outside_the_home(tmp_path: Path) -> None:
    (tmp_path / "far.yaml").write_text("system_prompt: far away\n")
    home = Home(tmp_path / "home")
    home.root.mkdir()

    report = examine(home, ((*BOT, "config_file"), "../../far.yaml"))

    assert report.fleet is not None
    assert report.fleet.bot("sage").system_prompt == "far away"


class Odd(BaseModel):
    """A model with a kind of value that no file has."""

    odd: bytes | None = None


def test_a_value_of_no_known_fault_is_still_a_fault() -> None:
    findings = Findings(file="x.yaml")

    assert validate(Odd, {"odd": 3}, findings) == Odd()
    assert [fault.message for fault in findings.faults] == ["has a value that does not fit."]


def test_all_faults_of_all_files_come_at_once(home: Home) -> None:
    fleet = changed(FLEET, ((*BOT, "priority"), "x"), (("limits",), 3), (("bots", 1, "enabled"), 3))
    write(home, fleet, sage="a: [", spark="")

    report = check(home, {})

    assert {
        ("bots/multi_bot.yaml", "limits"),
        ("bots/multi_bot.yaml", "bots[0].priority"),
        ("bots/multi_bot.yaml", "bots[0].discord_token"),
        ("bots/multi_bot.yaml", "bots[1].enabled"),
        ("bots/multi_bot.yaml", "bots[1].discord_token"),
        ("bots/sage.yaml", None),
        ("bots/spark.md", None),
    } == {(fault.file, fault.path) for fault in report.faults}
