"""When bots speak up: how quiet a guild is, whose round it is, what is done, where, with whom."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from multibot.conversation import activity
from multibot.conversation.activity import (
    PRESETS,
    Act,
    ActivityRules,
    ChannelOption,
    Choice,
    Level,
    PartnerOption,
    QuietHours,
    Reading,
)
from multibot.conversation.message import BotName

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
RULES = ActivityRules(enabled=True)
LONG_AGO = NOW - timedelta(days=1)


def reading(messages: int, watched_since: datetime | None = LONG_AGO) -> Reading:
    return Reading(messages=messages, watched_since=watched_since)


@pytest.mark.parametrize(
    ("messages", "expected"),
    [(0, "dead_quiet"), (2, "dead_quiet"), (3, "quiet"), (14, "quiet"), (15, "active")],
)
def test_how_lively_a_guild_is(messages: int, expected: str) -> None:
    """0.1 and 0.5 messages a minute, over 30 minutes, both strict."""
    assert activity.level(activity.rate(reading(messages), RULES), RULES) == expected


@pytest.mark.parametrize(
    ("preset", "messages", "roll", "expected"),
    [
        ("seed", 0, 0.29, "converse"),
        ("seed", 0, 0.30, "post"),
        ("seed", 0, 0.69, "post"),
        ("seed", 0, 0.70, "nothing"),
        ("seed", 6, 0.29, "post"),
        ("seed", 6, 0.30, "nothing"),
        ("seed", 6, 0.80, "nothing"),
        ("gentle", 0, 0.149, "converse"),
        ("gentle", 0, 0.15, "post"),
        ("gentle", 0, 0.249, "post"),
        ("gentle", 0, 0.25, "nothing"),
        ("gentle", 6, 0.049, "post"),
        ("gentle", 6, 0.05, "nothing"),
    ],
)
def test_what_a_roll_comes_to(preset: str, messages: int, roll: float, expected: str) -> None:
    move = activity.decide(reading(messages), PRESETS[preset], roll=roll)

    assert move.act == expected
    assert move.roll == roll
    assert f"rolled {roll:.3f}" in move.detail


def test_the_presets_are_off_until_they_are_switched_on() -> None:
    assert [each.enabled for each in PRESETS.values()] == [False, False]
    assert PRESETS["gentle"].interval == timedelta(minutes=30)


def test_a_lively_guild_is_left_alone() -> None:
    move = activity.consider(reading(15), RULES, now=NOW)

    assert move is not None
    assert (move.act, move.level) == (Act.NOTHING, Level.ACTIVE)
    assert move.detail == "active, 0.50 messages a minute"


@pytest.mark.parametrize(("minutes", "may"), [(0, False), (29.99, False), (30, True)])
def test_a_guild_is_watched_before_anything_happens(minutes: float, may: bool) -> None:  # noqa: FBT001
    since = NOW - timedelta(minutes=minutes)

    assert (activity.consider(reading(0, since), RULES, now=NOW) is None) is may


def test_what_nobody_watches_is_not_known_to_be_quiet() -> None:
    assert activity.consider(reading(0, None), RULES, now=NOW) is not None
    in_future = NOW + timedelta(hours=1)
    assert activity.consider(reading(0, in_future), RULES, now=NOW) is not None


def test_it_is_off_by_default() -> None:
    move = activity.consider(reading(0), ActivityRules(), now=NOW)

    assert move is not None
    assert move.detail == "speaking up is switched off"


def test_a_round_is_the_same_in_every_process() -> None:
    first = activity.round_of(NOW, RULES)

    assert activity.round_of(NOW + timedelta(minutes=14, seconds=59.999), RULES) == first
    assert activity.round_of(NOW + timedelta(minutes=15), RULES) == first + 1
    elsewhere = NOW.astimezone(timezone(timedelta(hours=9)))
    assert activity.round_of(elsewhere, RULES) == first


def test_the_waits_between_looks() -> None:
    waits = [activity.wait(RULES, roll) for roll in (0.0, 0.5, 1.0)]

    assert waits == [timedelta(minutes=each) for each in (14, 15, 16)]
    assert activity.wait(RULES, 0.5, is_first=True) == timedelta(seconds=60)


BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = QuietHours(start=time(22), end=time(7), zone=BERLIN)
SIESTA = QuietHours(start=time(13), end=time(15), zone=BERLIN)


@pytest.mark.parametrize(
    ("hours", "utc", "quiet"),
    [
        (NIGHT, "2026-01-01T20:59:59", False),
        (NIGHT, "2026-01-01T21:00:00", True),
        (NIGHT, "2026-01-02T05:59:59", True),
        (NIGHT, "2026-01-02T06:00:00", False),
        # Summer: the same hours on the wall are an hour earlier in UTC.
        (NIGHT, "2026-07-01T20:00:00", True),
        (NIGHT, "2026-07-02T05:00:00", False),
        (SIESTA, "2026-01-01T11:59:59", False),
        (SIESTA, "2026-01-01T12:00:00", True),
        (SIESTA, "2026-01-01T14:00:00", False),
        # The night of 29 March has no hour from 2 to 3, that of 25 October has it twice.
        (QuietHours(start=time(2), end=time(3), zone=BERLIN), "2026-03-29T00:59:00", False),
        (QuietHours(start=time(2), end=time(3), zone=BERLIN), "2026-03-29T01:00:00", False),
        (QuietHours(start=time(2), end=time(3), zone=BERLIN), "2026-10-25T00:30:00", True),
        (QuietHours(start=time(2), end=time(3), zone=BERLIN), "2026-10-25T01:30:00", True),
        (QuietHours(start=time(2), end=time(3), zone=BERLIN), "2026-10-25T02:00:00", False),
        (QuietHours(start=time(9), end=time(9), zone=UTC), "2026-01-01T03:00:00", True),
        (QuietHours(start=time(9), end=time(9), zone=UTC), "2026-01-01T15:00:00", True),
    ],
)
def test_quiet_hours_are_hours_on_the_wall(hours: QuietHours, utc: str, quiet: bool) -> None:  # noqa: FBT001
    now = datetime.fromisoformat(f"{utc}+00:00")

    assert (now in hours) is quiet


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"])
def test_over_a_year_the_nights_are_quiet_and_the_days_are_not(zone: str) -> None:
    """Every quarter of an hour of 2026, summer time and all."""
    night = QuietHours(start=time(22), end=time(7), zone=ZoneInfo(zone))

    for moment in quarters():
        local = moment.astimezone(night.zone)
        assert (moment in night) is (local.hour >= 22 or local.hour < 7)


def quarters() -> Iterator[datetime]:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    while moment.year == 2026:
        yield moment
        moment += timedelta(minutes=15)


def test_nobody_speaks_up_in_quiet_hours() -> None:
    rules = replace(RULES, quiet_hours=(SIESTA, NIGHT))

    move = activity.consider(reading(0), rules, now=NOW)
    assert move is not None
    assert move.detail == "quiet hours"
    assert activity.consider(reading(0), rules, now=NOW - timedelta(hours=2)) is None


def option(
    channel_id: str, name: str, *, writable: bool = True, system: bool = False
) -> ChannelOption:
    return ChannelOption(channel_id=channel_id, name=name, is_writable=writable, is_system=system)


@pytest.mark.parametrize(
    ("options", "configured", "chosen"),
    [
        ([option("1", "rules"), option("2", "welcome", system=True)], (), "2"),
        ([option("1", "general"), option("2", "welcome", system=True)], (), "2"),
        ([option("1", "lounge"), option("2", "welcome", system=True, writable=False)], (), "1"),
        ([option("1", "general", writable=False), option("2", "chat")], (), "2"),
        ([option("1", "💬-general-chat")], (), "1"),
        ([option("1", "Main")], (), "1"),
        ([option("1", "maintenance"), option("2", "chatter"), option("3", "rules")], (), None),
        ([option("1", "general"), option("2", "bots"), option("3", "b")], ("9", "3", "2"), "3"),
        ([option("1", "general"), option("2", "bots", writable=False)], ("2",), None),
        ([], (), None),
    ],
)
def test_where_to_speak_up(
    options: list[ChannelOption], configured: tuple[str, ...], chosen: str | None
) -> None:
    rules = replace(RULES, channel_ids=configured)

    found = activity.choose_channel(options, rules)
    assert found.chosen == chosen
    assert found.detail


def partner(
    name: str, *, member: bool = True, alive: bool = True, ago: float | None = None
) -> PartnerOption:
    return PartnerOption(
        bot_name=BotName(name),
        is_member=member,
        is_alive=alive,
        paired_at=None if ago is None else NOW - timedelta(minutes=ago),
    )


@pytest.mark.parametrize(
    ("options", "roll", "expected"),
    [
        ([], 0.0, Choice(None, "no other bot is here")),
        ([partner("spark", member=False)], 0.0, Choice(None, "no other bot is here")),
        ([partner("spark", alive=False)], 0.0, Choice(None, "no other bot is here")),
        (
            [partner("spark", ago=59)],
            0.0,
            Choice(None, "every pair has had its conversation lately"),
        ),
        ([partner("spark", ago=60)], 0.0, Choice("spark", "one of 1")),
        ([partner("spark", ago=-61)], 0.0, Choice("spark", "one of 1")),
        (
            [partner("spark", ago=-59)],
            0.0,
            Choice(None, "every pair has had its conversation lately"),
        ),
        ([partner("spark"), partner("logic")], 0.0, Choice("logic", "one of 2")),
        ([partner("spark"), partner("logic")], 0.5, Choice("spark", "one of 2")),
        ([partner("spark"), partner("logic")], 1.0, Choice("spark", "one of 2")),
        ([partner("spark"), partner("logic", ago=1)], 0.0, Choice("spark", "one of 1")),
    ],
)
def test_whom_to_talk_with(options: list[PartnerOption], roll: float, expected: Choice) -> None:
    assert activity.choose_partner(options, RULES, now=NOW, roll=roll) == expected
