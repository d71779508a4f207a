"""What the runtime asks of anything that can answer."""

from collections.abc import AsyncIterator
from typing import Protocol

from multibot.conversation.prompt import Prompt
from multibot.errors import MultibotError


class ResponderError(MultibotError):
    """The model did not give an answer."""


class Responder(Protocol):
    """Makes one answer at a time; safe to use for several prompts at once."""

    def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """Yield the answer piece by piece, in order. Raise ResponderError when there is none."""
        ...

    async def close(self) -> None:
        """Give back connections; no stream is running any more."""
        ...
