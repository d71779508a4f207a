"""Bots among bots: no number of it may be negative."""

import pytest

from multibot.home import Home
from tests.unit.config.samples import examine, only


@pytest.mark.parametrize(
    ("section", "key"),
    [
        *(
            ("cross_bot", key)
            for key in (
                *("max_chain", "max_bot_turns", "cooldown_minutes", "chain_expiry"),
                *("inter_bot_delay", "burst_seconds", "response_chance", "name_factor"),
                "pair_cooldown",
            )
        ),
        *(
            ("activity", key)
            for key in (
                *("interval", "jitter", "first_check", "observation"),
                *("conversation_chance", "post_chance"),
            )
        ),
    ],
)
def test_what_is_negative_is_one_fault(home: Home, section: str, key: str) -> None:
    fault = only(examine(home, ((section, key), -1)))

    assert (fault.severity, fault.path) == ("error", f"{section}.{key}")
    assert fault.message.startswith(("must be at least", "must be between"))
