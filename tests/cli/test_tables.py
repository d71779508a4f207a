"""Tables and counts: what gives way where there is no room, and what never does."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios

import click
import pytest

from multibot.cli.tables import aligned
from multibot.clock import SystemClock
from multibot.home import Home
from multibot.store.migrate import migrate
from multibot.wording import are, counted, were

ROWS = [
    ("ID", "WHERE", "WHY"),
    ("1234567890", "#a-long-channel", "it was said in the middle of the night"),
    ("22", "#b", "so"),
]


def test_with_room_nothing_is_shortened() -> None:
    assert aligned(ROWS).splitlines() == [
        "ID          WHERE            WHY",
        "1234567890  #a-long-channel  it was said in the middle of the night",
        "22          #b               so",
    ]
    assert aligned(ROWS, 67, shortened=["WHERE"], folded=["WHY"]) == aligned(ROWS)


def test_what_may_be_shortened_goes_first_and_then_what_may_be_folded() -> None:
    assert aligned(ROWS, 64, shortened=["WHERE"], folded=["WHY"]).splitlines() == [
        "ID          WHERE         WHY",
        "1234567890  #a-long-cha…  it was said in the middle of the night",
        "22          #b            so",
    ]
    assert aligned(ROWS, 44, shortened=["WHERE"], folded=["WHY"]).splitlines() == [
        "ID          WHERE     WHY",
        "1234567890  #a-long…  it was said in the",
        "                      middle of the night",
        "22          #b        so",
    ]


def test_a_word_stays_whole_and_where_it_cannot_each_row_becomes_a_block() -> None:
    rows = [("ID", "WHEN", "WHY"), ("1234567890", "2026-01-01 12:00:00", "it overslept")]

    assert aligned(rows, 33, folded=["WHY", "WHEN"]).splitlines() == [
        "ID          WHEN        WHY",
        "1234567890  2026-01-01  it",
        "            12:00:00    overslept",
    ]
    assert aligned(rows, 28, folded=["WHY", "WHEN"]).splitlines() == [
        "ID    1234567890",
        "WHEN  2026-01-01 12:00:00",
        "WHY   it overslept",
    ]


def test_a_column_that_may_be_dropped_goes_before_all_else() -> None:
    assert aligned(ROWS, 60, dropped=["WHERE"], folded=["WHY"]).splitlines() == [
        "ID          WHY",
        "1234567890  it was said in the middle of the night",
        "22          so",
    ]


@pytest.mark.parametrize("room", [5, 20, 30])
def test_what_is_copied_is_never_cut(room: int) -> None:
    assert "1234567890" in aligned(ROWS, room, shortened=["WHERE"], folded=["WHY"])


def test_one_is_not_several() -> None:
    assert [counted(n, "turn") for n in (0, 1, 2, 1000)] == [
        "0 turns",
        "1 turn",
        "2 turns",
        "1,000 turns",
    ]
    assert counted(2, "index", "indexes") == "2 indexes"
    assert [are(1), are(2), were(0), were(1)] == ["is", "are", "were", "was"]


def test_a_question_on_a_terminal_folds_texts_and_keeps_ids_whole(home: Home) -> None:
    migrate(home, SystemClock())
    ids = ["1234567890123456789", "01591911-e400-7b32-9161-66cb6e1d5e5b"]
    sql = (
        f"select '{ids[0]}' as user_id, '{ids[1]}' as session_id, '{'some words ' * 9}' as content"
    )
    shown = _on_a_terminal(["--home", str(home.root), "db", "query", sql], columns=80)

    assert max(map(len, shown)) <= 80
    assert all(any(each in line for line in shown) for each in ids)
    assert " ".join(" ".join(shown).split()).count("words") == 9


def _on_a_terminal(words: list[str], columns: int) -> list[str]:
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environ = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    try:
        subprocess.run(
            [sys.executable, "-m", "multibot", *words],
            stdout=follower,
            env=environ | {"TERM": "xterm"},
            check=True,
            timeout=60,
        )
        return click.unstyle(os.read(leader, 65536).decode()).splitlines()
    finally:
        os.close(follower)
        os.close(leader)
