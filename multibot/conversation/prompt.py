"""From stored turns to what a responder sees."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from multibot.conversation.message import Turn

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptTurn:
    """One line of the dialogue. `name` is the speaker's display name, none for system lines."""

    role: Literal["user", "assistant", "system"]
    content: str
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """All that a responder may know: turns are oldest first, the last one is to be answered."""

    bot_name: str
    system: str
    user_id: str
    user_name: str
    turns: tuple[PromptTurn, ...]


def build(
    *,
    bot_name: str,
    system: str,
    turns: Sequence[Turn],
    user_id: str,
    user_name: str,
    current: Turn | None = None,
) -> Prompt:
    """Make the prompt from turns, oldest first; where a new session begins, a line says so.

    `current` is the turn to answer: it comes last, once, whether or not the turns hold it too.
    Without it, the last of the turns is the one to answer.
    """
    if current is not None:
        turns = (*(turn for turn in turns if not _is_same(turn, current)), current)
    return Prompt(
        bot_name=bot_name,
        system=system,
        user_id=user_id,
        user_name=user_name,
        turns=tuple(_dialogue(turns)),
    )


def time_passed(elapsed: timedelta) -> str:
    """Put the time between two sessions as a line of the dialogue."""
    seconds = int(elapsed.total_seconds())
    for unit, length in _UNITS:
        if count := max(seconds, 0) // length:
            return f"[{count} {unit}{'s' if count > 1 else ''} later]"
    return "[a moment later]"


def _is_same(turn: Turn, current: Turn) -> bool:
    return turn.role == current.role and turn.message_id == current.message_id


def _dialogue(turns: Sequence[Turn]) -> Iterator[PromptTurn]:
    before: Turn | None = None
    for turn in turns:
        if turn.role == "tool":
            continue
        if before is not None and turn.session_id != before.session_id:
            yield PromptTurn(role="system", content=time_passed(turn.at - before.at))
        name = None if turn.role == "system" else turn.user_name
        yield PromptTurn(role=turn.role, content=turn.content, name=name)
        before = turn
