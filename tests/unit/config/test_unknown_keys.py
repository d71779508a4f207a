"""An unknown key is a fault that suggests a known one, and knows its line."""

import pytest
from pydantic import BaseModel

from multibot.config.fault import Findings
from multibot.config.load import check
from multibot.config.validation import validate
from multibot.home import Home
from tests.unit.config.samples import (
    TOKENS,
    examine,
    only,
    write,
)

BOT = ("bots", 0)
GLOBAL = "global_settings"


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
        # The beginning of a key, also where another one is more alike.
        (("cross_bot", "cooldown"), "cooldown_minutes"),
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


class Odd(BaseModel):
    """A model with a kind of value that no file has."""

    odd: bytes | None = None


def test_a_value_of_no_known_fault_is_still_a_fault() -> None:
    findings = Findings(file="x.yaml")

    assert validate(Odd, {"odd": 3}, findings) == Odd()
    assert [fault.message for fault in findings.faults] == ["has a value that does not fit."]
