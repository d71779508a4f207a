"""What nobody needs any more goes, and what somebody may still come back to stays."""

import re
from datetime import timedelta

import pytest

from multibot.clock import to_text
from multibot.store.archive import cleaning
from multibot.store.archive.cleaning import RULES, RULES_OF_GONE_BOTS
from multibot.store.driver import sqlite
from tests.store.leftovers import (
    BOTS,
    DAY,
    HOUR,
    NOW,
    claimed,
    decided,
    left,
    put,
    sent,
    sweep_all,
    ways,
)
from tests.store.material import LEASE


@pytest.mark.parametrize("state", ["answered", "failed", "expired", "declined"])
def test_a_decision_is_kept_thirty_days(writing: sqlite.Connection, state: str) -> None:
    decided(writing, "old", 30 * DAY + HOUR, state=state)
    decided(writing, "young", 30 * DAY - HOUR, state=state)

    assert sweep_all(writing) == {"decisions": 1}
    assert left(writing, "inbox") == ["young"]


@pytest.mark.parametrize("state", ["received", "claimed", "generating", "sending"])
def test_a_message_that_is_not_dealt_with_stays(writing: sqlite.Connection, state: str) -> None:
    """Its bot may be down for long; it says then what became of it."""
    decided(writing, "left", 400 * DAY, state=state)

    assert sweep_all(writing) == {}


def test_what_was_sent_is_kept_a_day(writing: sqlite.Connection) -> None:
    for message_id, age in (("old", DAY + HOUR), ("young", DAY - HOUR)):
        decided(writing, message_id, age, state="answered")
        sent(writing, message_id, age)

    assert sweep_all(writing) == {"sent parts": 1}
    assert left(writing, "outbox") == ["young"]


def test_a_part_that_was_sent_late_counts_from_then(writing: sqlite.Connection) -> None:
    sent(writing, "late", 2 * DAY, sent_at=to_text(NOW - HOUR))

    assert sweep_all(writing) == {}


def test_what_was_sent_stays_while_an_older_message_is_unfinished(
    writing: sqlite.Connection,
) -> None:
    """By these rows its answer, that may have arrived unnoticed, is told from the others."""
    decided(writing, "left", 3 * DAY, state="sending")
    sent(writing, "left", 3 * DAY, state="pending", sent_message_id=None, sent_at=None)
    decided(writing, "other", 3 * DAY, state="answered")
    sent(writing, "other", 3 * DAY)
    sent(writing, "of spark", 3 * DAY, bot_name="spark")

    assert sweep_all(writing) == {"sent parts": 1}
    assert left(writing, "outbox") == ["left", "other"]


def test_what_was_sent_goes_though_the_bot_is_answering_just_now(
    writing: sqlite.Connection,
) -> None:
    """A busy bot always is."""
    decided(writing, "now", timedelta(seconds=3), state="generating")
    sent(writing, "old", 2 * DAY)

    assert sweep_all(writing) == {"sent parts": 1}


def test_the_parts_of_an_unfinished_message_stay_whatever_the_clock_did(
    writing: sqlite.Connection,
) -> None:
    decided(writing, "left", timedelta(minutes=5), state="sending")
    sent(writing, "left", 2 * DAY)

    assert sweep_all(writing) == {}


def test_a_message_from_before_the_clock_went_back_protects_too(writing: sqlite.Connection) -> None:
    decided(writing, "ahead", -HOUR, state="sending")
    sent(writing, "old", 2 * DAY)

    assert sweep_all(writing) == {}


def test_claims_are_kept_for_longer_than_a_message_is_young(writing: sqlite.Connection) -> None:
    for message_id, age in (("1", 31 * HOUR), ("2", 29 * HOUR), ("3", 25 * HOUR)):
        claimed(writing, message_id, age)

    assert sweep_all(writing, agreed=30 * HOUR) == {"claims": 1}
    assert sweep_all(writing, agreed=HOUR) == {"claims": 2}


def test_a_claim_stays_while_its_holder_has_not_finished(writing: sqlite.Connection) -> None:
    claimed(writing, "left", 3 * DAY)
    decided(writing, "left", 3 * DAY, state="claimed")
    decided(writing, "left", 3 * DAY, bot_name="spark")

    assert sweep_all(writing) == {}


def test_counted_messages_go_with_the_claims(writing: sqlite.Connection) -> None:
    for message_id, age in (("old", 25 * HOUR), ("young", 23 * HOUR)):
        at = to_text(NOW - age)
        values = {"message_id": message_id, "channel_id": "10", "user_id": "7", "accepted": 1}
        put(writing, "accepted_messages", **values, accepted_at=at)

    assert sweep_all(writing) == {"counted messages": 1}
    assert left(writing, "accepted_messages") == ["young"]


def test_notices_and_refusals_are_kept_a_day(writing: sqlite.Connection) -> None:
    for name, age in (("old", 25 * HOUR), ("young", 23 * HOUR)):
        put(writing, "notices", kind="rate", subject=name, noticed_at=to_text(NOW - age))
        put(writing, "http_errors", minute=to_text(NOW - age), status=401, count=1)

    assert sweep_all(writing) == {"notices": 1, "refusals": 1}
    assert left(writing, "notices", "subject") == ["young"]


def test_places_that_lapsed_go_also_those_of_the_future(writing: sqlite.Connection) -> None:
    """One that ends in an hour was given out before the clock went back; none lasts that long."""
    for name, ends in (("lapsed", -2 * HOUR), ("just now", -LEASE), ("held", LEASE), ("odd", DAY)):
        put(
            writing,
            "channel_turns",
            channel_id="10",
            message_id=name,
            bot_name="sage",
            expires_at=to_text(NOW + ends),
        )

    assert sweep_all(writing) == {"lapsed places": 2}
    assert left(writing, "channel_turns") == ["held", "just now"]


def test_gateway_starts_and_incidents_go_when_no_limit_counts_them(
    writing: sqlite.Connection,
) -> None:
    for age in (49 * HOUR, 47 * HOUR):
        put(writing, "gateway_starts", bot_name="sage", started_at=to_text(NOW - age))
    for age in (31 * DAY, 29 * DAY):
        at = to_text(NOW - age)
        put(writing, "incidents", bot_name="sage", kind="crash", first_at=at, last_at=at)

    assert sweep_all(writing) == {"gateway starts": 1, "incidents": 1}


def test_what_was_said_is_never_cleaned_away(writing: sqlite.Connection) -> None:
    tables = {rule.table for rule in (*RULES, *RULES_OF_GONE_BOTS)}

    assert tables.isdisjoint({"conversations", "sessions", "imports", "tombstones", "leases"})


def test_a_row_that_changed_since_it_was_found_stays(writing: sqlite.Connection) -> None:
    put(writing, "notices", kind="rate", subject="7", noticed_at=to_text(NOW - 2 * DAY))
    (sweep,) = (each for each in cleaning.sweeps(NOW) if each.what == "notices")
    keys = sweep.find(writing)
    writing.execute("UPDATE notices SET noticed_at = ?", (to_text(NOW),))

    assert keys == [("rate", "7")]
    assert sweep.remove(writing, keys) == 0


@pytest.mark.parametrize("what", [rule.what for rule in (*RULES, *RULES_OF_GONE_BOTS)])
def test_rows_are_deleted_by_their_keys(writing: sqlite.Connection, what: str) -> None:
    """Every bot waits meanwhile: no table is read through for it."""
    (sweep,) = (each for each in cleaning.sweeps(NOW, bots=BOTS) if each.what == what)

    way = rf"SEARCH {sweep.table} USING (INTEGER PRIMARY KEY|PRIMARY KEY|INDEX sqlite_auto)"

    assert re.match(way, ways(writing, sweep)[0])


def test_of_the_longest_tables_only_the_oldest_rows_are_looked_at(
    writing: sqlite.Connection,
) -> None:
    for sweep in cleaning.sweeps(NOW, bots=BOTS):
        if sweep.table in {"inbox", "outbox"}:
            assert "ORDER BY id LIMIT" in sweep.source
