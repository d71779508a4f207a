"""What a person has told so far, read from the turns of the dialogue."""

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from multibot.conversation.prompt import Prompt
from multibot.responder.intent import Intent, classify, plain
from multibot.responder.wording import (
    asks,
    clause,
    content_words,
    sentences,
    turned_round,
    words_of,
)

_NAME = re.compile(
    r"\b(?i:my name(?:'s| is)|i(?:'m| am) called|i go by|(?:you can |please |just )?call me|(?:hi|hey|hello)[,!. ]+i(?:'m| am))"
    r" ([^\W\d_][\w'-]{0,30}(?: [A-Z][\w'-]{1,30})?)"
)
_NO_NAMES = words_of(
    "a an the not no on in at if when later back maybe crazy what unknown whatever so very just here new "
    "hidden long short hard easy stupid lazy and or but to from looking trying having going using"
)
# "I'm Mira." gives a name, "I'm Tired." and "I'm Dutch." do not.
_BARE_NAME = re.compile(
    r"^(?i:(?:it's|this is|i'm|i am|im)) ([A-Z][a-z'-]+)(?=[.!]*$|,| and\b| from\b|, | here\b)"
)
_NO_BARE_NAMES = _NO_NAMES | words_of(
    "tired bored excited worried confused married retired interested disappointed scared stressed exhausted depressed "
    "frustrated surprised annoyed done finished pleased blessed devastated sad happy angry mad glad sorry sure ready "
    "ok okay fine good great well bad ill sick better alone lonely afraid alive awake asleep busy hungry thirsty free "
    "cold hot late early home away lost stuck dead drunk sober single pregnant vegan vegetarian proud nervous anxious "
    "shy quiet serious kidding listening learning working everyone everybody nobody somebody it that this what who why how "
    "american british english german french dutch spanish italian russian polish swedish norwegian danish finnish irish scottish "
    "chinese japanese korean indian canadian australian brazilian mexican greek turkish african european asian christian "
    "muslim jewish catholic buddhist monday tuesday wednesday thursday friday saturday sunday"
)
_SOFTLY = (
    r"(?:really |absolutely |also |just |do |always |still |kind of |quite |so |very much |truly )*"
)
_LIKE = re.compile(
    rf"\bi(?:'m| am)? {_SOFTLY}(?:like|love|enjoy|adore|prefer|into|fond of|crazy about|a (?:big |huge )?fan of) (.+)",
    re.IGNORECASE,
)
_DISLIKE = re.compile(
    rf"\bi {_SOFTLY}(?:hate|dislike|detest|loathe|can't stand|cannot stand|don't (?:really )?(?:like|enjoy)|do not like) (.+)",
    re.IGNORECASE,
)
_FAVOURITE = re.compile(r"\bmy favou?rite \w+(?: \w+)? (?:is|are) (.+)", re.IGNORECASE)
_POINTING = re.compile(
    r"(?:it|that|this|them|you|your|how|what|when|where|the way|the idea|him|her|to think|to say|to know|to ask)\b",
    re.IGNORECASE,
)
_FACT = re.compile(
    r"^(?:(?:well|so|yes|yeah|no|also|and|but|because|actually|btw|oh|ok|okay|today|yesterday|now|fyi|anyway),? )*"
    r"(?P<fact>(?:"
    r"(?:i|we) (?:(?:don't|do not|never|usually|often|currently|now|recently|just|used to|also) )?"
    r"(?:live|work|use|study|come from|grew up|have (?!to\b|(?:an?|no|some)(?: \w+)? (?:questions?|ideas?|problems?|clue)\b)|own|play|moved|was born|speak|teach|run|drive|learn|eat|drink|keep|collect|"
    r"write|paint|draw|cook|bake|sing|dance|studied|worked|lived|bought|make|started|quit|adopted|read|built|made|lost|found|met|married)\b"
    r"|i(?:'m| am) (?:from|learning|working|building|writing|studying|reading|planning|moving|getting|living|\d+|"
    r"an? (?!bit\b|little\b|lot\b|fan\b)|married|single|vegan|vegetarian|allergic|retired)"
    r"|i've (?:got|been|had|lived|worked)\b"
    r"|my [^\W\d_]+(?: [^\W\d_]+)? (?:is|are|was|has|have|lives|works|likes|loves|died|plays|studies|broke|moved)\b"
    r"|my (?:sister|brother|mother|father|mum|mom|dad|wife|husband|partner|girlfriend|boyfriend|son|daughter|friend|"
    r"boss|cat|dog|uncle|aunt|grandmother|grandfather|teacher|neighbou?r|roommate) [^\W\d_]+s\b"
    r"(?! (?:that|it|why|what)\b)"
    r").+)",
    re.IGNORECASE,
)  # fmt: skip
_LONGEST_FACT = 110
_SHORTEST_QUOTE_WORDS = 3
_LONGEST_QUOTE = 240
_SAYING = frozenset({Intent.STATE, Intent.SUFFER, Intent.REJOICE})


class Told(NamedTuple):
    """What one message tells of its writer. Likes, dislikes and facts are said back: "you live ..."."""

    name: str | None = None
    likes: tuple[str, ...] = ()
    dislikes: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Memory:
    """All that one person told before the message that is to be answered, oldest first."""

    name: str | None
    likes: tuple[str, ...]
    dislikes: tuple[str, ...]
    facts: tuple[str, ...]
    said: tuple[str, ...]
    answers: tuple[str, ...]
    is_return: bool

    @property
    def claims(self) -> tuple[str, ...]:
        """Each single thing known but the name, as a clause of its own."""
        liked = (f"you like {thing}" for thing in self.likes)
        return (*self.facts, *liked, *(f"you don't like {thing}" for thing in self.dislikes))

    @property
    def clauses(self) -> tuple[str, ...]:
        """Everything known but the name, as clauses that fit after "you told me that"."""
        liked = (f"you like {listed(self.likes)}",) if self.likes else ()
        disliked = (f"you don't like {listed(self.dislikes)}",) if self.dislikes else ()
        return (*self.facts, *liked, *disliked)


@functools.lru_cache(maxsize=512)
def tell(text: str) -> Told:
    """Read what a plain text tells of its writer; questions tell nothing."""
    name = _name(text)
    likes: list[str] = []
    dislikes: list[str] = []
    facts: list[str] = []
    for sentence in _claims(text):
        name = _name(sentence) or name
        if thing := _liked(_DISLIKE, sentence):
            dislikes.append(thing)
        elif thing := _liked(_LIKE, sentence):
            likes.append(thing)
        elif not _is_naming(sentence) and (fact := _fact(sentence)):
            facts.append(fact)
    return Told(name, tuple(likes), tuple(dislikes), tuple(facts))


def _claims(text: str) -> Iterator[str]:
    """Yield what is stated, sentence by sentence and "and I ..." by "and I ..."."""
    for sentence in sentences(text):
        if not asks(sentence):
            yield from re.split(r",? (?:and|but) (?=(?:i|i'm|my)\b)", sentence, flags=re.IGNORECASE)


def recollect(prompt: Prompt, own_names: tuple[str, ...] = ()) -> Memory:
    """Gather what the person to be answered said in the turns before."""
    *earlier, _ = prompt.turns
    theirs = [t for t in earlier if t.role == "user" and t.name in {None, "", prompt.user_name}]
    said = tuple(text for turn in theirs if (text := plain(turn.content, own_names)))
    told = [tell(text) for text in said]
    return Memory(
        name=next((each.name for each in reversed(told) if each.name), None),
        likes=_distinct([thing for each in told for thing in each.likes]),
        dislikes=_distinct([thing for each in told for thing in each.dislikes]),
        facts=_distinct([fact for each in told for fact in each.facts]),
        said=said,
        answers=tuple(turn.content for turn in earlier if turn.role == "assistant"),
        is_return=bool(earlier) and earlier[-1].role == "system",
    )


def best_match(question: str, candidates: Sequence[str], *, of_claim: bool = False) -> str | None:
    """Return the newest of the candidates that shares the most meaning with a question.

    It shares at least half of what the question, or else the candidate itself, has of it.
    """
    asked = content_words(question)
    best, shared = None, 0
    for candidate in candidates:
        held = content_words(candidate)
        common = len(asked & held)
        enough = 2 * common >= len(held if of_claim else asked)
        if common and enough and common >= shared:
            best, shared = candidate, common
    return best


def statements(said: Sequence[str]) -> tuple[str, ...]:
    """Return the sentences of what was said that ask nothing."""
    each = (sentence for text in said for sentence in sentences(text))
    return tuple(sentence for sentence in each if not asks(sentence))


def worth_quoting(said: Sequence[str]) -> tuple[str, ...]:
    """Return what was said of the matter itself: no question, thanks, greeting or "hmm"."""
    each = (s for s in statements(said) if len(s.split()) >= _SHORTEST_QUOTE_WORDS)
    return tuple(sentence for sentence in each if classify(sentence) in _SAYING)


def quoted(text: str) -> str:
    """Quote a text as a sentence of its own."""
    text = " ".join(text.split())
    if len(text) > _LONGEST_QUOTE:
        text = text[:_LONGEST_QUOTE].rsplit(" ", 1)[0] + "…"
    stop = "" if text.endswith((".", "!", "?", "…")) else "."
    return f"“{text[:1].upper()}{text[1:]}{stop}”"


def last_said(said: Sequence[str]) -> str | None:
    """Return the newest thing said, be it a question, that has a few words."""
    worth = (text for text in reversed(said) if len(text.split()) >= _SHORTEST_QUOTE_WORDS)
    return next(worth, said[-1] if said else None)


def listed(items: Sequence[str]) -> str:
    """Join items as a person would."""
    if len(items) <= 1:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def _distinct(items: Sequence[str]) -> tuple[str, ...]:
    """Keep the newest of equal items, in order."""
    kept = {item.casefold(): item for item in items}
    return tuple(kept.values())


def _is_naming(sentence: str) -> bool:
    return _NAME.search(sentence) is not None or _name(sentence) is not None


def _name(sentence: str) -> str | None:
    given, bare = _NAME.search(sentence), _BARE_NAME.search(sentence)
    match = given or bare
    if match is None:
        return None
    name = match[1].strip("'-")
    if name.split()[0].lower() in (_NO_NAMES if given else _NO_BARE_NAMES):
        return None
    return name if name != name.lower() else name.capitalize()


def _liked(pattern: re.Pattern[str], sentence: str) -> str | None:
    match = pattern.search(sentence) or (_FAVOURITE.search(sentence) if pattern is _LIKE else None)
    if match is None or _POINTING.match(match[1]):
        return None
    thing = clause(match[1])
    return turned_round(thing) if 0 < len(thing) <= _LONGEST_FACT else None


def _fact(sentence: str) -> str | None:
    match = _FACT.search(sentence)
    fact = turned_round(clause(match["fact"])) if match else ""
    if re.fullmatch(r"you(?:'re| are) \d+", fact):
        fact += " years old"
    return fact if 0 < len(fact) <= _LONGEST_FACT else None
