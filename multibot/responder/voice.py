"""Lines of a script, chosen and filled in for one message."""

import re

from multibot.responder.choice import Choice
from multibot.responder.intent import Intent
from multibot.responder.scene import Scene
from multibot.responder.script import PLACEHOLDER, Script, Topic
from multibot.responder.wording import UNCLEAR

_SENTENCE_START = re.compile(r"(?:^|[.!?…]\s|\n)[\s*_>\"“-]*$")
_NO_TOPIC = "what we spoke of"


class Voice:
    """Speaks one persona's lines in one scene."""

    def __init__(self, script: Script, scene: Scene, choice: Choice) -> None:
        self._script = script
        self._scene = scene
        self._choice = choice

    def say(self, occasion: str, **filling: str) -> str:
        """Say a line of this occasion."""
        lines = self._script.lines_for(occasion)
        if self._told_subject() == UNCLEAR and "subject" not in filling:
            lines = tuple(line for line in lines if "{subject}" not in line) or lines
        return self.fill(self._choice.line(lines), **filling)

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
        """Say something on a topic, rather what shares a word with the message."""
        return self.fill(self._choice.line(topic.lines, near=self._scene.text))

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
