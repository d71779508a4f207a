"""A value that does not fit is a fault at its place, with what to do about it."""

import pytest

from multibot.home import Home
from tests.unit.config.samples import (
    REMOVE,
    examine,
    only,
)

NAME_RULE = "must be a-z, 0-9, _ and -, a letter first, at most 32 characters."
TAKEN = "all, supervisord, up are taken by logs, locks and supervisorctl."
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
        ((*BOT, "name"), "all", f"cannot be `all`: {TAKEN}"),
        ((*BOT, "name"), "supervisord", f"cannot be `supervisord`: {TAKEN}"),
        ((*BOT, "name"), "up", f"cannot be `up`: {TAKEN}"),
        ((*BOT, "config_file"), REMOVE, "is missing."),
        ((*BOT, "config_file"), "", "is missing."),
        ((*BOT, "config_file"), 7, "must be text."),
        ((*BOT, "config_file"), "sage.json", "must end in one of .yaml, .yml, .md."),
        ((*BOT, "config_file"), ".", "names a folder."),
        ((*BOT, "config_file"), "../../etc/passwd", "must end in one of .yaml, .yml, .md."),
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
        ((GLOBAL, "watchdog_timeout"), 1, "must be between 2 and 3600 seconds."),
        ((GLOBAL,), [1], "must be a mapping."),
        (("gateway", "starts_at_once"), 0, "must be at least 1."),
        (("gateway", "first_wait"), 0, "must be between 1 and 3600 seconds."),
        (("gateway", "starts_per_day"), 10_001, "must be at most 10000."),
        (("gateway", "park_below"), 0, "must be at least 1."),
        (("gateway", "jitter"), 61, "must be between 0 and 60 seconds."),
        (("catchup", "max_age"), "25h", "must be between 0 and 86400 seconds."),
        (("catchup", "per_channel"), 0, "must be at least 1."),
        (("catchup", "per_start"), 100_001, "must be at most 100000."),
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
        (("cross_bot",), True, "must be a mapping."),
        (("cross_bot", "enabled"), "yes", "must be true or false."),
        (("cross_bot", "max_chain"), 1, "must be at least 2."),
        (("cross_bot", "max_chain"), -5, "must be at least 2."),
        (("cross_bot", "cooldown_minutes"), -1, "must be at least 0."),
        (("cross_bot", "response_chance"), 1.5, "must be at most 1."),
        (("activity",), True, "must be a mapping."),
        (("activity", "enabled"), "yes", "must be true or false."),
        (("activity", "preset"), "wild", "must be 'seed' or 'gentle'."),
        (("activity", "interval"), "1s", "must be between 10 and 86400 seconds."),
        (("activity", "conversation_chance"), 2, "must be at most 1."),
        (("activity", "quiet_hours"), "22-7", "must be a list."),
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


def test_two_bots_of_one_name_are_refused(home: Home) -> None:
    fault = only(
        examine(home, (("bots", 1, "name"), "sage"), (("bots", 1, "config_file"), "sage.yaml"))
    )

    assert fault.path == "bots[1].name"
    assert fault.message == "is also the name of bots[0]."


def test_of_a_list_whose_items_are_no_words_it_is_shown_what_one_looks_like(home: Home) -> None:
    for wrong in ("22-8", ["22-8"]):
        fault = only(examine(home, (("activity", "quiet_hours"), wrong)))

        assert '- {start: "22:00", end: "08:00", zone: "Europe/Berlin"}' in fault.remedy
