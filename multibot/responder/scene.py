"""One message as the embedded responder understands it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from multibot.conversation.prompt import Prompt
from multibot.responder.intent import (
    Intent,
    asks_for_told,
    classify,
    is_greeting,
    plain,
    without_list_words,
    without_openers,
)
from multibot.responder.memory import Memory, Told, recollect, tell
from multibot.responder.script import Topic
from multibot.responder.topics import Topics
from multibot.responder.wording import UNCLEAR, subject

_OVERRULED = frozenset({Intent.STATE, Intent.NOD, Intent.AGREE, Intent.GREET, Intent.DISAGREE})
_REPEATABLE = frozenset({Intent.WANT_JOKE, Intent.WANT_STORY, Intent.WANT_CODE})
_GOING_ON = frozenset({Intent.ASK, Intent.ASK_REASON, Intent.STATE})
_ABOUT_TALK = frozenset(intent for intent in Intent if intent.startswith("ask_")) - {
    Intent.ASK_CHOICE,
    Intent.ASK_REASON,
}
_POINTING = re.compile(
    r"\b(?:it|that|this|these|those|they|them|he|she|him|her|one|there|then|else|also|too|still|again|instead|why|know|start|begin|help)\b",
    re.IGNORECASE,
)
_RECENT = 2
_LONGEST_NAME = 32
_FRIEND = "friend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is said, by whom, about what, and what is known from before."""

    text: str
    intent: Intent
    greeted: bool
    user: str
    subject: str
    last_wish: Intent | None
    topic: Topic | None
    recent_topics: tuple[Topic | None, ...]
    told: Told
    memory: Memory
    gist: str

    @property
    def earlier_topics(self) -> tuple[Topic, ...]:
        """The topics of what was said before, in order."""
        return tuple(topic for topic in self.recent_topics if topic)

    @property
    def last_topic(self) -> Topic | None:
        """The newest of the topics before."""
        return next(reversed(self.earlier_topics), None)

    @property
    def matter(self) -> Topic | None:
        """The topic, or the newest before it where this message names nothing else."""
        return self.topic or (self.last_topic if self.subject == UNCLEAR else None)

    @property
    def is_first(self) -> bool:
        """Whether nothing was said before."""
        return not self.memory.said and not self.memory.answers


def read(prompt: Prompt, topics: Topics, own_names: tuple[str, ...]) -> Scene:
    """Understand the last turn of a prompt in the light of the turns before."""
    text = plain(prompt.turns[-1].content, own_names)
    memory = recollect(prompt, own_names)
    told = tell(without_openers(text)) if not told_by_greeting(text) else tell(text)
    recent = tuple(_topic_before(said, topics) for said in memory.said)
    intent = _intent(text, told)
    about = subject(without_openers(text))
    matter = without_list_words(text) if intent is Intent.WANT_LIST else text
    topic = topics.best(matter) or topics.best(text)
    goes_on = about == UNCLEAR and intent in _GOING_ON and _POINTING.search(text)
    before = next(reversed(list(filter(None, recent[-_RECENT:]))), None)
    return Scene(
        text=text,
        intent=intent,
        greeted=is_greeting(text),
        user=_called(told.name or memory.name or prompt.user_name),
        subject=about,
        last_wish=_last_wish(memory.said) if intent is Intent.WANT_MORE else None,
        topic=topic or (before if goes_on else None),
        gist=text if topic or not memory.said else f"{memory.said[-1]} {text}",
        recent_topics=recent,
        told=told,
        memory=memory,
    )


def _topic_before(text: str, topics: Topics) -> Topic | None:
    """Return the topic of an earlier message, unless that was about the talk itself."""
    topic = topics.best(text)
    if topic is None or asks_for_told(text) or classify(text) in _ABOUT_TALK:
        return None
    return topic


def told_by_greeting(text: str) -> bool:
    """Tell whether the text gives a name with its greeting: "hi, I'm Anna"."""
    return is_greeting(text) and tell(text).name is not None


def _intent(text: str, told: Told) -> Intent:
    intent = classify(text)
    if intent not in _OVERRULED:
        return intent
    tells = (
        (told.name, Intent.TELL_NAME),
        (told.likes, Intent.TELL_LIKE),
        (told.dislikes, Intent.TELL_DISLIKE),
        (told.facts, Intent.TELL_FACT),
    )
    return next((telling for thing, telling in tells if thing), intent)


def _last_wish(said: Sequence[str]) -> Intent | None:
    """Return what "another one" would mean: the wish before, past other such words."""
    wishes = (classify(text) for text in reversed(said))
    last = next((wish for wish in wishes if wish is not Intent.WANT_MORE), None)
    return last if last in _REPEATABLE else None


def _called(name: str) -> str:
    """Return a name fit for a sentence."""
    return " ".join(name.split())[:_LONGEST_NAME].strip() or _FRIEND
