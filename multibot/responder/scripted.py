"""The embedded responder: answers from a script, without a network."""

import re
from collections.abc import AsyncIterator

from multibot.conversation.prompt import Prompt, Task
from multibot.responder.choice import Choice
from multibot.responder.company import converse, speak_up
from multibot.responder.composing import compose
from multibot.responder.scene import read
from multibot.responder.script import Script
from multibot.responder.topics import Topics

_PIECE = re.compile(r"\s*\S+(?:\s+\Z)?")


class ScriptedResponder:
    """Answers in one persona's voice; the same seed and prompt always give the same text."""

    def __init__(self, script: Script, *, persona_name: str, seed: int = 0) -> None:
        self._script = script
        self._topics = Topics(script.topics)
        self._persona_name = persona_name
        self._seed = seed

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        """Yield the answer word by word."""
        for piece in _PIECE.findall(self.answer(prompt)):
            yield piece

    def answer(self, prompt: Prompt) -> str:
        """Return the whole answer."""
        names = (self._persona_name, prompt.bot_name)
        scene = read(prompt, self._topics, names)
        key = (
            f"{self._seed}\0{prompt.bot_name}\0{len(prompt.turns)}\0{prompt.user_id}\0{scene.text}"
        )
        choice = Choice(key, scene.memory.answers)
        if prompt.task is not Task.ANSWER:
            return speak_up(self._script, self._topics, scene, choice, prompt)
        if prompt.company is not None:
            return converse(self._script, self._topics, scene, choice, prompt.company)
        return compose(self._script, self._topics, scene, choice)

    async def close(self) -> None:
        """Hold nothing, give back nothing."""
