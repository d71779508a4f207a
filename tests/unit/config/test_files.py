"""A file that cannot be used is one fault; the faults of all files come at once."""

from pathlib import Path

import pytest

from multibot.config.load import check
from multibot.home import Home
from tests.unit.config.samples import (
    FLEET,
    SAGE,
    SPARK,
    TOKENS,
    changed,
    examine,
    only,
    write,
)

BOT = ("bots", 0)
NO_MODEL = "which this version does not have yet."


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("message", "max_length"), 2001, "must be at most 2000."),
        (("message", "max_length"), 99, "must be at least 100."),
        (("storage", "session_gap"), "soon", "must be seconds, or text such as 90s, 5m, 1h, 7d."),
        (("rate_limit", "max_requests_per_minute"), 0, "must be at least 1."),
        (("system_prompt",), "  ", "must not be blank."),
        (("system_prompt",), 5, "must be text."),
        (("scripted", "greetings"), [1], "must be text."),
        (("scripted", "greetngs"), ["Hello"], "is not a known key."),
        (("scripted", "topics"), [{"name": "x", "keywords": ["x"]}], "is missing."),
        (("llm", "provider"), "ollama", f"asks for a model, {NO_MODEL}"),
        (("jobs",), [{"name": "x"}], f"asks for jobs, {NO_MODEL}"),
        (("name",), "sage", "does not belong here."),
    ],
)
def test_a_fault_of_a_bot_file_names_file_and_bot(
    home: Home, place: tuple[str | int, ...], value: object, message: str
) -> None:
    write(home, sage=changed(SAGE, (place, value)))

    fault = only(check(home, TOKENS))

    assert message == fault.message
    assert (fault.file, fault.bot) == ("bots/sage.yaml", "sage")


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("", "is empty.", None),
        ("# only a comment\n", "is empty.", None),
        ("- a\n- b\n", "is not a mapping.", 1),
        ("just text\n", "is not a mapping.", 1),
        ("bots: [\n", "is not YAML: did not find expected node content.", 2),
        ("a: 1\nbots: []\na: 2\n", "has the key a twice in one place.", 3),
    ],
)
def test_a_fleet_file_that_is_none_is_one_fault(
    home: Home, text: str, message: str, line: int | None
) -> None:
    write(home, text)

    fault = only(check(home, TOKENS))

    assert ("bots/multi_bot.yaml", line) == (fault.file, fault.line)
    assert message.split(":", maxsplit=1)[0] == fault.message.split(":")[0]


def test_a_fleet_file_elsewhere_is_named_by_its_whole_path(home: Home, tmp_path: Path) -> None:
    far = tmp_path.parent / "far.yaml"

    assert str(far) == only(check(home, TOKENS, far)).file


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("You are Spark.\n", "has no front matter.", 1),
        ("---\nbot: {}\nYou are Spark.\n", "has front matter without an end.", 1),
        ("---\nmessage: {}\n---\n\n", "has no text below its front matter.", None),
        ("---\n---\nYou are Spark.\n", "is empty.", None),
        ("---\nbot: {}\nbot: {}\n---\nYou are Spark.\n", "has the key bot twice in one place.", 3),
        ("---\nbot: {}\nllm: 3\n---\nYou are Spark.\n", "must be a mapping.", 3),
        ("---\nsystem_prompt: x\n---\nYou are Spark.\n", "does not belong here.", 2),
        (SPARK.encode("utf-16"), "is UTF-16 text.", 1),
        ("", "has no front matter.", 1),
    ],
)
def test_a_markdown_file_that_does_not_fit_is_one_fault(
    home: Home, text: str | bytes, message: str, line: int | None
) -> None:
    write(home, spark=text)

    fault = only(check(home, TOKENS))

    assert (fault.file, fault.bot) == ("bots/spark.md", "spark")
    assert (message, line) == (fault.message, fault.line)


@pytest.mark.parametrize("text", ["\ufeff" + SPARK, SPARK.replace("\n", "\r\n"), SPARK + "---\nx"])
def test_a_markdown_file_may_come_from_any_editor(home: Home, text: str) -> None:
    write(home, spark=text.encode())

    report = check(home, TOKENS)

    assert report.fleet is not None
    assert report.fleet.bot("spark").system_prompt.startswith("You are Spark.")


def test_a_missing_bot_file_names_the_bot(home: Home) -> None:
    fault = only(examine(home, ((*BOT, "config_file"), "sag.yaml")))

    assert (fault.file, fault.bot, fault.message) == ("bots/sag.yaml", "sage", "does not exist.")


def test_a_bot_file_may_be_outside_the_home(tmp_path: Path) -> None:
    (tmp_path / "far.yaml").write_text("system_prompt: far away\n")
    home = Home(tmp_path / "home")
    home.root.mkdir()

    report = examine(home, ((*BOT, "config_file"), "../../far.yaml"))

    assert report.fleet is not None
    assert report.fleet.bot("sage").system_prompt == "far away"


def test_all_faults_of_all_files_come_at_once(home: Home) -> None:
    fleet = changed(FLEET, ((*BOT, "priority"), "x"), (("limits",), 3), (("bots", 1, "enabled"), 3))
    write(home, fleet, sage="a: [", spark="")

    report = check(home, {})

    assert {
        ("bots/multi_bot.yaml", "limits"),
        ("bots/multi_bot.yaml", "bots[0].priority"),
        ("bots/multi_bot.yaml", "bots[0].discord_token"),
        ("bots/multi_bot.yaml", "bots[1].enabled"),
        ("bots/multi_bot.yaml", "bots[1].discord_token"),
        ("bots/sage.yaml", None),
        ("bots/spark.md", None),
    } == {(fault.file, fault.path) for fault in report.faults}
