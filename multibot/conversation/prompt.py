"""From stored turns to what a responder sees."""

from dataclasses import dataclass
from typing import Literal


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
