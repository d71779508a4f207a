"""`multibot history list` and `show`: what was said, as people and as programs are shown it."""

import json
import os
import pty
import re
import subprocess
import sys
from typing import Any

import pytest

from multibot.cli.printable import HARMFUL
from multibot.errors import SchemaError, UsageError
from multibot.home import Home
from tests.cli.chat import ADA, HOSTILE, SESSIONS, TURNS, history, multibot, objects, spoken
from tests.store.material import rows
from tests.store.transcripts import change

COOKED = "Something with oranges, dana! Ask Ada (190000000000000001), not adamant Adam."


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return spoken(tmp_path_factory.mktemp("chat"))


def ids(chat: Home, *arguments: str) -> list[str]:
    return [each["message_id"] for each in objects(chat, "list", "--json", *arguments)]


def test_the_newest_turns_like_a_log(chat: Home) -> None:
    assert history(chat, "list", "-n", "3").stdout.splitlines() == [
        "2026-01-01 13:06:44 sage DM Sage: For as long as this file, Ada.",
        "2026-01-02 13:00:00 spark #advice-cooking Dana: What shall I cook?",
        f"2026-01-02 13:00:03 spark #advice-cooking Spark: {COOKED}",
    ]


def test_chat_does_nothing_to_a_terminal(chat: Home) -> None:
    for command in (["list"], ["show", "1003"], ["search", "heading"], ["list", "--json"]):
        printed = history(chat, *command).stdout
        assert re.findall(f"[{HARMFUL}]", printed) == []
    assert "\\x1b[31mred\\x07 \\u202eegnaro\\u202c" in history(chat, "list").stdout


def test_further_lines_of_a_text_cannot_be_taken_for_turns(chat: Home) -> None:
    lines = history(chat, "list").stdout.splitlines()

    assert [line for line in lines if not line.startswith("2026-")] == [
        "    # heading ![x](http://127.0.0.1/x.png) `code` *star* _line_ @Ada",
        "        indented",
        "    ",
        "    1. one",
        "    - two ``` (edited)",
    ]


def test_attachments_are_named(chat: Home) -> None:
    assert "Ada: [attached: Ada's ship.png]" in history(chat, "list").stdout


def test_json_has_every_column(chat: Home) -> None:
    found = objects(chat, "list", "--json")

    assert [each["id"] for each in found] == list(range(1, 9))
    assert found[2]["content"] == HOSTILE
    assert found[1]["metadata"] == {"response_to_message_id": "1001"}
    for row, each in zip(TURNS, found, strict=True):
        known = {**row, "metadata": each["metadata"], "edited_at": each["edited_at"]}
        assert each == {**known, "id": each["id"]}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--bot", "spark"], ["1007", "1008"]),
        (["--bot", "spark", "--bot", "sage", "-n", "2"], ["1007", "1008"]),
        (["--channel", "philosophy", "-n", "1"], ["1004"]),
        (["--channel", "#Advice-Cooking"], ["1007", "1008"]),
        (["--channel", "190000000000000099"], ["1005", "1006"]),
        (["--user", ADA, "--channel", "philosophy"], ["1001", "1002", "1004"]),
        (["--user", "@dana"], ["1007", "1008"]),
        (["--user", "Dana", "--user", "ada", "--role", "user", "-n", "2"], ["1005", "1007"]),
        (["--session", "s2"], ["1005", "1006"]),
        (["--session", "s3-which"], ["1007", "1008"]),
        (["--session", "2026-01-01_13-06-40"], ["1005", "1006"]),
        (["--since", "2026-01-02"], ["1007", "1008"]),
        (["--until", "2026-01-01T12:00:06Z"], ["1001"]),
        (["--since", "2026-01-01T13:06:40", "--until", "2026-01-01T13:06:41+00:00"], ["1005"]),
        (["--since", "2026-01-01T12:00:06", "--until", "2026-01-02", "--role", "assistant"],
         ["1002", "1006"]),
        (["--role", "tool"], []),
    ],
)  # fmt: skip
def test_filters(chat: Home, arguments: list[str], expected: list[str]) -> None:
    assert ids(chat, *arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--bot", "sprak"], "no bot named 'sprak' here. Did you mean spark?"),
        (
            ["--channel", "philosofy"],
            "no channel 'philosofy' in the history. Did you mean philosophy",
        ),
        (["--user", "Ado"], "Did you mean Ada"),
        (["--user", "190000000000000009"], "there is no user '190000000000000009'"),
        (["--session", "s9"], "there is no session 's9'"),
        (["--session", "2026-01-"], "several sessions"),
        (["--since", "soon"], "'soon' is no time."),
        (["--since", "1d", "--until", "2d"], "--until 2d is not after --since 1d"),
        (["--until", "soon"], "'soon' is no time."),
    ],
)
def test_what_is_not_there_is_refused_with_a_hint(
    chat: Home, arguments: list[str], said: str
) -> None:
    result = multibot(chat, "history", "list", *arguments)

    assert isinstance(result.exception, UsageError)
    assert said in str(result.exception)


def test_of_several_people_of_one_name_all_are_meant(chat: Home) -> None:
    change(chat, "UPDATE conversations SET username = 'ada' WHERE message_id = '1007'")
    try:
        result = history(chat, "list", "--user", "Ada", "--json")
    finally:
        change(chat, "UPDATE conversations SET username = 'Dana' WHERE message_id = '1007'")

    assert len(result.stdout.splitlines()) == 7
    assert "2 users are called Ada, all are meant: 190000000000000001, 1900" in result.stderr


def test_nothing_that_fits_is_said_and_is_no_failure(chat: Home) -> None:
    result = history(chat, "list", "--role", "tool")

    assert result.stdout == ""
    assert "nothing that fits" in result.stderr


def test_a_message_with_everything_around_it(chat: Home) -> None:
    assert history(chat, "show", "1002", "--around", "1").stdout.splitlines() == [
        "message 1002",
        "",
        "sage: by Sage (bot) in #philosophy (channel 190000000000000011, guild 1)",
        "2026-01-01 12:00:06 UTC, session s1",
        '{"response_to_message_id": "1001"}',
        "",
        "  2026-01-01 12:00:00 Ada: Is it still the same ship?",
        "> 2026-01-01 12:00:06 Sage: A fine old question about the orange ship.",
        "  2026-01-01 12:01:00 Mal\\x1blory <i>\\u202e: "
        + history(chat, "list").stdout.split("\n")[2].split("\\u202e: ", 1)[1],
        *history(chat, "list").stdout.split("\n")[3:8],
    ]


def test_a_message_shows_what_each_bot_decided(chat: Home) -> None:
    assert history(chat, "show", "1001").stdout.splitlines()[1] == (
        "spark decided: no, pattern mismatch (channel philosophy); declined,"
        " received 2026-01-01 12:00:00"
    )


def test_a_message_as_json(chat: Home) -> None:
    body = json.loads(history(chat, "show", "1001", "--json", "--around", "2").stdout)

    assert body["message_id"] == "1001"
    assert [each["reason"] for each in body["decisions"]] == ["pattern_mismatch"]
    (turn,) = body["turns"]
    assert turn["content"] == "Is it still the same ship?"
    assert turn["before"] == []
    assert [each["message_id"] for each in turn["after"]] == ["1002", "1003"]


@pytest.mark.parametrize("name", ["s3-which-is-long", "s3-whi", "2026-01-02_13-00-00_3600s"])
def test_a_session_from_its_first_turn_to_its_last(chat: Home, name: str) -> None:
    assert history(chat, "show", name).stdout.splitlines() == [
        "session 2026-01-02_13-00-00_3600s",
        "spark, id s3-which-is-long",
        "2026-01-01 12:00:00 to 2026-01-01 12:00:00 UTC, 2 turns, closed 2026-01-03 00:00:00 (gap)",
        "in #advice-cooking (channel 190000000000000012), with Dana (190000000000000003)",
        "",
        "2026-01-02 13:00:00 Dana: What shall I cook?",
        f"2026-01-02 13:00:03 Spark: {COOKED}",
    ]


def test_a_session_as_json(chat: Home) -> None:
    body = json.loads(history(chat, "show", "s2", "--json").stdout)
    newest = json.loads(history(chat, "show", "s2", "--json", "-n", "1").stdout)

    assert body["session"]["display_id"] == SESSIONS[1]["display_id"]
    assert [each["message_id"] for each in body["turns"]] == ["1005", "1006"]
    assert newest["turns"] == body["turns"][1:]


def test_a_shared_session_says_so(chat: Home) -> None:
    shown = history(chat, "show", "s1").stdout

    assert "2 turns, open" not in shown
    assert "4 turns, open" in shown
    assert "shared by its users" in shown


@pytest.mark.parametrize(
    ("name", "said"), [("123456", "there is no message 123456"), ("nobody", "no session 'nobody'")]
)
def test_what_cannot_be_shown_is_refused(chat: Home, name: str, said: str) -> None:
    result = multibot(chat, "history", "show", name)

    assert isinstance(result.exception, UsageError)
    assert said in str(result.exception)


@pytest.mark.parametrize(
    "command", [["list"], ["show", "1"], ["search", "x"], ["export"], ["stats"]]
)
def test_without_a_database_the_command_to_run_is_named(home: Home, command: list[str]) -> None:
    home.fleet_file.parent.mkdir()
    home.fleet_file.touch()
    result = multibot(home, "history", *command)

    assert isinstance(result.exception, SchemaError)
    assert "multibot db migrate" in str(result.exception)


@pytest.mark.parametrize(
    "command", [["list"], ["show", "s1"], ["search", "x"], ["export"], ["stats"]]
)
def test_a_damaged_file_is_one_clear_error(home: Home, command: list[str]) -> None:
    spoken(home.root)
    whole = home.database.read_bytes()
    home.database.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))

    result = multibot(home, "history", *command)

    assert "damaged" in str(result.exception)


def on_a_terminal(home: Home, *arguments: str, **environ: str) -> str:
    """Run a command whose output goes to a terminal of its own."""
    leader, follower = pty.openpty()
    try:
        subprocess.run(
            [sys.executable, "-m", "multibot", "--home", str(home.root), "history", *arguments],
            env={**os.environ, "TERM": "xterm", "PAGER": "cat", "LESS": "-R", **environ},
            stdin=follower,
            stdout=follower,
            stderr=subprocess.PIPE,
            check=True,
            timeout=60,
        )
        return os.read(leader, 65536).decode()
    finally:
        os.close(follower)
        os.close(leader)


@pytest.mark.parametrize(
    ("arguments", "environ", "expected"),
    [
        (["search", "orange"], {}, "the \x1b[1morange\x1b[0m ship"),
        (["search", "orange"], {"LESS": "-S"}, "the orange ship"),
        (["search", "orange"], {"NO_COLOR": "1"}, "the «orange» ship"),
    ],
)
def test_what_was_found_is_bold_on_a_terminal(
    chat: Home, arguments: list[str], environ: dict[str, str], expected: str
) -> None:
    assert expected in on_a_terminal(chat, *arguments, **environ)


def test_columns_are_those_of_the_view(chat: Home) -> None:
    view: list[tuple[Any, ...]] = rows(
        chat.database, "SELECT * FROM pragma_table_info('v_history')"
    )

    (first, *_) = objects(chat, "list", "--json")
    assert set(first) == {row[1] for row in view}
