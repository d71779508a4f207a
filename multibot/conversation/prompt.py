"""From stored turns to what a responder sees."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Literal

from multibot.conversation.chain import HINTS, Phase
from multibot.conversation.message import Turn

# Of what a bot's message answers, so much is shown.
ANSWERED_TO_CHARACTERS = 500
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptTurn:
    """One line of the dialogue. `name` is the speaker's display name, none for system lines."""

    role: Literal["user", "assistant", "system"]
    content: str
    name: str | None = None


class Task(StrEnum):
    """What is asked for: an answer, or something that nobody asked for."""

    ANSWER = "answer"
    OPEN = "open"
    POST = "post"


REQUESTS = {
    Task.OPEN: "Nobody has written here for a while. Begin a conversation with {name}, another bot"
    " of this server: one or two sentences that {name} can answer.",
    Task.POST: "Nobody has written here for a while. Say something of your own accord that people"
    " may take up: one or two sentences.",
}
"""What is asked for when nobody has said anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Another bot as the one spoken with: how far the talk is, and what its message answers."""

    phase: Phase = Phase.OPEN
    answers_to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """All that a responder may know: turns are oldest first, the last one is to be answered.

    For another task than an answer the last one is the request. `company` is none with a person.
    """

    bot_name: str
    system: str
    user_id: str
    user_name: str
    turns: tuple[PromptTurn, ...]
    task: Task = Task.ANSWER
    company: Company | None = None


def build(  # noqa: PLR0913 - what makes up a prompt, by keyword
    *,
    bot_name: str,
    system: str,
    turns: Sequence[Turn],
    user_id: str,
    user_name: str,
    current: Turn | None = None,
    company: Company | None = None,
) -> Prompt:
    """Make the prompt from turns, oldest first; where a new session begins, a line says so.

    `current` is the turn to answer: it comes last, once, whether or not the turns hold it too.
    Without it, the last of the turns is the one to answer. What there is to know of another bot's
    message stands before it.
    """
    if current is not None:
        turns = (*(turn for turn in turns if not _is_same(turn, current)), current)
    dialogue = tuple(_dialogue(turns))
    if company is not None:
        known = PromptTurn(role="system", content=_introduced(user_name, company))
        dialogue = (*dialogue[:-1], known, *dialogue[-1:])
    return Prompt(
        bot_name=bot_name,
        system=system,
        user_id=user_id,
        user_name=user_name,
        turns=dialogue,
        company=company,
    )


def unprompted(
    task: Task, *, bot_name: str, system: str, turns: Sequence[Turn], user_id: str, user_name: str
) -> Prompt:
    """Make the prompt for something that nobody asked for; `turns` is what was said here lately."""
    request = PromptTurn(role="system", content=REQUESTS[task].format(name=user_name))
    return Prompt(
        bot_name=bot_name,
        system=system,
        user_id=user_id,
        user_name=user_name,
        turns=(*_dialogue(turns), request),
        task=task,
        company=Company() if task is Task.OPEN else None,
    )


def time_passed(elapsed: timedelta) -> str:
    """Put the time between two sessions as a line of the dialogue."""
    seconds = int(elapsed.total_seconds())
    for unit, length in _UNITS:
        if count := max(seconds, 0) // length:
            return f"[{count} {unit}{'s' if count > 1 else ''} later]"
    return "[a moment later]"


def _introduced(name: str, company: Company) -> str:
    said = [f"{name} is another bot of this server, not a person."]
    if company.answers_to:
        quoted = " ".join(company.answers_to.split())[:ANSWERED_TO_CHARACTERS]
        said.append(f"Its message answers this one: \u201c{quoted}\u201d")
    if hint := HINTS[company.phase]:
        said.append(hint)
    return " ".join(said)


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
