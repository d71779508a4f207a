"""A recap is short, whatever was said."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from multibot.conversation.message import SessionId, Turn
from multibot.conversation.recap import LONGEST_LINE, NOTHING, TITLE, recap

TURN = Turn(
    role="user",
    content="hello",
    at=datetime(2026, 1, 1, 12, tzinfo=UTC),
    session_id=SessionId("s"),
    message_id="1",
    user_id="7",
    user_name="Ada",
)


def said(*contents: str) -> list[Turn]:
    return [replace(TURN, content=content) for content in contents]


def test_turns_are_lines_oldest_first() -> None:
    turns = [TURN, replace(TURN, role="assistant", user_name="Sage", content="hi\n\nthere")]

    assert recap(turns) == (
        f"{TITLE}\n<t:1767268800:R> **Ada**: hello\n<t:1767268800:R> **Sage**: hi there"
    )


def test_nothing_said_is_said() -> None:
    assert recap([]) == NOTHING


def test_what_does_not_fit_is_left_out_from_the_oldest_on() -> None:
    lines = recap(said(*(f"{number:04} " + "x" * 150 for number in range(100)))).splitlines()

    assert len("\n".join(lines)) <= 2000
    assert lines[-1].split(": ")[1].startswith("0099")
    assert len(lines) > 8


@pytest.mark.parametrize("text", ["*" * 5000, "\\" * 2001, "`" * 1999, "a" * 9000, "word " * 999])
def test_no_text_is_too_long(text: str) -> None:
    shown = recap(said(*[text] * 20))

    assert len(shown) <= 2000
    assert "…" in shown


def test_a_long_line_is_cut_at_a_word() -> None:
    shown = recap(said("word " * 100)).splitlines()[1]

    assert shown.endswith("word…")
    assert len(shown) < LONGEST_LINE + 40


def test_formatting_is_shown_and_not_done() -> None:
    assert recap(said("```py\n**x** _y_ ||z||")).endswith(r"\`\`\`py \*\*x\*\* \_y\_ \|\|z\|\|")
