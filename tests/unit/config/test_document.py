"""YAML comes out as plain data, or as one refusal with a line; never as a traceback."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multibot.config import document
from multibot.config.document import Document
from multibot.config.source import Refusal

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


def parsed(text: str) -> object:
    result = document.parse(text)
    assert isinstance(result, Document), result
    return result.data


def refused(text: str) -> Refusal:
    result = document.parse(text)
    assert isinstance(result, Refusal), result
    return result


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("", None),
        ("# nothing\n", None),
        ("a: 1", {"a": 1}),
        ("a: [1, 2.5, yes, null, x]", {"a": [1, 2.5, True, None, "x"]}),
        ("a: 2024-01-08", {"a": "2024-01-08"}),
        (
            "a: [22:00, 7:30, 07:30, 1:30:00, 1:30.5]",
            {"a": ["22:00", "7:30", "07:30", "1:30:00", "1:30.5"]},
        ),
        ("a: =", {"a": "="}),
        ('a: "1"', {"a": "1"}),
        ("a: ! 1", {"a": 1}),
        ("a: !!str 1", {"a": "1"}),
        ("a: |\n  one\n  two\n", {"a": "one\ntwo\n"}),
        ("- {a: 1}\n- b", [{"a": 1}, "b"]),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("a: &x one\nb: *x", {"a": "one", "b": "one"}),
        (
            "a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3",
            {"a": {"p": 1, "q": 2}, "b": {"q": 3, "p": 1}},
        ),
        ("b:\n  <<: [{p: 1}, {p: 2, r: 4}]\n  q: 3", {"b": {"q": 3, "p": 1, "r": 4}}),
        ("a: {}\nb: []", {"a": {}, "b": []}),
        ('"<<": 1', {"<<": 1}),
    ],
)
def test_data_is_what_the_text_says(text: str, data: object) -> None:
    assert data == parsed(text)


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("a: 1\nb: 2\na: 3\n", "has the key a twice in one place.", 3),
        ("x:\n  - b: 1\n    b: 2\n", "has the key b twice in one place.", 3),
        ("? [a]\n: 1\n", "has a key that is not text.", 1),
        ("a: 1\n2: x\n", "has a key that is not text.", 2),
        ("a: &x 1\n*x : 2\n", "uses an alias as a key.", 2),
        ("a: 1\nb: !!python/object:os.system {}\n", "uses a YAML tag that is not allowed here.", 2),
        ("a: !secret x\n", "uses a YAML tag that is not allowed here.", 1),
        ("a: !!int x\n", "has a value that is not what its tag says.", 1),
        ("a: " + "9" * 5000, "has a number with too many digits.", 1),
        ("a: *missing\n", "uses an alias that no anchor defines.", 1),
        ("a: &a\n  - *a\n", "uses an alias that no anchor defines.", 2),
        ("a: {<<: 3}\n", "merges (<<) what is no mapping.", 1),
        ("a: 1\n---\nb: 2\n", "holds more than one YAML document.", 2),
        ("a: 1\nb:\n\t- x\n", "is indented with a tab.", 3),
        ("[" * 100_000, "is nested too deeply.", 1),
        ("- " * 100_000, "is nested too deeply.", 1),
        (f"a: [{', '.join(['x'] * 60_000)}]", "holds too many values.", 1),
        ("a: &x 1\nb: [" + ", ".join(["*x"] * 101) + "]\n", "uses too many aliases.", 2),
        (BOMB, "holds too many values.", 5),
    ],
)
def test_a_refusal_says_what_and_where(text: str, message: str, line: int) -> None:
    refusal = refused(text)

    assert (message, line) == (refusal.message, refusal.line)
    assert refusal.remedy.endswith(".")


@pytest.mark.parametrize(
    ("text", "line"), [("a: [1\nb: 2\n", 2), ("a: 'x\n", 2), ("a: b: c\n", 1), ("a\nb: 1\n", 2)]
)
def test_bad_syntax_names_its_line(text: str, line: int) -> None:
    refusal = refused(text)

    assert refusal.message.startswith("is not YAML: ")
    assert line == refusal.line


def test_half_a_character_is_refused() -> None:
    """The two loaders differ in words, and agree."""
    assert "character" in refused('a: "\\ud800"').message


def test_what_the_parser_quotes_is_not_passed_on() -> None:
    refusal = refused(
        "a: &sandbox-token-one 1\nb: &sandbox-token-one 2\nc: !sandbox-token-one!x y\n"
    )

    assert "sandbox-token-one" not in f"{refusal}"


def test_every_key_and_item_has_its_line() -> None:
    result = document.parse("a:\n  - b: 1\n    c: 2\n  - x\nd: 3\n")

    assert isinstance(result, Document)
    assert result.lines == {
        (): 1,
        ("a",): 1,
        ("a", 0): 2,
        ("a", 0, "b"): 2,
        ("a", 0, "c"): 3,
        ("a", 1): 4,
        ("d",): 5,
    }


def test_lines_count_from_where_the_yaml_begins() -> None:
    result = document.parse("a: [", first_line=10)

    assert isinstance(result, Refusal)
    assert result.line is not None
    assert result.line >= 10


FRAGMENTS = (
    *("a", "b", ": ", "\n", "  ", "- ", "[", "]", "{", "}", ",", "&x ", "*x", "<<", "'", '"', "|"),
    *(
        "!!int ",
        "!",
        "#",
        "---",
        "...",
        "\t",
        "1",
        "~",
        "%",
        "@",
        "`",
        "é",
        "\U0001f600",
        "? ",
        ">",
    ),
)
LIKELY = st.lists(st.sampled_from(FRAGMENTS), max_size=60).map("".join)


@settings(deadline=None)  # a busy machine is no fault
@given(st.one_of(st.text(max_size=200), LIKELY))
def test_any_text_is_data_or_a_refusal(text: str) -> None:
    """Whatever somebody saves under the name, the answer is a value."""
    assert isinstance(document.parse(text), Document | Refusal)
