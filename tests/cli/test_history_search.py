"""`multibot history search`: complete, marked, and safe whatever is typed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from multibot.errors import UsageError
from multibot.home import Home
from multibot.store.archive import search
from multibot.store.archive.finding import UNINDEXED, WINDOW
from multibot.store.archive.shared import SharedFile
from tests.cli.chat import history, multibot, objects, spoken
from tests.store.transcripts import store, turn


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return spoken(tmp_path_factory.mktemp("chat"))


@pytest.fixture(scope="module")
def long_chat(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """More than one search puts in order, and nothing of it in the index."""
    home = spoken(tmp_path_factory.mktemp("long"))
    store(home, [turn(f"the word {number}", after=number) for number in range(WINDOW + 1)])
    return home


def test_what_was_found_is_marked_and_can_be_shown(chat: Home) -> None:
    spark, sage = history(chat, "search", "ORANGE*").stdout.splitlines()

    assert sage == (
        "2026-01-01 12:00:06 sage #philosophy Sage: A fine old question about the «orange» ship."
        " (1002)"
    )
    assert spark.startswith("2026-01-02 13:00:03 spark #advice-cooking Spark: Something with «ora")
    assert spark.endswith("(1008)")


def test_words_are_joined_and_phrases_stay_together(chat: Home) -> None:
    def found(*words: str) -> list[str]:
        return [each["message_id"] for each in objects(chat, "search", "--json", *words)]

    assert found("ship", "same") == ["1001"]
    assert found("same ship") == ["1001"]
    assert found('"ship same"') == []
    assert found("same", "--role", "assistant") == []
    assert found("--", "-same") == ["1001"]


def test_json_has_the_turn_and_where_the_words_are(chat: Home) -> None:
    (each,) = objects(chat, "search", "same", "ship", "--json")

    assert each["excerpt"] == "Is it still the «same» «ship»?"
    assert [each["content"][slice(*place)] for place in each["matches"]] == ["same", "ship"]


def test_best_first(home: Home) -> None:
    spoken(home.root)
    store(home, [turn("secret secret secret", message_id="2001", after=-9)])

    best = objects(home, "search", "secret", "--order", "best", "--json")
    newest = objects(home, "search", "secret", "--json")
    assert [each["message_id"] for each in best] == ["2001", "1005"]
    assert [each["message_id"] for each in newest] == ["1005", "2001"]


@pytest.mark.parametrize("words", ['"', "* *", "( )", "😀"])
def test_no_word_is_refused(chat: Home, words: str) -> None:
    assert isinstance(multibot(chat, "history", "search", words).exception, UsageError)


@pytest.mark.parametrize(
    "words",
    ["a OR", "NEAR(a", "content:", "{x} : y", "'; -- a", '"a', "a AND (b", "^a*", "x" * 9999],
)
def test_nothing_that_is_typed_is_an_error_of_the_index(chat: Home, words: str) -> None:
    history(chat, "search", words)


def test_bytes_that_are_no_text_are_no_traceback(chat: Home) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "multibot",
            "--home",
            str(chat.root),
            "history",
            "search",
            b"\xff zebra",
        ],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )

    assert done.stderr == b"nothing was found\n"


def test_nothing_found_is_no_failure(chat: Home) -> None:
    result = history(chat, "search", "zebra")

    assert result.stdout == ""
    assert result.stderr == "nothing was found\n"


def test_a_search_brings_an_index_up_to_date_that_is_far_behind(long_chat: Home) -> None:
    assert len(objects(long_chat, "search", "word", "--json", "-n", "1000")) == 1000

    with SharedFile(long_chat) as shared:
        assert search.behind(shared.reader) == 0


def test_of_very_many_the_best_of_the_newest_are_told_to_be_that(long_chat: Home) -> None:
    assert (
        "best of the newest 1,000" in history(long_chat, "search", "word", "--order", "best").stderr
    )
    assert history(long_chat, "search", "word").stderr == ""


def test_a_file_that_cannot_be_written_is_searched_all_the_same(tmp_path: Path) -> None:
    home = spoken(tmp_path)
    store(home, [turn(f"the word {number}") for number in range(UNINDEXED)])
    home.database_lock.unlink(missing_ok=True)
    home.database_lock.mkdir()

    result = history(home, "search", "secret", "--json")

    assert len(result.stdout.splitlines()) == 1
    assert "takes longer" in result.stderr
