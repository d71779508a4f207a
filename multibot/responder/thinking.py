"""What a persona says to a matter, and what it does when it has said it all."""

from collections.abc import Callable, Sequence

from multibot.responder.choice import Choice
from multibot.responder.intent import Intent
from multibot.responder.memory import best_match, quoted, worth_quoting
from multibot.responder.scene import Scene
from multibot.responder.script import Topic
from multibot.responder.topics import Topics
from multibot.responder.voice import Voice

_OCCASIONS = {Intent.STATE: "statements", Intent.ASK_REASON: "reasons", Intent.NOD: "nods"}
_LATELY = 4
_WEAVE_PAUSE = 3
_SETTLED = 2
_POINTS_AT_ONCE = 2
_NO_FOLLOW_UP = ("?", "`")


class Thinking:
    """Speaks on the matter of one scene."""

    def __init__(self, voice: Voice, scene: Scene, choice: Choice, topics: Topics) -> None:
        self._voice = voice
        self._scene = scene
        self._choice = choice
        self._topics = topics
        self._occasion = _OCCASIONS.get(scene.intent, "questions")
        self._moves: tuple[Callable[[Topic], str], ...] = (
            self._asked_back,
            self._deepened,
            self._quoted_back,
            self._combined,
            self._turned,
        )

    def thought(self) -> str:
        """Say what the persona thinks of the matter, tied to what was said before."""
        topic = self._scene.topic
        if topic is None:
            said = self._voice.say(self._occasion, pointed=True)
        elif self._choice.has_fresh(topic.lines) and not self._is_settled(topic):
            said = self._voice.on(topic)
        else:
            said = self._further(topic)
        return self._followed(" ".join(filter(None, (self._reminder() or self._weave(), said))))

    def gone_on(self) -> str:
        """Take up the last topic where a person says little and all has been said to that."""
        topic = self._scene.last_topic
        if topic is None or self._choice.has_fresh(self._voice.lines("nods")):
            return ""
        return self._further(topic) if self._choice.one_in(2) else self._voice.on(topic)

    def _followed(self, text: str) -> str:
        if text.rstrip().endswith(_NO_FOLLOW_UP) or not self._choice.one_in(2):
            return text
        gap = "\n" if "\n" in text else " "
        return f"{text}{gap}{self._voice.say('follow_ups')}"

    def _is_settled(self, topic: Topic) -> bool:
        """Tell, now and then, that the talk has been on a topic long enough for something else."""
        latest = self._scene.recent_topics[-_SETTLED:]
        return latest == (topic,) * _SETTLED and self._choice.one_in(3)

    def _reminder(self) -> str:
        """Recall a told fact that this message touches."""
        known = best_match(self._scene.text, self._scene.memory.claims, of_claim=True)
        if known is None or self._choice.said_lately(known, _LATELY):
            return ""
        if known in self._scene.told.facts:
            return ""
        return self._voice.tie("{memory}", memory=known)

    def _weave(self) -> str:
        """Now and then tie the matter to an earlier topic."""
        other = self._other_topic()
        if other is None or self._choice.used_lately(self._voice.lines("weaves"), _WEAVE_PAUSE):
            return ""
        return self._voice.tie("{topic}", topic=other.name) if self._choice.one_in(2) else ""

    def _other_topic(self) -> Topic | None:
        topic = self._scene.topic
        others = (each for each in reversed(self._scene.earlier_topics) if each != topic)
        return next(others, None) if topic else None

    def _further(self, topic: Topic) -> str:
        """Go on where a topic's lines have been said: another move each time, while there is one."""
        first = len(self._scene.memory.answers)
        for turn in range(len(self._moves)):
            if said := self._moves[(first + turn) % len(self._moves)](topic):
                return said
        return self._voice.fill(self._choice.line([*topic.lines, *self._askings("{topic}")]))

    def _askings(self, placeholder: str) -> Sequence[str]:
        lines = (*self._voice.lines("questions"), *self._voice.lines("statements"))
        return [line for line in lines if placeholder in line]

    def _asked_back(self, topic: Topic) -> str:
        """Ask about the topic itself."""
        lines = self._askings("{topic}")
        fresh = self._choice.has_fresh(lines)
        return self._voice.fill(self._choice.line(lines), topic=topic.name) if fresh else ""

    def _deepened(self, topic: Topic) -> str:
        """Go from views to what could be done."""
        points = self._choice.fresh(topic.points)[:_POINTS_AT_ONCE]
        rows = [f"- {self._voice.fill(self._choice.line([point]))}" for point in points]
        return "\n".join([self._voice.say("lists"), *rows]) if rows else ""

    def _quoted_back(self, topic: Topic) -> str:
        """Come back to what the person said about it."""
        for said in worth_quoting(self._scene.memory.said):
            quote = quoted(said)
            if self._topics.best(said) == topic and not self._choice.was_said(quote):
                said_back = self._voice.say("quotes", memory=quote)
                return (
                    said_back
                    if "?" in said_back
                    else f"{said_back} {self._voice.say('follow_ups')}"
                )
        return ""

    def _combined(self, topic: Topic) -> str:
        """Look at it from another topic: one that the message touches too, or an earlier one."""
        touched = [each for each in self._topics.ranked(self._scene.text) if each != topic]
        for other in (*touched, *filter(None, [self._other_topic()])):
            if self._choice.has_fresh(other.lines):
                return self._voice.on(other)
        return ""

    def _turned(self, topic: Topic) -> str:
        """Look at the very question instead of the topic."""
        del topic
        lines = self._voice.sayable(self._occasion)
        fresh = self._choice.has_fresh(lines)
        return self._voice.say(self._occasion, pointed=True) if fresh else ""
