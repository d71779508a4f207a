"""What a person told, said back when it is asked for."""

import re
from collections.abc import Sequence

from multibot.responder.intent import asks_for_told
from multibot.responder.memory import (
    best_match,
    last_said,
    listed,
    quoted,
    statements,
    worth_quoting,
)
from multibot.responder.scene import Scene
from multibot.responder.voice import Voice
from multibot.responder.wording import content_words

_ASKED = re.compile(r"\b(?:ask|asked|question|wonder|wondered|wanted)\b", re.IGNORECASE)
_CODE = re.compile(r"```.*?```", re.DOTALL)
_FEW = 3
_TELLING_WORDS = 2
_MOST_KNOWN = 6


class Recall:
    """Answers questions about the dialogue itself."""

    def __init__(self, voice: Voice, scene: Scene) -> None:
        self._voice = voice
        self._scene = scene

    def own_fact(self) -> str:
        """Answer a question for something that the person told."""
        scene = self._scene
        if not asks_for_told(scene.text):
            return self._said_in_full()
        if known := best_match(scene.text, scene.memory.claims):
            return self._voice.say("recall", memory=known)
        quote = best_match(scene.text, statements(scene.memory.said))
        return self._quoted(quote)

    def _said_in_full(self) -> str:
        """Quote a statement that has every word of the question: "what is the robot called?"."""
        asked = content_words(self._scene.text)
        said = reversed(worth_quoting(self._scene.memory.said))
        quote = next((each for each in said if asked <= content_words(each)), None)
        return self._quoted(quote) if quote and len(asked) >= _TELLING_WORDS else ""

    def name(self) -> str:
        """Say the person's name, or that it was not told."""
        if name := self._scene.memory.name:
            return self._voice.say("recall", memory=f"your name is {name}")
        return f"{self._voice.say('forgotten')} I only see that you go by {self._scene.user} here."

    def things(self, clause: str, things: Sequence[str]) -> str:
        """Say what is liked or disliked."""
        if not things:
            return self._voice.say("forgotten")
        return self._voice.say("recall", memory=f"{clause} {listed(things)}")

    def all_known(self) -> str:
        """Say all that is known, else what was talked about, else what was said last."""
        memory = self._scene.memory
        named = (f"your name is {memory.name}",) if memory.name else ()
        known = (*named, *memory.clauses[-_MOST_KNOWN:])
        if known:
            return self._voice.say("recall", memory=listed(known))
        said = worth_quoting(memory.said)
        return self.topics() or self._quoted(said[-1] if said else None)

    def topics(self) -> str:
        """Recall what was talked about, the newest topics last."""
        names = tuple(dict.fromkeys(topic.name for topic in self._scene.earlier_topics))[-_FEW:]
        recalled = f"you wanted to talk about {listed(names)}"
        return self._voice.say("recall", memory=recalled) if names else ""

    def last_said(self) -> str:
        """Quote what the person said last."""
        quote = last_said(self._scene.memory.said)
        return self._quoted(quote)

    def said(self) -> str:
        """Quote what the person said about the matter."""
        scene = self._scene
        if not content_words(scene.text):
            return self.all_known()
        quote = best_match(scene.text, statements(scene.memory.said))
        if quote is None and _ASKED.search(scene.text):
            quote = best_match(scene.text, scene.memory.said)
        if quote is None and scene.topic in scene.earlier_topics:
            return self.topics()
        return self._quoted(quote)

    def echo(self) -> str:
        """Quote this persona's own last answer."""
        answers = self._scene.memory.answers
        if not answers:
            return self._voice.say("forgotten")
        return self._voice.say("echoes", memory=quoted(_CODE.sub("[code]", answers[-1])))

    def _quoted(self, quote: str | None) -> str:
        if quote is None:
            return self._voice.say("forgotten")
        return self._voice.say("quotes", memory=quoted(quote))
