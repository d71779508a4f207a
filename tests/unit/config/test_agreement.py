"""Keys that contradict each other are faults; keys that surprise are warnings."""

import pytest

from multibot.config.load import check
from multibot.home import Home
from tests.unit.config.samples import (
    TOKENS,
    Change,
    examine,
    only,
    write,
)

BOT = ("bots", 0)
GLOBAL = "global_settings"


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
            [(("activity",), {"enabled": True})],
            "activity.conversation_chance",
            "has bots begin conversations, and cross_bot.enabled is false: they only post.",
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
        [(("cross_bot",), {"max_chain": 7}), (("activity",), None)],
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
