"""What a person told, said back when it is asked for."""

import re
from collections.abc import Sequence

from multibot.responder.memory import best_match, last_statement, listed, statements
from multibot.responder.scene import Scene
from multibot.responder.voice import Voice
from multibot.responder.wording import content_words

# "Where do I live?" asks for what was told; "what do I do?" asks for advice.
_ABOUT_OWN = re.compile(
    r"\b(?:what|where|when|who|which|how (?:old|many|long|much))(?:'s| [\w']+){0,3} (?:my|(?:do|did|am|was|have) i)\b"
    r"(?! (?:do|need|say|choose|begin|tell|have to|supposed)\b)",
    re.IGNORECASE,
)
_CODE = re.compile(r"```.*?```", re.DOTALL)
_FEW = 3
_MOST_KNOWN = 6
_LONGEST_QUOTE = 240


class Recall:
    """Answers questions about the dialogue itself."""

    def __init__(self, voice: Voice, scene: Scene) -> None:
        self._voice = voice
        self._scene = scene

    def own_fact(self) -> str:
        """Answer a question for something that the person told."""
        scene = self._scene
        if not _ABOUT_OWN.search(scene.text):
            return ""
        if known := best_match(scene.text, scene.memory.clauses):
            return self._voice.say("recall", memory=known)
        quote = best_match(scene.text, statements(scene.memory.said))
        return self._quoted(quote)

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
        return self.topics() or self.last_said()

    def topics(self) -> str:
        """Recall what was talked about, the newest topics last."""
        names = tuple(dict.fromkeys(topic.name for topic in self._scene.earlier_topics))[-_FEW:]
        recalled = f"you wanted to talk about {listed(names)}"
        return self._voice.say("recall", memory=recalled) if names else ""

    def last_said(self) -> str:
        """Quote what the person said last."""
        quote = last_statement(self._scene.memory.said)
        return self._quoted(quote)

    def said(self) -> str:
        """Quote what the person said about the matter."""
        scene = self._scene
        if not content_words(scene.text):
            return self.all_known()
        quote = best_match(scene.text, statements(scene.memory.said)) or best_match(
            scene.text, scene.memory.said
        )
        return self._quoted(quote)

    def echo(self) -> str:
        """Quote this persona's own last answer."""
        answers = self._scene.memory.answers
        if not answers:
            return self._voice.say("forgotten")
        return self._voice.say("echoes", memory=_quote(_CODE.sub("[code]", answers[-1])))

    def _quoted(self, quote: str | None) -> str:
        if quote is None:
            return self._voice.say("forgotten")
        return self._voice.say("quotes", memory=_quote(quote))


def _quote(text: str) -> str:
    """Quote a text as a sentence of its own."""
    text = " ".join(text.split())
    if len(text) > _LONGEST_QUOTE:
        text = text[:_LONGEST_QUOTE].rsplit(" ", 1)[0] + "…"
    stop = "" if text.endswith((".", "!", "?", "…")) else "."
    return f"“{text[:1].upper()}{text[1:]}{stop}”"
