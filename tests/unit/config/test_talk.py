"""Bots among bots: what the fleet file may say about it, and what that comes to."""

from datetime import UTC, datetime, time, timedelta

import pytest

from multibot.config.fleet import Activity, CrossBot
from multibot.config.load import Report, check
from multibot.conversation.activity import PRESETS, ActivityRules
from multibot.conversation.chain import ChainRules
from multibot.home import Home
from tests.unit.config.samples import FLEET, TOKENS, examine, only, write


def first(report: Report) -> tuple[CrossBot, Activity]:
    assert report.fleet is not None
    bot = report.fleet.bots[0]
    return bot.cross_bot, bot.activity


def test_what_is_left_out_is_as_the_rules_have_it(home: Home) -> None:
    talk, activity = first(examine(home))

    assert talk.rules == ChainRules()
    assert activity.rules(talk.pair_cooldown) == ActivityRules() == PRESETS["seed"]


def test_what_is_said_reaches_the_rules(home: Home) -> None:
    said = {"enabled": True, "max_chain": 3, "cooldown_minutes": 0.5, "inter_bot_delay": "2s"}
    talk, _ = first(examine(home, (("cross_bot",), said)))

    assert talk.rules == ChainRules(
        enabled=True,
        max_chain=3,
        cooldown=timedelta(seconds=30),
        inter_bot_delay=timedelta(seconds=2),
    )


def test_a_preset_can_be_changed_in_parts(home: Home) -> None:
    said = {"preset": "gentle", "post_chance": 0.2, "interval": "1h", "window": "2m"}
    _, activity = first(examine(home, (("activity",), said)))
    rules = activity.rules(timedelta(minutes=1))

    assert (rules.odds.converse, rules.odds.post, rules.odds.quiet_post) == (0.15, 0.35, 0.05)
    assert (rules.interval, rules.pair_cooldown) == (timedelta(hours=1), timedelta(minutes=1))
    assert rules.window == timedelta(minutes=2)


@pytest.mark.parametrize("quote", ['"', ""], ids=["quoted", "plain"])
def test_a_time_of_day_is_read_with_and_without_quotes(home: Home, quote: str) -> None:
    hours = f"start: {quote}22:00{quote}, end: {quote}7:30{quote}, zone: Asia/Tokyo"
    _, activity = first(written(home, hours))
    (quiet,) = activity.rules(timedelta()).quiet_hours

    assert (quiet.start, quiet.end) == (time(22), time(7, 30))
    assert datetime(2026, 1, 1, 13, 0, tzinfo=UTC) in quiet
    assert datetime(2026, 1, 1, 12, 59, tzinfo=UTC) not in quiet


@pytest.mark.parametrize("number", ["22", "0", "1320", "2200", "0730", "22.5", "true", "24:00"])
def test_a_number_is_no_time_of_day(home: Home, number: str) -> None:
    """Of 1320 nobody knows whether it is 22:00 in minutes or 13:20."""
    fault = only(written(home, f"start: {number}, end: 7:00"))

    assert fault.path == "activity.quiet_hours[0].start"
    assert fault.message == 'must be a time of day in quotes, such as "22:00".'


def written(home: Home, hours: str) -> Report:
    """Check the sample fleet with these quiet hours, as a person would write them."""
    write(home, FLEET)
    with home.fleet_file.open("a", encoding="utf-8") as file:
        file.write(f"\nactivity: {{quiet_hours: [{{{hours}}}]}}\n")
    return check(home, TOKENS)


@pytest.mark.parametrize(
    ("section", "said", "path", "message"),
    [
        ("cross_bot", {"max_chain": 6, "max_bot_turns": 5}, "max_chain", "is more than"),
        ("cross_bot", {"inter_bot_delay": 60}, "inter_bot_delay", "must be shorter than 60 s"),
        (
            "cross_bot",
            {"inter_bot_delay": 20, "chain_expiry": 20},
            "inter_bot_delay",
            "is not shorter than chain_expiry",
        ),
        ("cross_bot", {"max_chains": 5}, "max_chains", "is not a known key."),
        (
            "activity",
            {"conversation_chance": 0.6, "post_chance": 0.5},
            "post_chance",
            "and conversation_chance are together 1.1, more than 1.",
        ),
        ("activity", {"interval": 30, "jitter": 30}, "jitter", "is not shorter than"),
        ("activity", {"channel_ids": ["general"]}, "channel_ids[0]", "must be a Discord id"),
        (
            "activity",
            {"quiet_hours": [{"start": "7:00", "end": "7:00"}]},
            "quiet_hours[0]",
            "begins and ends at the same time",
        ),
        ("activity", {"quiet_hours": [{"start": "22:00"}]}, "quiet_hours[0].end", "is missing."),
        (
            "activity",
            {"quiet_hours": [{"start": "25:00", "end": "7:00"}]},
            "quiet_hours[0].start",
            "must be a time of day",
        ),
        (
            "activity",
            {"quiet_hours": [{"start": "22:00", "end": "7:00", "zone": "Mars/Base"}]},
            "quiet_hours[0].zone",
            "is no time zone",
        ),
    ],
)
def test_what_contradicts_itself_is_one_fault(
    home: Home, section: str, said: dict[str, object], path: str, message: str
) -> None:
    fault = only(examine(home, ((section,), said)))

    assert (fault.severity, fault.path) == ("error", f"{section}.{path}")
    assert fault.message.startswith(message)
