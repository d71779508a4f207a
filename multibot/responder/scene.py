"""One message as the embedded responder understands it."""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from multibot.conversation.prompt import Prompt
from multibot.responder.intent import (
    Intent,
    classify,
    is_greeting,
    plain,
    without_list_words,
    without_openers,
)
from multibot.responder.memory import Memory, Told, recollect, tell
from multibot.responder.script import Script, Topic
from multibot.responder.wording import content_words, subject, words_of

_OVERRULED = frozenset({Intent.STATE, Intent.NOD, Intent.AGREE, Intent.GREET, Intent.DISAGREE})
_REPEATABLE = frozenset({Intent.WANT_JOKE, Intent.WANT_STORY, Intent.WANT_CODE})
_OPTIONS = re.compile(
    r"(?:\b(?P<before>[\w']+) )?\b(?P<left>[\w'-]+) or (?P<right>(?:[\w'-]+ ?){1,2})\?",
    re.IGNORECASE,
)
_LIKING = re.compile(r"\bi (?:really |do |just |also )*(?:love|like|enjoy|hate)\b")
_DETERMINERS = words_of("a an the my your our this that his her their in at on with for")
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
    last_topic: Topic | None
    earlier_topics: tuple[Topic, ...]
    told: Told
    memory: Memory

    @property
    def is_first(self) -> bool:
        """Whether nothing was said before."""
        return not self.memory.said and not self.memory.answers


def read(prompt: Prompt, script: Script, own_names: tuple[str, ...]) -> Scene:
    """Understand the last turn of a prompt in the light of the turns before."""
    text = plain(prompt.turns[-1].content, own_names)
    memory = recollect(prompt, own_names)
    told = tell(without_openers(text)) if not told_by_greeting(text) else tell(text)
    earlier = tuple(found for said in memory.said if (found := find_topic(said, script.topics)))
    intent = _intent(text, told)
    matter = without_list_words(text) if intent is Intent.WANT_LIST else text
    return Scene(
        text=text,
        intent=intent,
        greeted=is_greeting(text),
        user=_called(told.name or memory.name or prompt.user_name),
        subject=subject(without_openers(text)),
        last_wish=_last_wish(memory.said) if intent is Intent.WANT_MORE else None,
        topic=find_topic(matter, script.topics),
        last_topic=earlier[-1] if earlier else None,
        earlier_topics=earlier,
        told=told,
        memory=memory,
    )


def find_topic(text: str, topics: Sequence[Topic]) -> Topic | None:
    """Return the topic that most of the text's words speak of, the first of equals."""
    # "I love trains" speaks of trains, not of love.
    words = _LIKING.sub(" ", text.casefold())
    best, most = None, 0
    for topic in topics:
        weight = sum(map(_weight, set(_keywords(topic).findall(words))))
        if weight > most:
            best, most = topic, weight
    return best


def options(text: str) -> tuple[str, str] | None:
    """Return the two things a question asks to choose from, when they are plain to see."""
    found = _OPTIONS.search(text)
    if found is None:
        return None
    before, left, right = found["before"] or "", found["left"], found["right"].strip()
    if before.lower() in _DETERMINERS:
        if right.split()[0] != before:
            return None
        left = f"{before} {left}"
    return None if right.lower() in {"not", "what", "no", "else", "something"} else (left, right)


def told_by_greeting(text: str) -> bool:
    """Tell whether the text gives a name with its greeting: "hi, I'm Anna"."""
    return is_greeting(text) and tell(text).name is not None


@functools.lru_cache(maxsize=4096)
def _weight(keyword: str) -> int:
    """Let long keywords count more; those of common words alone ("should i") only break ties."""
    return len(keyword) if content_words(keyword) else 1


@functools.lru_cache(maxsize=256)
def _keywords(topic: Topic) -> re.Pattern[str]:
    """Compile the keywords, the longest first, with the endings that a word may have."""
    longest_first = sorted(map(str.casefold, topic.keywords), key=len, reverse=True)
    return re.compile(rf"(?<!\w)({'|'.join(map(re.escape, longest_first))})(?:s|es|ed|ing)?(?!\w)")


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
