import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from multibot.conversation.chunking import EMPTY_ANSWER, LIMIT, split

# No backtick and no tilde: these texts hold no fences.
PROSE = st.text(
    st.sampled_from("ab.!? \n\t,é😀\u0301\u200d\U0001f3fd")
    | st.characters(exclude_characters="`~"),
    max_size=600,
)
LINES = st.lists(
    st.sampled_from(
        ["```python", "```", "````md", "````", "~~~", "~~~sh", "   ```", "x = 1", "    deep", "", "a b. c d " * 9, "y" * 300, "`c`", "```x```"]
    ),
    max_size=40,
)  # fmt: skip


def assert_sendable(parts: tuple[str, ...], limit: int) -> None:
    assert parts
    assert all(0 < len(part) <= limit for part in parts)
    assert all(part.strip() for part in parts)


@given(PROSE, st.integers(1, 90))
def test_prose_loses_only_white_space_at_the_cuts(text: str, limit: int) -> None:
    """Each part is a slice of the text; between them, before and behind there is only white space."""
    parts = split(text, limit)

    assert_sendable(parts, limit)
    if not text.translate(dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))).strip():
        assert "".join(parts) == EMPTY_ANSWER[:limit].strip()
        return
    at = 0
    for part in parts:
        gap = re.compile(r"\s*").match(text, at)
        assert gap is not None
        assert text.startswith(part, gap.end())
        at = gap.end() + len(part)
    assert not text[at:].strip()


@given(LINES, st.integers(40, 400))
def test_code_loses_nothing(lines: list[str], limit: int) -> None:
    """What the parts hold besides fence lines is what the text holds besides fence lines, in order."""
    text = "\n".join(lines)
    parts = split(text, limit)

    assert_sendable(parts, limit)
    if text.strip():
        assert letters("\n".join(parts)) == letters(text)


def letters(text: str) -> str:
    """Drop fence lines and white space: fences may be doubled, white space at cuts may go."""
    kept = (row for row in text.split("\n") if not re.fullmatch(r"\s*(`{3,}|~{3,})\w*\s*", row))
    return "".join("".join(kept).split())


@given(st.text(max_size=3000))
def test_any_text_can_be_sent(text: str) -> None:
    assert_sendable(split(text, 100), 100)
    assert_sendable(split(text), LIMIT)


@given(PROSE)
def test_what_fits_is_left_whole(text: str) -> None:
    parts = split(text)

    assert len(parts) == 1
    assert parts[0] in {text.strip(), EMPTY_ANSWER}


@pytest.mark.parametrize("text", ["", " ", "\n\t \n", "\u00a0", "\u200b", " \ufeff\u200d "])
def test_an_empty_answer_becomes_the_fallback(text: str) -> None:
    assert split(text) == (EMPTY_ANSWER,)


def test_exactly_the_limit_is_one_part_and_one_more_is_two() -> None:
    assert split("x" * 2000) == ("x" * 2000,)
    assert split("x" * 2001) == ("x" * 2000, "x")


def test_astral_characters_count_once() -> None:
    """Discord counts code points (see LIMIT), so 2,000 emoji are one message."""
    assert split("\U0001f600" * 2000) == ("\U0001f600" * 2000,)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("one two.\n\nthree\nfour five six seven", ("one two.", "three", "four five six seven")),
        ("one two\nthree four five six seven", ("one two", "three four five six", "seven")),
        ("One. Two three. Four five six seven", ("One. Two three.", "Four five six seven")),
        ("one two three four five six seven", ("one two three four", "five six seven")),
        ("onetwothreefourfivesixseven", ("onetwothreefourfives", "ixseven")),
        ("a\n\nb\n\n" + "c" * 20, ("a\n\nb", "c" * 20)),
        ("exactly twenty chars\nnext", ("exactly twenty chars", "next")),
        ("exactly twenty chars next", ("exactly twenty chars", "next")),
        ("short.\n \n\nanother paragraph", ("short.", "another paragraph")),
        ("what?! yes (no.) and more words", ("what?! yes (no.)", "and more words")),
        ("pi is 3.14159 and more", ("pi is 3.14159 and", "more")),
    ],
)
def test_breaks_are_made_at_paragraph_line_sentence_word(text: str, parts: tuple[str, ...]) -> None:
    assert split(text, 20) == parts


def test_a_grapheme_is_not_torn() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"

    assert split("x" * 18 + family + "y", 20) == ("x" * 18, family + "y")
    assert split("x" * 19 + "e\u0301", 20) == ("x" * 19, "e\u0301")
    assert split("x" * 19 + "\U0001f44b\U0001f3fd", 20) == ("x" * 19, "\U0001f44b\U0001f3fd")
    assert split("e" + "\u0301" * 99, 20)[0] == "e" + "\u0301" * 19


def test_a_fence_is_closed_and_opened_again_with_its_language() -> None:
    code = "\n".join(f"    line{n}" for n in range(10))

    parts = split(f"Look:\n\n```python x=1\n{code}\n```\n\nDone.", 80)

    assert parts == (
        "Look:",
        "```python x=1\n    line0\n    line1\n    line2\n    line3\n    line4\n    line5\n```",
        "```python\n    line6\n    line7\n    line8\n    line9\n```\n\nDone.",
    )


def test_a_long_line_inside_a_fence_is_cut_without_loss() -> None:
    line = "x" * 5000

    parts = split(f"```js\n{line}\n```")

    assert_sendable(parts, LIMIT)
    assert all(part.startswith("```js\n") and part.endswith("\n```") for part in parts)
    assert "".join(part[6:-4] for part in parts) == line


def test_a_longer_fence_holds_shorter_ones() -> None:
    inner = "\n".join(["```python", *["print()"] * 12, "```"])

    parts = split(f"````md\n{inner}\n````\nend", 80)

    assert all(part.startswith("````md\n") for part in parts)
    assert all("\n````" in part for part in parts)
    assert parts[-1].endswith("````\nend")


def test_tilde_fences_are_closed_with_tildes() -> None:
    parts = split("~~~sh\n" + "echo `date`\n" * 20 + "~~~", 100)

    assert all(part.startswith("~~~sh\n") and part.endswith("\n~~~") for part in parts)


def test_no_part_is_an_empty_fence() -> None:
    text = "```py\n" + "a" * 89 + "\n```\n```py\nb\n```"

    parts = split(text, 100)

    assert parts == ("```py\n" + "a" * 89 + "\n```", "```py\nb\n```")


def test_blank_lines_and_indents_inside_code_are_kept() -> None:
    body = "\n\n".join(f"    def f{n}(): ..." for n in range(9))

    parts = split(f"```py\n{body}\n```", 70)

    inside = [part.removeprefix("```py\n").removesuffix("\n```") for part in parts]
    assert "\n".join(inside) == body


def test_an_unclosed_fence_is_closed_when_it_is_cut() -> None:
    parts = split("```\n" + "row\n" * 40, 60)

    assert all(part.startswith("```\n") and part.endswith("\n```") for part in parts)


@pytest.mark.parametrize(
    "text",
    [
        "```" + "l" * 300 + "\n" + "x " * 100 + "\n```",
        "a " * 60 + "```",
        "```x``` " * 30,
        "text " * 30 + "\n```py",
        "```py\nx\n```" + " " * 400 + "\nend " + "word " * 40,
    ],
)
def test_what_only_looks_like_a_fence_is_text(text: str) -> None:
    parts = split(text, 100)

    assert_sendable(parts, 100)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_a_limit_must_hold_something() -> None:
    with pytest.raises(ValueError, match="at least one"):
        split("text", 0)
