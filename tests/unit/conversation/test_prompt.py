from datetime import UTC, datetime, timedelta

import pytest

from multibot.conversation.chain import HINTS, Phase
from multibot.conversation.message import Role, SessionId, Turn
from multibot.conversation.prompt import (
    Company,
    Prompt,
    PromptTurn,
    Task,
    build,
    time_passed,
    unprompted,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


def turn(
    content: str, *, seconds: float = 0, session: str = "s1", role: Role = "user", message: str = ""
) -> Turn:
    return Turn(
        role=role,
        content=content,
        at=START + timedelta(seconds=seconds),
        session_id=SessionId(session),
        message_id=message or content,
        user_id="7",
        user_name="sage" if role == "assistant" else "mira",
    )


def built(*turns: Turn, current: Turn | None = None) -> Prompt:
    return build(
        bot_name="sage",
        system="Be wise.",
        turns=turns,
        user_id="7",
        user_name="mira",
        current=current,
    )


def contents(prompt: Prompt) -> list[str]:
    return [each.content for each in prompt.turns]


def test_the_turns_keep_their_order_and_speakers() -> None:
    prompt = built(turn("hi"), turn("hello", role="assistant"), turn("why?"))

    assert prompt == Prompt(
        bot_name="sage",
        system="Be wise.",
        user_id="7",
        user_name="mira",
        turns=(
            PromptTurn(role="user", content="hi", name="mira"),
            PromptTurn(role="assistant", content="hello", name="sage"),
            PromptTurn(role="user", content="why?", name="mira"),
        ),
    )


def test_a_new_session_is_one_line_with_the_time_that_passed() -> None:
    prompt = built(
        turn("hi"),
        turn("hello", role="assistant", seconds=5),
        turn("back", session="s2", seconds=3 * 3600 + 65),
        turn("and", session="s2", seconds=3 * 3600 + 100),
    )

    assert prompt.turns[2] == PromptTurn(role="system", content="[3 hours later]")
    assert contents(prompt) == ["hi", "hello", "[3 hours later]", "back", "and"]


def test_the_current_message_appears_once_and_last() -> None:
    now = turn("why?", seconds=9)
    later = turn("next", seconds=10)

    assert contents(built(turn("hi"), now, current=now)) == ["hi", "why?"]
    assert contents(built(turn("hi"), current=now)) == ["hi", "why?"]
    assert contents(built(turn("hi"), now, later, current=now)) == ["hi", "next", "why?"]


def test_tool_turns_are_no_dialogue() -> None:
    stored = (turn("hi"), turn("{}", role="tool"), turn("note", role="system"), turn("why?"))

    assert contents(built(*stored)) == ["hi", "note", "why?"]
    assert built(*stored).turns[1].name is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "[a moment later]"),
        (0, "[a moment later]"),
        (59.9, "[a moment later]"),
        (60, "[1 minute later]"),
        (301, "[5 minutes later]"),
        (3599, "[59 minutes later]"),
        (3600, "[1 hour later]"),
        (86_399, "[23 hours later]"),
        (86_400, "[1 day later]"),
        (700_000, "[8 days later]"),
    ],
)
def test_time_is_said_in_its_largest_unit(seconds: float, text: str) -> None:
    assert time_passed(timedelta(seconds=seconds)) == text


def in_company(phase: Phase = Phase.OPEN, answers_to: str = "") -> Prompt:
    return build(
        bot_name="sage",
        system="Be wise.",
        turns=(turn("hi"), turn("hello", role="assistant")),
        user_id="9",
        user_name="Spark",
        current=turn("why?"),
        company=Company(phase=phase, answers_to=answers_to),
    )


def test_another_bot_is_introduced_before_what_it_says() -> None:
    prompt = in_company()

    assert contents(prompt)[-2:] == ["Spark is another bot of this server, not a person.", "why?"]
    assert prompt.turns[-2].role == "system"


@pytest.mark.parametrize("phase", [Phase.GOING, Phase.CLOSING, Phase.LAST])
def test_how_far_the_talk_is_stands_there_too(phase: Phase) -> None:
    assert contents(in_company(phase))[-2].endswith(HINTS[phase])


@pytest.mark.parametrize(("length", "shown"), [(500, 500), (501, 500)])
def test_what_it_answers_is_quoted_up_to_500_characters(length: int, shown: int) -> None:
    introduced = contents(in_company(answers_to="x" * length))[-2]

    assert f"\u201c{'x' * shown}\u201d" in introduced


@pytest.mark.parametrize(("task", "has_company"), [(Task.OPEN, True), (Task.POST, False)])
def test_what_nobody_asked_for_ends_with_the_request(task: Task, has_company: bool) -> None:  # noqa: FBT001
    prompt = unprompted(
        task, bot_name="sage", system="", turns=[turn("hi")], user_id="9", user_name="Spark"
    )

    assert contents(prompt)[0] == "hi"
    assert prompt.turns[-1].role == "system"
    assert ("Spark" in contents(prompt)[-1]) is has_company
    assert (prompt.company is not None) is has_company
