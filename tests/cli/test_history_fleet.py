"""Bots among people in what was said: who is who, who is mentioned, and what nobody said."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from multibot.home import Home
from multibot.store.archive.shared import SharedFile
from multibot.store.archive.who import HEARD, Who
from multibot.store.migrate import migrate
from tests.cli.chat import history, multibot, objects
from tests.fakes import FakeClock
from tests.store.transcripts import change, session, store, turn

ADA, SAGE, SPARK = "190000000000000001", "290000000000000001", "290000000000000002"
QUESTION = f"Hello <@{SAGE}>, do you know <@!{ADA}> or <@190000000000000077>?"
OCCASION = "Nobody has written here for a while."
SPOKEN = f"I wonder, <@{SPARK}>, what spark thinks of ships."
HEARS_ADA: dict[str, Any] = {"user_id": ADA, "username": "ada", "message_id": "1001"}
SAYS: dict[str, Any] = {"role": "assistant", "username": "sage"}
STATUS = """
INSERT INTO bot_status (bot_name, pid, boot_id, user_id, display_name, started_at, state,
    gateway_state, config_hash, version)
VALUES (?1, 1, 'b', ?2, ?1, 'x', 'ready', 'ready', '', '')
"""
DECISION = """
INSERT INTO inbox (bot_name, message_id, channel_id, user_id, created_at, received_at, updated_at,
    decision, reason, detail, state)
VALUES ('sage', '1001', '10', ?1, ?2, ?2, ?2, 'answer', 'answered', '', 'answered')
"""
IMPORT = """
INSERT INTO imports (id, batch_id, kind, source, sha256, started_at, options)
VALUES (1, 'x', 'discord-chat-exporter', 'x', 'x', 'x', ?1)
"""
TURNS = [
    turn(QUESTION, **HEARS_ADA),
    turn(QUESTION, **HEARS_ADA, bot_name="spark", session_id="s2"),
    turn("I am here, ada.", **SAYS, user_id=ADA, message_id="1002", after=3),
    turn(
        OCCASION, role="system", user_id=SPARK, username="spark", message_id="round-1-1", after=100
    ),
    turn(SPOKEN, **SAYS, user_id=SPARK, message_id="1003", after=103),
    turn(
        SPOKEN,
        bot_name="spark",
        session_id="s2",
        user_id=SAGE,
        username="sage",
        message_id="1003",
        after=103,
    ),
    turn(
        "They sail, sage.",
        bot_name="spark",
        session_id="s2",
        role="assistant",
        user_id=SAGE,
        username="spark",
        message_id="1004",
        after=106,
    ),
    turn("They sail, sage.", user_id=SPARK, username="spark", message_id="1004", after=106),
]


def talked(folder: Path, *, has_run: bool = True) -> Home:
    home = Home(folder)
    migrate(home, FakeClock())
    store(home, TURNS)
    sessions = [session("s1", user_id=""), session("s2", bot_name="spark", user_id=ADA)]
    store(home, sessions, "sessions")
    for bot, user_id in (("sage", SAGE), ("spark", SPARK)) if has_run else ():
        change(home, STATUS, bot, user_id)
    return home


@pytest.fixture(scope="module", params=[True, False], ids=["ran here", "older copy"])
def talk(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Home:
    return talked(tmp_path_factory.mktemp("talk"), has_run=request.param)


def test_bots_are_known_by_what_ran_and_by_what_others_heard(talk: Home) -> None:
    with SharedFile(talk) as shared:
        who = Who(shared)
        assert who.bots == {SAGE: "sage", SPARK: "spark"}
        assert [who.name(each) for each in (ADA, SAGE, "190000000000000077")] == ["ada", "sage", ""]


def test_a_bot_is_found_however_much_it_has_said_since(tmp_path: Path) -> None:
    home = talked(tmp_path, has_run=False)
    more = [turn("alone", **SAYS, after=200 + number) for number in range(HEARD - 3)]
    store(home, more)
    with SharedFile(home) as shared:
        assert SAGE in Who(shared).bots


def test_whom_an_import_was_told_to_be_a_bot_is_one(tmp_path: Path) -> None:
    home = Home(tmp_path)
    migrate(home, FakeClock())
    change(home, IMPORT, json.dumps({"as_bot": {SAGE: "sage"}, "bot": None}))
    store(home, [turn("Nobody asked.", **SAYS, user_id=SAGE, import_id=1)])

    assert history(home, "stats").stdout.startswith("1 turn in 1 session with 0 people, ")
    assert objects(home, "export", "--redact")[0]["user_id"] == SAGE


def test_numbers_count_no_bot_as_a_person_and_no_occasion(talk: Home) -> None:
    lines = history(talk, "stats").stdout.splitlines()
    body = json.loads(history(talk, "stats", "--json").stdout)
    spark = json.loads(history(talk, "stats", "--json", "--bot", "spark").stdout)

    assert lines[0].startswith("7 turns in 2 sessions with 1 person, ")
    assert lines[1].startswith("2 of people, 5 of bots; ")
    assert (body["people_turns"], body["bot_turns"], body["people"]) == (2, 5, 1)
    assert (spark["people_turns"], spark["bot_turns"], spark["people"]) == (1, 2, 1)
    only = history(talk, "stats", "--role", "system").stdout.splitlines()
    assert only[0].startswith("1 turn in 1 session with 0 people, ")
    assert only[1].startswith("0 of people, 0 of bots, 1 occasion; ")


def test_the_role_of_people_has_no_bots(talk: Home) -> None:
    for command in (["list"], ["export"], ["search", "--", "hello"]):
        json_ = [] if command == ["export"] else ["--json"]
        found = objects(talk, command[0], "--role", "user", *json_, *command[1:])
        assert {each["user_id"] for each in found} == {ADA}
    assert history(talk, "search", "sail", "--role", "user").stdout == ""
    spoken = objects(talk, "list", "--json", "--role", "assistant")
    assert [each["message_id"] for each in spoken] == ["1002", "1003", "1004"]


def test_a_bot_keeps_its_name_where_people_lose_theirs(talk: Home) -> None:
    found = objects(talk, "export", "--redact")
    ada = found[0]["user_id"]

    assert ada.startswith("user-")
    heard = {(each["user_id"], each["username"]) for each in found if each["role"] == "user"}
    assert heard == {(ada, ada), (SAGE, "sage"), (SPARK, "spark")}
    assert found[0]["content"].startswith(f"Hello <@{SAGE}>, do you know <@{ada}> or <@user-")
    assert {each["content"] for each in found if each["message_id"] == "1003"} == {SPOKEN}
    assert [each["user_id"] for each in found if each["role"] == "assistant"] == [ada, SPARK, SAGE]
    for form in ("txt", "markdown", "html"):
        text = history(talk, "export", "--redact", "--format", form).stdout.replace("\\-", "-")
        assert f"Hello @sage, do you know @{ada} or @user-" in text
        assert not re.search(r"\bada\b|<@", text)


@pytest.mark.parametrize(
    "arguments", [["list"], ["show", "1001"], ["show", "s2"], ["search", "hello"]]
)
def test_who_is_mentioned_is_named(talk: Home, arguments: list[str]) -> None:
    text = history(talk, *arguments).stdout.replace("«", "").replace("»", "")

    assert "Hello @sage, do you know @ada or <@190000000000000077>?" in text


@pytest.mark.parametrize("form", ["txt", "markdown", "html"])
def test_who_is_mentioned_is_named_in_exports_for_people(talk: Home, form: str) -> None:
    text = history(talk, "export", "--format", form).stdout

    assert "Hello @sage, do you know @ada or" in text
    assert "I wonder, @spark, what" in text
    assert QUESTION in {each["content"] for each in objects(talk, "export")}


def test_a_name_that_is_mentioned_is_only_a_name(tmp_path: Path) -> None:
    home = talked(tmp_path)
    change(home, "UPDATE conversations SET username = ?1 WHERE username = 'ada'", "<b>\x1b[1m\n*x*")

    assert "@<b>\\x1b[1m *x* or" in history(home, "list").stdout
    assert "@&lt;b&gt;\\x1b[1m *x* or" in history(home, "export", "--format", "html").stdout
    assert (
        "@\\<b\\>\\\\x1b\\[1m \\*x\\* or" in history(home, "export", "--format", "markdown").stdout
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["list"],
        ["search", "nobody"],
        ["search", "--order", "best", "nobody"],
        ["show", "s1"],
        ["show", "s1", "-n", "9"],
        ["show", "1003"],
        *(["export", "--format", form] for form in ("txt", "markdown", "html")),
    ],
)
def test_what_nobody_said_is_left_out(talk: Home, arguments: list[str]) -> None:
    assert OCCASION not in history(talk, *arguments).stdout


def test_what_nobody_said_is_there_for_programs_and_on_request(talk: Home) -> None:
    for arguments in (["list", "--json"], ["export"], ["search", "--json", "nobody"]):
        assert "system" in {each["role"] for each in objects(talk, *arguments)}
    for what in ("s1", "1003"):
        assert OCCASION in history(talk, "show", "--json", what).stdout
    assert history(talk, "list", "--role", "system").stdout == (
        f"2026-01-01 12:01:40 sage #general (occasion): {OCCASION}\n"
    )
    shown = history(talk, "show", "round-1-1").stdout
    assert "sage: what moved it to speak up by itself, in #general" in shown
    assert f"> 2026-01-01 12:01:40 (occasion): {OCCASION}" in shown


def test_a_page_marks_who_is_a_bot_and_what_nobody_said(talk: Home) -> None:
    page = history(talk, "export", "--format", "html").stdout
    tagged = re.findall(r'<article( class="\w+")? id.*\n.*<bdi class="who">(.*?)</bdi>', page)

    assert set(tagged) == {("", "ada"), (' class="bot"', "sage"), (' class="bot"', "spark")}
    assert page.count('<span class="tag">bot</span>') == 5
    assert "<bdi>spark</bdi>" not in page.replace('class="who"', "")
    occasions = history(talk, "export", "--format", "html", "--role", "system").stdout
    assert '<article class="occasion"' in occasions
    assert '<bdi class="who">(occasion)</bdi><time' in occasions
    markdown = history(talk, "export", "--format", "markdown").stdout
    assert markdown.count("(bot)") == 5


def test_a_reader_who_has_read_enough_is_no_failure(tmp_path: Path) -> None:
    home = talked(tmp_path)
    change(home, DECISION, ADA, "2026-01-01T12:00:00.000Z")
    store(home, [turn("x" * 1000) for _ in range(500)])
    for arguments in (
        ["history", "list", "-n", "500"],
        ["history", "list", "-n", "500", "--json"],
        ["history", "search", "-n", "500", "x*"],
        ["history", "export"],
        ["history", "export", "--format", "html"],
        ["history", "stats"],
        ["why", "1001"],
    ):
        command = [
            sys.executable,
            "-m",
            "multibot",
            "--home",
            str(home.root),
            *arguments,
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.readline()
            process.stdout.close()
            said = process.stderr.read()
        assert (process.returncode, said) == (0, b""), arguments


def test_why_names_who_wrote(tmp_path: Path) -> None:
    home = talked(tmp_path)
    change(home, DECISION, ADA, "2026-01-01T12:00:00.000Z")

    assert multibot(home, "why", "1001").stdout.startswith(f"message 1001 by ada ({ADA}) in #")
