"""Lines of a script, chosen and filled in for one message."""

import re
from collections.abc import Sequence

from multibot.responder.choice import Choice
from multibot.responder.intent import Intent
from multibot.responder.scene import Scene
from multibot.responder.script import PLACEHOLDER, Script, Topic
from multibot.responder.topics import Topics
from multibot.responder.wording import UNCLEAR

_SENTENCE_START = re.compile(r"(?:^|[.!?…]\s|\n)[\s*_>\"“-]*$")
_NO_TOPIC = "what we spoke of"


class Voice:
    """Speaks one persona's lines in one scene."""

    def __init__(self, script: Script, scene: Scene, choice: Choice, topics: Topics) -> None:
        self._script = script
        self._scene = scene
        self._choice = choice
        self._topics = topics

    def lines(self, occasion: str) -> Sequence[str]:
        """Return all lines of an occasion."""
        return self._script.lines_for(occasion)

    def sayable(self, occasion: str, filling: Sequence[str] = ()) -> Sequence[str]:
        """Return the lines of an occasion for whose placeholders there is something."""
        scene = self._scene
        there = {
            "user": True,
            "subject": self._told_subject() != UNCLEAR,
            "topic": scene.topic is not None,
            "memory": bool(scene.told.facts),
        } | dict.fromkeys(filling, True)
        lines = self._script.lines_for(occasion)
        missing = [f"{{{name}}}" for name, given in there.items() if not given]
        return [line for line in lines if not any(each in line for each in missing)] or lines

    def say(self, occasion: str, *, pointed: bool = False, **filling: str) -> str:
        """Say a line of this occasion; a pointed one rather names what the message is about."""
        lines = self.sayable(occasion, tuple(filling))
        line = self._choice.line(lines, _names_subject if pointed else None)
        return self.fill(line, **filling)

    def fill(self, line: str, **filling: str) -> str:
        """Put the words of this scene into a line, with a capital where a sentence starts."""
        scene = self._scene
        topic = scene.topic or scene.last_topic
        words = {
            "user": scene.user,
            "subject": self._told_subject(),
            "memory": scene.told.facts[-1] if scene.told.facts else scene.subject,
            "topic": topic.name if topic else _NO_TOPIC,
        } | filling

        def word(match: re.Match[str]) -> str:
            if match[1] is None:
                return match[0]
            filled = words[match[1]]
            starts = _SENTENCE_START.search(line[: match.start()])
            return filled[:1].upper() + filled[1:] if starts else filled

        return PLACEHOLDER.sub(word, line)

    def on(self, topic: Topic) -> str:
        """Say something on a topic, rather what suits the message."""
        return self.fill(self.closest(topic.lines))

    def closest(self, pieces: Sequence[str]) -> str:
        """Take the line that suits the message best."""
        text = self._scene.gist
        return self._choice.line(pieces, lambda line: self._topics.fitness(line, text))

    def tie(self, placeholder: str, **filling: str) -> str:
        """Say one of the weaves that has this placeholder, if one is left that was not said yet."""
        lines = [line for line in self._script.weaves if placeholder in line]
        if not self._choice.has_fresh(lines):
            return ""
        return self.fill(self._choice.line(lines), **filling)

    def _told_subject(self) -> str:
        intent, told = self._scene.intent, self._scene.told
        if intent is Intent.TELL_LIKE:
            return told.likes[-1]
        return told.dislikes[-1] if intent is Intent.TELL_DISLIKE else self._scene.subject


def _names_subject(line: str) -> float:
    return "{subject}" in line
