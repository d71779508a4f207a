"""A conversation with one persona, kept as the runtime would keep it."""

import functools
from pathlib import Path

import yaml

from multibot.conversation.prompt import Prompt, PromptTurn
from multibot.responder.script import Script
from multibot.responder.scripted import ScriptedResponder

BOTS = Path(__file__).parents[3] / "bots"
FILES = {"sage": "sage.yaml", "spark": "spark.yaml", "logic": "logic.md"}


@functools.cache
def shipped_script(bot_name: str) -> Script:
    text = (BOTS / FILES[bot_name]).read_text(encoding="utf-8")
    front = text.split("\n---\n")[0] if FILES[bot_name].endswith(".md") else text
    return Script.from_mapping(yaml.safe_load(front)["scripted"])


class Dialogue:
    """Say things to a persona, one after the other."""

    def __init__(
        self, bot_name: str = "sage", *, script: Script | None = None, seed: int = 0
    ) -> None:
        self.bot_name = bot_name
        self.script = script or shipped_script(bot_name)
        self.responder = ScriptedResponder(
            self.script, persona_name=bot_name.capitalize(), seed=seed
        )
        self.turns: list[PromptTurn] = []

    def prompt(self, user_name: str = "mira") -> Prompt:
        return Prompt(
            bot_name=self.bot_name,
            system="",
            user_id="7",
            user_name=user_name,
            turns=tuple(self.turns[-50:]),
        )

    def say(self, text: str, user_name: str = "mira") -> str:
        self.turns.append(PromptTurn(role="user", content=text, name=user_name))
        answer = self.responder.answer(self.prompt(user_name))
        self.turns.append(PromptTurn(role="assistant", content=answer, name=self.bot_name))
        return answer

    def pause(self, line: str = "[3 hours later]") -> None:
        self.turns.append(PromptTurn(role="system", content=line))
