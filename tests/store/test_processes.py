"""The shared file under several OS processes at once."""

import os
from collections import Counter

import pytest

from multibot.home import Home
from tests.store.crowd import ended, spawn, start, together
from tests.store.material import rows

KILLS = 40 if os.environ.get("MULTIBOT_TEST_FULL") else 4
EIGHT = [f"bot{number}" for number in range(8)]


def is_whole(home: Home) -> bool:
    return rows(home.database, "PRAGMA integrity_check") == [("ok",)]


def test_eight_processes_race_for_each_message_and_one_wins(home: Home) -> None:
    count = 60
    printed = together("claim", home, EIGHT, count)
    won = Counter(
        line.removeprefix("won ") for lines in printed for line in lines if line.startswith("won ")
    )
    assert won == {f"m{number}": 1 for number in range(count)}
    assert sum(line.startswith("taken ") for lines in printed for line in lines) == 7 * count
    assert rows(home.database, "SELECT count(*), max(fence) FROM message_claims") == [(count, 1)]


def test_the_rate_limit_and_its_notice_hold_over_processes(home: Home) -> None:
    printed = together("limit", home, EIGHT, 20)
    counted = Counter(line for lines in printed for line in lines)
    assert counted == {"new": 5 * 8, "rate_limited_first": 1, "rate_limited": 15 * 8 - 1}


def test_writers_in_four_processes_never_meet_a_locked_database(home: Home) -> None:
    printed = together("begin", home, EIGHT[:4], 300)
    assert [sum(len(line.split()) for line in lines) for lines in printed] == [300] * 4
    assert rows(home.database, "SELECT bot_name, count(*) FROM conversations GROUP BY 1") == [
        (bot_name, 300) for bot_name in EIGHT[:4]
    ]
    # One open session per key, although all of a bot's messages came at once.
    assert rows(home.database, "SELECT bot_name, count(*) FROM sessions GROUP BY 1") == [
        (bot_name, 7) for bot_name in EIGHT[:4]
    ]
    assert rows(home.database, "PRAGMA journal_mode") == [("wal",)]
    assert is_whole(home)


def test_processes_that_ask_for_one_key_at_once_get_one_session(home: Home) -> None:
    """The same bot in six processes, each message in each of them later than the gap."""
    printed = together("share", home, ["sage"] * 6, 25)
    asked = [line.split() for lines in printed for line in lines]
    assert len(asked) == 6 * 25
    assert rows(home.database, "SELECT count(*) FROM sessions WHERE is_active = 1") == [(1,)]
    stored = rows(
        home.database, "SELECT session_id, message_count FROM sessions ORDER BY session_id"
    )
    assert sorted(Counter(session for _, session in asked).items()) == stored


@pytest.mark.slow
def test_a_killed_writer_loses_nothing_it_acknowledged(home: Home) -> None:
    acknowledged: dict[str, set[str]] = {}
    for round_ in range(KILLS):
        names = [f"bot{round_}a", f"bot{round_}b"]
        processes = [spawn("endless", home, name) for name in names]
        with ended(processes):
            start(processes)
            for name, process in zip(names, processes, strict=True):
                assert process.stdout is not None
                seen = [process.stdout.readline() for _ in range(20)]
                process.kill()
                rest, _ = process.communicate()
                # The last line may have been cut by the kill.
                lines = [*seen, *rest.splitlines(keepends=True)]
                whole = [line for line in lines if line.endswith("\n")]
                acknowledged[name] = {each for line in whole for each in line.split()}
    for name, messages in acknowledged.items():
        assert len(messages) >= 100
        stored = rows(
            home.database,
            "SELECT message_id FROM conversations WHERE bot_name = ? AND role = 'user'",
            name,
        )
        assert messages <= {row[0] for row in stored}
    assert is_whole(home)


def test_a_killed_writer_loses_no_edit_and_no_deletion_that_was_applied(home: Home) -> None:
    """Two bots at once; a message that waits and one that has its turn are changed alike."""
    names = ["bot0", "bot1"]
    processes = [spawn("amend", home, name) for name in names]
    with ended(processes):
        start(processes)
        for name, process in zip(names, processes, strict=True):
            assert process.stdout is not None
            last = [int(process.stdout.readline()) for _ in range(40)][-1]
            process.kill()
            process.communicate()
            assert copies(home, name, last) == [
                (number, "" if number % 3 == 0 else f"newest {number}")
                for number in range(last + 1)
                if number % 2 or number % 3
            ]
    assert is_whole(home)


def copies(home: Home, bot_name: str, last: int) -> list[tuple[int, str]]:
    """Return what is kept of each message: its turn where there is one, else what waits."""
    turns = rows(
        home.database,
        "SELECT CAST(message_id AS INTEGER), content FROM conversations WHERE bot_name = ?",
        bot_name,
    )
    waiting = rows(
        home.database,
        "SELECT CAST(message_id AS INTEGER), json_extract(message, '$.content') FROM inbox"
        " WHERE bot_name = ? AND message IS NOT NULL",
        bot_name,
    )
    found = dict(waiting) | dict(turns)
    return sorted((number, content) for number, content in found.items() if number <= last)
