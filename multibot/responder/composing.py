"""From an understood message to the text of an answer."""

import re
from collections.abc import Callable, Sequence

from multibot.responder.choice import Choice
from multibot.responder.intent import Intent
from multibot.responder.memory import best_match, last_statement, listed, statements
from multibot.responder.scene import Scene, options
from multibot.responder.script import PLACEHOLDER, Script, Topic
from multibot.responder.wording import UNCLEAR, content_words, sentences

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
    Intent.ASK_REASON: "reasons",
    Intent.ASK: "questions",
    Intent.NOD: "nods",
    Intent.STATE: "statements",
}
_WITH_TOPIC = frozenset({Intent.TELL_LIKE, Intent.TELL_DISLIKE, Intent.TELL_FACT, Intent.SUFFER})
_ON_TOPIC = frozenset({Intent.ASK, Intent.STATE, Intent.ASK_REASON, Intent.ASK_CHOICE})
# "Where do I live?" asks for what was told; "what do I do?" asks for advice.
_ABOUT_OWN = re.compile(
    r"\b(?:what|where|when|who|which|how (?:old|many|long|much))(?:'s| [\w']+){0,3} (?:my|(?:do|did|am|was|have) i)\b"
    r"(?! (?:do|need|say|choose|begin|tell|have to|supposed)\b)",
    re.IGNORECASE,
)
_SENTENCE_START = re.compile(r"(?:^|[.!?…]\s|\n)[\s*_>\"“-]*$")
_COUNT = re.compile(r"\b(\d{1,2}|two|three|four|five|six|seven|eight|nine|ten)\b", re.IGNORECASE)
_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}  # fmt: skip
_USUAL_COUNT = 5
_LONGEST_ECHO = 240
_FEW = 3
_MOST_KNOWN = 6
_OFFER_LENGTH = 40
_WEAVE_PAUSE = 3
_LONG_ENOUGH = 2400


def compose(script: Script, scene: Scene, choice: Choice) -> str:
    """Write the answer to one message."""
    return _Answer(script, scene, choice).text()


class _Answer:
    """One answer in the making."""

    def __init__(self, script: Script, scene: Scene, choice: Choice) -> None:
        self._script = script
        self._scene = scene
        self._choice = choice
        self._makers: dict[Intent, Callable[[], str]] = {
            Intent.GREET: self._greeting,
            Intent.ASK_NAME: self._name,
            Intent.ASK_ALL: self._all_known,
            Intent.ASK_LIKES: lambda: self._things("you like", scene.memory.likes),
            Intent.ASK_DISLIKES: lambda: self._things("you don't like", scene.memory.dislikes),
            Intent.ASK_ECHO: self._echo,
            Intent.ASK_LAST_SAID: self._last_said,
            Intent.ASK_SAID: self._said,
            Intent.ASK_CHOICE: self._chosen,
            Intent.AGREE: self._agreed,
            Intent.WANT_CODE: lambda: self._fill(self._closest(script.code)),
            Intent.WANT_STORY: lambda: self._fill(self._closest(script.stories)),
            Intent.WANT_LIST: self._list,
            Intent.WANT_ESSAY: self._essay,
            Intent.WANT_MORE: self._more,
        }

    def text(self) -> str:
        """Return the whole answer, with a word of greeting where one is due."""
        body = self._body()
        if (
            self._scene.greeted
            and self._scene.is_first
            and self._scene.intent not in {Intent.GREET, Intent.TELL_NAME}
        ):
            return f"{sentences(self._say('greetings'))[0]} {body}"
        return body

    def _body(self) -> str:
        scene = self._scene
        if scene.intent is Intent.ASK and (known := self._own_fact()):
            return known
        if maker := self._makers.get(scene.intent):
            return maker()
        if scene.intent in _ON_TOPIC or (scene.topic and scene.intent is Intent.NOD):
            return self._thought()
        said = self._say(_OCCASIONS[scene.intent])
        if scene.topic and scene.intent in _WITH_TOPIC and "?" not in said:
            return f"{said} {self._on(scene.topic)}"
        return said

    def _say(self, occasion: str, **filling: str) -> str:
        lines = self._script.lines_for(occasion)
        if self._told_subject() == UNCLEAR and "subject" not in filling:
            lines = tuple(line for line in lines if "{subject}" not in line) or lines
        return self._fill(self._choice.line(lines), **filling)

    def _fill(self, line: str, **filling: str) -> str:
        """Put the words of this scene into a line, with a capital where a sentence starts."""
        scene = self._scene
        words = {
            "user": scene.user,
            "subject": self._told_subject(),
            "memory": scene.told.facts[-1] if scene.told.facts else scene.subject,
            "topic": (scene.topic or scene.last_topic or _Nothing).name,
        } | filling

        def word(match: re.Match[str]) -> str:
            if match[1] is None:
                return match[0]
            filled = words[match[1]]
            starts = _SENTENCE_START.search(line[: match.start()])
            return filled[:1].upper() + filled[1:] if starts else filled

        return PLACEHOLDER.sub(word, line)

    def _on(self, topic: Topic) -> str:
        """Say something on a topic, rather what shares a word with the message."""
        return self._fill(self._choice.line(topic.lines, near=self._scene.text))

    def _quote(self, text: str) -> str:
        """Quote a text as a sentence of its own."""
        if len(text) > _LONGEST_ECHO:
            text = text[:_LONGEST_ECHO].rsplit(" ", 1)[0] + "…"
        stop = "" if text.endswith((".", "!", "?", "…")) else "."
        return f"“{text[:1].upper()}{text[1:]}{stop}”"

    def _told_subject(self) -> str:
        told = self._scene.told
        if self._scene.intent is Intent.TELL_LIKE:
            return told.likes[-1]
        return (
            told.dislikes[-1] if self._scene.intent is Intent.TELL_DISLIKE else self._scene.subject
        )

    def _greeting(self) -> str:
        return self._say("returns" if self._scene.memory.is_return else "greetings")

    def _thought(self) -> str:
        """Say what the persona thinks of the matter, tied to what was said before."""
        scene = self._scene
        parts = [self._reminder() or self._weave()]
        if scene.topic:
            parts.append(self._on(scene.topic))
        else:
            parts.append(self._say(_OCCASIONS.get(scene.intent, "questions")))
        text = " ".join(filter(None, parts))
        if text.rstrip()[-1:] not in {"?", "`"} and self._choice.one_in(2):
            text += f" {self._say('follow_ups')}"
        return text

    def _reminder(self) -> str:
        """Recall a told fact that this message touches."""
        known = best_match(self._scene.text, self._scene.memory.clauses)
        if known is None or self._choice.said_lately(known, 4) or known in self._scene.told.facts:
            return ""
        return self._tie("{memory}", memory=known)

    def _weave(self) -> str:
        """Now and then tie the matter to an earlier topic."""
        scene = self._scene
        others = [topic for topic in scene.earlier_topics if scene.topic and topic != scene.topic]
        lately = self._choice.used_lately(self._script.weaves, _WEAVE_PAUSE)
        if not others or lately or not self._choice.one_in(2):
            return ""
        return self._tie("{topic}", topic=others[-1].name)

    def _tie(self, placeholder: str, **filling: str) -> str:
        """Say one of the weaves that has this placeholder, if one is left that was not said yet."""
        lines = [line for line in self._script.weaves if placeholder in line]
        if not self._choice.has_fresh(lines):
            return ""
        return self._fill(self._choice.line(lines), **filling)

    def _own_fact(self) -> str:
        """Answer a question for something that the person told."""
        scene = self._scene
        if not _ABOUT_OWN.search(scene.text):
            return ""
        if known := best_match(scene.text, scene.memory.clauses):
            return self._say("recall", memory=known)
        quote = best_match(scene.text, statements(scene.memory.said))
        return self._say("quotes", memory=self._quote(quote)) if quote else self._say("forgotten")

    def _name(self) -> str:
        name = self._scene.memory.name
        return (
            self._say("recall", memory=f"your name is {name}") if name else self._say("forgotten")
        )

    def _things(self, clause: str, things: Sequence[str]) -> str:
        return (
            self._say("recall", memory=f"{clause} {listed(things)}")
            if things
            else self._say("forgotten")
        )

    def _all_known(self) -> str:
        memory = self._scene.memory
        named = (f"your name is {memory.name}",) if memory.name else ()
        topics = dict.fromkeys(topic.name for topic in self._scene.earlier_topics[-_FEW:])
        asked = (f"you wanted to talk about {listed(tuple(topics))}",) if topics else ()
        known = (*named, *memory.clauses[-_MOST_KNOWN:]) or asked
        return self._say("recall", memory=listed(known)) if known else self._last_said()

    def _last_said(self) -> str:
        quote = last_statement(self._scene.memory.said)
        return self._say("quotes", memory=self._quote(quote)) if quote else self._say("forgotten")

    def _said(self) -> str:
        scene = self._scene
        if not content_words(scene.text):
            return self._all_known()
        quote = best_match(scene.text, statements(scene.memory.said)) or best_match(
            scene.text, scene.memory.said
        )
        return self._say("quotes", memory=self._quote(quote)) if quote else self._say("forgotten")

    def _echo(self) -> str:
        answers = self._scene.memory.answers
        if not answers:
            return self._say("forgotten")
        return self._say("echoes", memory=self._quote(" ".join(answers[-1].split())))

    def _agreed(self) -> str:
        """Take a yes for what was offered, where something was."""
        answers = self._scene.memory.answers
        offer = answers[-1][-_OFFER_LENGTH:].casefold() if answers else ""
        if offer.endswith("code?"):
            return self._fill(self._closest(self._script.code))
        return self._essay() if offer.endswith("detail?") else self._say("agreement")

    def _chosen(self) -> str:
        pair = options(self._scene.text)
        if pair is None:
            return self._thought()
        preferred = pair[self._choice.one_in(2)]
        return self._say("choices", subject=f"{pair[0]} and {pair[1]}", topic=preferred)

    def _closest(self, pieces: Sequence[str]) -> str:
        return self._choice.line(pieces, near=self._scene.text)

    def _list(self) -> str:
        topic = self._scene.topic or self._scene.last_topic
        points = [*(topic.points if topic else ()), *self._script.points]
        found = _COUNT.search(self._scene.text)
        count = _NUMBERS.get(found[1].lower()) or int(found[1]) if found else _USUAL_COUNT
        rows = [f"{n}. {self._fill(point)}" for n, point in enumerate(points[: max(count, 1)], 1)]
        return "\n".join([self._say("lists"), *rows, "", self._say("follow_ups")])

    def _essay(self) -> str:
        """Write at length: more than one message holds."""
        topic = self._scene.topic or self._scene.last_topic
        body = [*topic.lines, "\n".join(f"- {point}" for point in topic.points)] if topic else []
        paragraphs = [self._paragraph()]
        paragraphs += [self._fill(line) for line in body if line]
        rest = len(self._script.essays) - 1
        while rest and sum(map(len, paragraphs)) < _LONG_ENOUGH:
            paragraphs.append(self._paragraph())
            rest -= 1
        return "\n\n".join([*paragraphs, self._say("follow_ups")])

    def _paragraph(self) -> str:
        return self._fill(self._choice.next(self._script.essays))

    def _more(self) -> str:
        if wish := self._scene.last_wish:
            return self._makers.get(wish, lambda: self._say("jokes"))()
        topic = self._scene.topic or self._scene.last_topic
        if topic is None or not self._choice.has_fresh(topic.lines):
            return self._paragraph()
        return self._on(topic)


_Nothing = Topic(name="what we spoke of", keywords=(), lines=())
