"""`multibot history stats`: numbers, and pictures of them."""

import json
import os
import subprocess
import sys

import pytest

from multibot.cli.bars import bars
from multibot.cli.history_numbers import size
from multibot.home import Home
from tests.cli.chat import HOSTILE, TURNS, history, spoken


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return spoken(tmp_path_factory.mktemp("chat"))


def test_counts_and_pictures(chat: Home) -> None:
    bytes_ = sum(len(each["content"].encode()) for each in TURNS)
    printed = history(chat, "stats").stdout

    assert printed.splitlines()[0] == (
        "8 turns in 3 sessions with 3 people, 2026-01-01 to 2026-01-02"
    )
    assert printed.splitlines()[1].startswith(f"5 of people, 3 of bots; {bytes_} B of text, in a")
    assert printed.splitlines()[3:] == [
        "BOT    TURNS  SESSIONS  PEOPLE  CHANNELS   TEXT  LAST DAY",
        f"sage       6         2       2         2  {bytes_ - 95} B  2026-01-01",
        "spark      2         1       1         1   95 B  2026-01-02",
        "",
        "BUSIEST CHANNELS       BOT    TURNS",
        f"#philosophy            sage       4  {'█' * 30}",
        f"DM 190000000000000099  sage       2  {'█' * 15}",
        f"#advice-cooking        spark      2  {'█' * 15}",
        "",
        "DAY         TURNS",
        f"2026-01-01      6  {'█' * 30}",
        f"2026-01-02      2  {'█' * 10}",
    ]


def test_days_between_are_drawn_empty_and_only_so_many(chat: Home) -> None:
    assert "2026-01-01" not in history(chat, "stats", "--days", "1").stdout.split("DAY  ")[-1]


def test_json_has_every_number(chat: Home) -> None:
    body = json.loads(history(chat, "stats", "--json", "--bot", "sage").stdout)

    assert body["turns"] == 6
    assert body["people_turns"] == 4
    assert body["bot_turns"] == 2
    assert body["people"] == 2
    assert body["sessions"] == 2
    assert (body["first_day"], body["last_day"]) == ("2026-01-01", "2026-01-01")
    assert body["file_bytes"] == chat.database.stat().st_size
    assert [each["bot_name"] for each in body["bots"]] == ["sage"]
    assert body["channels"][0]["channel_name"] == "philosophy"
    assert body["channels"][0]["turns"] == 4
    assert body["days"] == [{"day": "2026-01-01", "turns": 6, "people_turns": 4, "bot_turns": 2}]


def test_filters_hold(chat: Home) -> None:
    hostile = json.loads(history(chat, "stats", "--json", "--user", "190000000000000002").stdout)

    assert hostile["turns"] == 1
    assert hostile["text_bytes"] == len(HOSTILE.encode())
    nothing = json.loads(history(chat, "stats", "--json", "--since", "2027-01-01").stdout)
    assert (nothing["turns"], nothing["first_day"], nothing["days"]) == (0, None, [])
    assert "nothing that fits" in history(chat, "stats", "--since", "2027-01-01").stderr


def test_a_terminal_without_blocks_gets_plain_bars(chat: Home) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "multibot", "--home", str(chat.root), "history", "stats"],
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )

    assert f"2026-01-02      2  {'#' * 10}" in done.stdout


def test_bars_are_as_long_as_numbers_are_large() -> None:
    assert bars([8, 4, 1, 0], 2, is_plain=False) == ["██", "█", "▎", ""]
    assert bars([8, 4, 1, 0], 4, is_plain=True) == ["####", "##", "#", ""]
    assert bars([1000, 1], 10, is_plain=False)[1] == "▏"
    assert bars([], 10, is_plain=True) == []


def test_sizes_are_short() -> None:
    assert [size(each) for each in (0, 999, 1000, 1_234_567, 10**18)] == [
        "0 B",
        "999 B",
        "1.0 KB",
        "1.2 MB",
        "1000000.0 TB",
    ]
