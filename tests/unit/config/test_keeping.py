"""How long history is kept, and which copies of it: keys that decide what is deleted."""

from datetime import timedelta

import pytest

from multibot.config.fleet import Backup
from multibot.home import Home
from tests.unit.config.samples import examine, only, sage

DAYS = ("storage", "retention_days")


@pytest.mark.parametrize(("written", "days"), [(1, 1), (90, 90), (36_500, 36_500)])
def test_history_is_kept_so_many_days(home: Home, written: int, days: int) -> None:
    assert sage(home, (DAYS, written)).storage.retention_days == days


@pytest.mark.parametrize("written", [False, "off", None])
def test_history_is_kept_for_good_where_nobody_says_otherwise(home: Home, written: object) -> None:
    assert sage(home).storage.retention_days == 0
    assert sage(home, (DAYS, written)).storage.retention_days == 0


@pytest.mark.parametrize(("own", "days"), [(30, 30), ("off", 0), (False, 0), (None, 7)])
def test_a_bots_own_word_counts_also_when_it_is_off(home: Home, own: object, days: int) -> None:
    """An `off` is said; a key that is left empty is not."""
    bot = sage(home, (DAYS, 7), file={"storage": {"retention_days": own}})

    assert bot.storage.retention_days == days


@pytest.mark.parametrize("written", ["30", "30d", True, 1.5, "for ever", [30]])
def test_days_are_a_whole_number_or_off(home: Home, written: object) -> None:
    fault = only(examine(home, (DAYS, written)))

    assert fault.message == "must be a whole number of days, or off."


@pytest.mark.parametrize("written", [0, -1, 36_501])
def test_days_have_a_range(home: Home, written: int) -> None:
    """Nobody means by 0 that everything goes at once, or that all is kept."""
    fault = only(examine(home, (DAYS, written)))

    assert fault.message == "must be between 1 and 36500 days, or off."
    assert fault.path == "storage.retention_days"


def test_backups_are_taken_daily_unless_the_fleet_says_otherwise(home: Home) -> None:
    said = sage(home, (("backup",), {"enabled": False, "every": "12h", "keep": 30})).backup

    assert sage(home).backup == Backup(enabled=True, every=timedelta(days=1), keep=7)
    assert said == Backup(enabled=False, every=timedelta(hours=12), keep=30)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("enabled", "yes", "must be true or false."),
        ("every", "59m", "must be between 3600 and 2.592e+06 seconds."),
        ("every", "31d", "must be between 3600 and 2.592e+06 seconds."),
        ("every", "daily", "must be seconds, or text such as 90s, 5m, 1h, 7d."),
        ("keep", 0, "must be at least 1."),
        ("keep", 1001, "must be at most 1000."),
        ("keep", "7", "must be a whole number."),
        ("hour", 3, "is not a known key."),
    ],
)
def test_a_backup_key_that_does_not_fit_is_one_fault(
    home: Home, key: str, value: object, message: str
) -> None:
    fault = only(examine(home, (("backup", key), value)))

    assert fault.message == message
    assert fault.path == f"backup.{key}"
    assert fault.remedy


def test_the_section_is_a_mapping(home: Home) -> None:
    assert only(examine(home, (("backup",), "daily"))).message == "must be a mapping."


def test_what_is_kept_is_part_of_what_a_bot_runs_with(home: Home) -> None:
    """So that `multibot up` restarts whoever would go on deleting by the old word."""
    hashes = {
        sage(home).config_hash,
        sage(home, (DAYS, 30)).config_hash,
        sage(home, (("backup", "keep"), 8)).config_hash,
    }

    assert len(hashes) == 3
