"""`multibot history export`: every format has everything, and does nothing but be read."""

import base64
import hashlib
import re
import stat
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from multibot.cli.printable import HARMFUL
from multibot.errors import PermanentError, UsageError
from multibot.home import Home
from tests.cli.chat import ADA, HOSTILE, TURNS, history, multibot, spoken
from tests.store.transcripts import store, turn

FORMATS = ("jsonl", "txt", "markdown", "html")
# What the page itself is made of.
TAGS = {
    "html", "head", "meta", "title", "style", "body", "header", "h1", "p", "form", "input", "output", "main",
    "section", "h2", "article", "div", "bdi", "span", "time", "footer", "script",
}  # fmt: skip


class Page(HTMLParser):
    """Reads a page as a browser does: its tags, and the text that a person sees."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.seen: list[str] = []
        self.inline: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        tag = self.tags[-1] if self.tags else ""
        if tag in {"style", "script"} and tag not in self.inline:
            self.inline[tag] = data
        else:
            self.seen.append(data)


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return spoken(tmp_path_factory.mktemp("chat"))


def export(chat: Home, form: str, *arguments: str) -> str:
    return history(chat, "export", "--format", form, *arguments).stdout


def test_jsonl_is_what_list_prints(chat: Home) -> None:
    assert export(chat, "jsonl") == history(chat, "list", "--json").stdout
    assert history(chat, "export").stdout == export(chat, "jsonl")


def test_txt_has_a_line_per_turn(chat: Home) -> None:
    lines = export(chat, "txt").splitlines()

    assert lines[:4] == [
        "-- #philosophy --",
        "",
        "[2026-01-01 12:00:00] Ada: Is it still the same ship?",
        "[2026-01-01 12:00:06] Sage: A fine old question about the orange ship.",
    ]
    assert len([line for line in lines if line.startswith("[")]) == len(TURNS)
    assert "[2026-01-01 12:01:10] Ada: [attached: Ada's ship.png]" in lines


def test_txt_names_a_channel_where_it_changes(chat: Home) -> None:
    lines = export(chat, "txt").splitlines()
    heads = [n for n, line in enumerate(lines) if line.startswith("--")]

    assert [lines[n] for n in heads] == [
        "-- #philosophy --",
        "-- DM with sage --",
        "-- #advice-cooking --",
    ]
    assert [lines[n - 1] for n in heads[1:]] == [lines[n + 1] for n in heads[1:]] == ["", ""]


@pytest.mark.parametrize("form", FORMATS)
def test_filters_and_the_limit_hold_in_every_format(chat: Home, form: str) -> None:
    only_spark = export(chat, form, "--bot", "spark")
    assert "What shall I cook?" in only_spark
    assert "ship" not in only_spark.replace("relationship", "")

    newest = export(chat, form, "-n", "1")
    assert "Something with oranges" in newest
    assert "What shall I cook" not in newest

    assert "secret" not in export(chat, form, "--until", "2026-01-01T13:00:00")


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_has_a_character_that_does_something(chat: Home, form: str) -> None:
    text = export(chat, form)

    assert re.findall(f"[{HARMFUL}]", text) == []
    assert "\r" not in text


def test_markdown_shows_each_text_as_it_was_typed(chat: Home) -> None:
    text = export(chat, "markdown")
    tokens = MarkdownIt().parse(text)

    headings = [
        tokens[n + 1].content for n, each in enumerate(tokens) if each.type == "heading_open"
    ]
    assert headings == [
        "What was said",
        "\\#philosophy with sage, 2026-01-01 12:00 to 12:01",
        "DM with sage, 2026-01-01 13:06",
        "\\#advice-cooking with spark, 2026-01-02 13:00",
    ]
    inside = [child for token in tokens for child in token.children or []]
    allowed = {"text", "text_special", "softbreak", "hardbreak", "strong_open", "strong_close"}
    assert {child.type for child in inside} <= allowed
    assert {each.type for each in tokens} & {
        "html_block",
        "fence",
        "code_block",
        "list_item_open",
    } == set()
    shown = "".join("\n" if "break" in each.type else each.content for each in inside)
    for line in HOSTILE.replace(f"<@{ADA}>", "@Ada").split("\n")[1:]:
        assert line.strip().replace("    ", "\N{NO-BREAK SPACE}" * 4) in shown


def test_a_page_has_the_texts_and_no_tag_of_theirs(chat: Home) -> None:
    text = export(chat, "html")
    page = Page(text)

    assert set(page.tags) == TAGS
    assert page.tags.count("article") == len(TURNS)
    assert page.tags.count("section") == 3
    assert not [name for name, _ in page.attributes if name in {"style", "src", "href", "onerror"}]
    assert "http://" not in re.sub(r"http://127\.0\.0\.1/x\.png", "", text)
    seen = "".join(page.seen)
    assert '<script>alert("1")</script>U+001B[31mredU+0007 U+202EegnaroU+202C & </article>' in seen
    assert "\n    indented\n\n1. one\n- two ```" in seen
    assert "attached: Ada's ship.png" in seen
    assert "8 turns in 3 sessions" in seen


def test_a_page_lets_a_browser_run_only_what_is_its_own(chat: Home) -> None:
    page = Page(export(chat, "html"))
    policy = dict(page.attributes)["content"] or ""
    (policy,) = [value or "" for _, value in page.attributes if "default-src" in (value or "")]

    for tag in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(page.inline[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


def test_a_page_says_what_it_is_about(chat: Home) -> None:
    assert "<p>Everything. Made 2" in export(chat, "html")
    page = export(chat, "html", "--bot", "sage", "--user", "Ada", "--until", "2027-01-01")
    assert "<p>Only bot sage, user Ada, until 2027-01-01T00:00:00.000Z. Made 2" in page


def test_code_is_set_apart_on_a_page(home: Home) -> None:
    spoken(home.root)
    store(home, [turn("so:\n```python\nif a < b:\n    pass\n```\nand ```x``` on", session_id="c")])

    text = export(home, "html", "--channel", "general")

    assert "so:<pre>if a &lt; b:\n    pass</pre>and <pre>x</pre> on" in text


def test_the_name_of_the_file_says_the_format(chat: Home, tmp_path: Path) -> None:
    for name, form in (("a.md", "markdown"), ("b.HTML", "html"), ("c.txt", "txt"), ("d", "jsonl")):
        result = history(chat, "export", "-o", str(tmp_path / name))
        assert result.stdout == ""
        assert "8 turns written to" in result.stderr
        written = (tmp_path / name).read_text(encoding="utf-8")
        assert re.sub(r"Made [\d :-]+;", "", written) == re.sub(
            r"Made [\d :-]+;", "", export(chat, form)
        )
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["all.csv", "all.JSON", "chat.html.gz"])
def test_an_ending_that_names_no_format_is_refused(chat: Home, tmp_path: Path, name: str) -> None:
    result = multibot(chat, "history", "export", "-o", str(tmp_path / name))

    assert isinstance(result.exception, UsageError)
    for each in ("*.jsonl", "*.md", "--format jsonl|txt|markdown|html"):
        assert each in str(result.exception)
    assert list(tmp_path.iterdir()) == []
    history(chat, "export", "-o", str(tmp_path / name), "--format", "txt")
    assert (tmp_path / name).read_text() == export(chat, "txt")


def test_what_is_there_is_replaced_on_demand_only(chat: Home, tmp_path: Path) -> None:
    target = tmp_path / "chat.txt"
    target.write_text("mine")

    result = multibot(chat, "history", "export", "-o", str(target))

    assert isinstance(result.exception, UsageError)
    assert "--force" in str(result.exception)
    assert target.read_text() == "mine"
    history(chat, "export", "-o", str(target), "--force")
    assert "[2026-01-01 12:00:00] Ada:" in target.read_text()
    assert [each.name for each in tmp_path.iterdir()] == ["chat.txt"]


@pytest.mark.parametrize("name", ["", "nowhere/chat.txt"])
def test_a_place_where_no_file_can_be_is_refused(chat: Home, tmp_path: Path, name: str) -> None:
    result = multibot(chat, "history", "export", "--force", "-o", str(tmp_path / name))

    assert isinstance(result.exception, UsageError)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_takes_no_file_is_named_as_it_was_written(chat: Home) -> None:
    result = multibot(chat, "history", "export", "-o", "/dev/fd/chat.txt")

    assert isinstance(result.exception, PermanentError)
    assert result.exception.where == str(Path("/dev/fd").resolve() / "chat.txt")
    assert "another folder" in str(result.exception)


def test_a_failure_on_the_way_leaves_nothing_behind(home: Home, tmp_path: Path) -> None:
    spoken(home.root)
    whole = home.database.read_bytes()
    home.database.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    (folder := tmp_path / "out").mkdir()
    (folder / "chat.txt").write_text("mine")

    result = multibot(home, "history", "export", "-o", str(folder / "chat.txt"), "--force")

    assert isinstance(result.exception, PermanentError)
    assert [each.read_text() for each in folder.iterdir()] == ["mine"]


def test_a_reader_that_goes_away_is_no_traceback(home: Home) -> None:
    spoken(home.root)
    store(home, [turn("x" * 1000, session_id="many", channel_id="77") for _ in range(500)])
    command = [sys.executable, "-m", "multibot", "--home", str(home.root), "history", "export"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
