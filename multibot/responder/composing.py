"""From an understood message to the text of an answer."""

import re
from collections.abc import Callable

from multibot.responder.alternatives import options
from multibot.responder.choice import Choice
from multibot.responder.intent import Intent
from multibot.responder.recall import Recall
from multibot.responder.scene import Scene
from multibot.responder.script import Script
from multibot.responder.thinking import Thinking
from multibot.responder.topics import Topics
from multibot.responder.voice import Voice
from multibot.responder.wording import sentences

_OCCASIONS = {
    Intent.LEAVE: "farewells",
    Intent.THANK: "thanks",
    Intent.ASK_WELLBEING: "wellbeing",
    Intent.ASK_ABOUT_BOT: "about",
    Intent.ASK_ABILITIES: "abilities",
    Intent.TELL_NAME: "names",
    Intent.TELL_LIKE: "likes",
    Intent.TELL_DISLIKE: "dislikes",
    Intent.TELL_FACT: "facts",
    Intent.WANT_JOKE: "jokes",
    Intent.SUFFER: "comfort",
    Intent.REJOICE: "cheer",
    Intent.PRAISE: "praise",
    Intent.CRITICISE: "criticism",
    Intent.DISAGREE: "disagreement",
}
_WITH_TOPIC = frozenset({Intent.TELL_LIKE, Intent.TELL_DISLIKE, Intent.TELL_FACT, Intent.SUFFER})
_ON_TOPIC = frozenset({Intent.ASK, Intent.STATE, Intent.ASK_REASON, Intent.ASK_CHOICE})
_COUNT = re.compile(r"\b(\d{1,2}|two|three|four|five|six|seven|eight|nine|ten)\b", re.IGNORECASE)
_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}  # fmt: skip
_USUAL_COUNT = 5
_OFFER_LENGTH = 40
_LONG_ENOUGH = 2400


def compose(script: Script, topics: Topics, scene: Scene, choice: Choice) -> str:
    """Write the answer to one message."""
    return _Answer(script, topics, scene, choice).text()


class _Answer:
    """One answer in the making."""

    def __init__(self, script: Script, topics: Topics, scene: Scene, choice: Choice) -> None:
        self._script = script
        self._scene = scene
        self._choice = choice
        self._voice = Voice(script, scene, choice, topics)
        self._thinking = Thinking(self._voice, scene, choice, topics)
        self._recall = Recall(self._voice, scene)
        self._makers: dict[Intent, Callable[[], str]] = {
            Intent.GREET: self._greeting,
            Intent.ASK_NAME: self._recall.name,
            Intent.ASK_ALL: self._recall.all_known,
            Intent.ASK_LIKES: lambda: self._recall.things("you like", scene.memory.likes),
            Intent.ASK_DISLIKES: lambda: self._recall.things(
                "you don't like", scene.memory.dislikes
            ),
            Intent.ASK_ECHO: self._recall.echo,
            Intent.ASK_LAST_SAID: self._recall.last_said,
            Intent.ASK_SAID: self._recall.said,
            Intent.ASK_TOPICS: lambda: self._recall.topics() or self._recall.last_said(),
            Intent.ASK_CHOICE: self._chosen,
            Intent.AGREE: self._agreed,
            Intent.NOD: self._nodded,
            Intent.WANT_CODE: lambda: self._voice.fill(self._voice.closest(script.code)),
            Intent.WANT_STORY: lambda: self._voice.fill(self._voice.closest(script.stories)),
            Intent.WANT_LIST: self._list,
            Intent.WANT_ESSAY: self._essay,
            Intent.WANT_MORE: self._more,
            Intent.WANT_THOUGHT: self._any_thought,
        }

    def text(self) -> str:
        """Return the whole answer, with a word of greeting where one is due."""
        body = self._body()
        if (
            self._scene.greeted
            and self._scene.is_first
            and self._scene.intent not in {Intent.GREET, Intent.TELL_NAME}
        ):
            return f"{sentences(self._voice.say('greetings'))[0]} {body}"
        return body

    def _body(self) -> str:
        scene = self._scene
        if scene.intent is Intent.ASK and (known := self._recall.own_fact()):
            return known
        if maker := self._makers.get(scene.intent):
            return maker()
        if scene.intent in _ON_TOPIC:
            return self._thinking.thought()
        if scene.topic and _is_of_a_thing(scene):
            return self._thinking.thought()
        said = self._voice.say(_OCCASIONS[scene.intent])
        if scene.topic and scene.intent in _WITH_TOPIC and "?" not in said:
            return f"{said} {self._voice.on(scene.topic)}"
        return said

    def _greeting(self) -> str:
        return self._voice.say("returns" if self._scene.memory.is_return else "greetings")

    def _nodded(self) -> str:
        if self._scene.topic:
            return self._thinking.thought()
        return self._thinking.gone_on() or self._voice.say("nods")

    def _agreed(self) -> str:
        """Take a yes for what was offered, where something was."""
        answers = self._scene.memory.answers
        offer = answers[-1][-_OFFER_LENGTH:].casefold() if answers else ""
        if offer.endswith("code?"):
            return self._voice.fill(self._voice.closest(self._script.code))
        return self._essay() if offer.endswith("detail?") else self._voice.say("agreement")

    def _chosen(self) -> str:
        pair = options(self._scene.text)
        if pair is None:
            return self._thinking.thought()
        preferred = pair[self._choice.one_in(2)]
        return self._voice.say("choices", subject=f"{pair[0]} and {pair[1]}", topic=preferred)

    def _list(self) -> str:
        topic = self._scene.matter
        points = [*(topic.points if topic else ()), *self._script.points]
        found = _COUNT.search(self._scene.text)
        count = _NUMBERS.get(found[1].lower()) or int(found[1]) if found else _USUAL_COUNT
        rows = [
            f"{n}. {self._voice.fill(point)}" for n, point in enumerate(points[: max(count, 1)], 1)
        ]
        return "\n".join([self._voice.say("lists"), *rows, "", self._voice.say("follow_ups")])

    def _essay(self) -> str:
        """Write at length: more than one message holds."""
        topic = self._scene.matter
        body = [*topic.lines, "\n".join(f"- {point}" for point in topic.points)] if topic else []
        paragraphs = [self._paragraph()]
        paragraphs += [self._voice.fill(line) for line in body if line]
        rest = len(self._script.essays) - 1
        while rest and sum(map(len, paragraphs)) < _LONG_ENOUGH:
            paragraphs.append(self._paragraph())
            rest -= 1
        return "\n\n".join([*paragraphs, self._voice.say("follow_ups")])

    def _any_thought(self) -> str:
        """Say something unasked on a topic of the persona's own choice."""
        lines = [line for topic in self._script.topics for line in topic.lines]
        return (
            self._voice.say("statements")
            if not lines
            else self._voice.fill(self._choice.line(lines))
        )

    def _paragraph(self) -> str:
        return self._voice.fill(self._choice.next(self._script.essays))

    def _more(self) -> str:
        if wish := self._scene.last_wish:
            return self._makers.get(wish, lambda: self._voice.say("jokes"))()
        topic = self._scene.matter
        if topic is None or not self._choice.has_fresh(topic.lines):
            return self._paragraph()
        return self._voice.on(topic)


def _is_of_a_thing(scene: Scene) -> bool:
    """Tell whether what is told is about a thing, "my code crashes", and not the person."""
    return scene.intent is Intent.TELL_FACT and scene.told.facts[-1].startswith("your ")
