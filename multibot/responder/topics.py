"""Which of a persona's topics a text speaks of, and which line on it suits the text best."""

import functools
import re
from collections.abc import Iterator, Sequence

from multibot.responder.script import Topic
from multibot.responder.wording import FILLERS, content_words, words_of

# "I love trains" speaks of trains, not of love.
_LIKING = re.compile(r"\bi (?:really |do |just |also )*(?:love|like|enjoy|hate)\b")
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*[+#]*")
_ENDINGS = (("s", ""), ("es", ""), ("ed", ""), ("ing", ""), ("ing", "e"), ("ies", "y"), ("'s", ""))
_ALONE = (1,)
_SHARED, _NAMED, _STRAY = 3, 2, 1
_FAINT, _COMMONPLACE = 1, 2
# Words that occur in talk about anything. One of them makes a topic only where little else is said.
_COMMON = words_of(
    "ability act advice air alone amount answer answers area ask back bad beat become best better block board book box break bring "
    "build building business buy call card care case cause chance change check choice choose city class clear close cold company "
    "compare concept condition content control cost course cut data day deal decide design detail develop difference different door "
    "draw drive early easy eat effect end evening event example expect experience face fail fair fall fast feel fiction field figure "
    "fill find fine fix focus food form free full game games general glue graph ground group grow guess hand happen happy head hear "
    "heat high hit hold home hope hot hour house human hurry hurt idea interest issue join kind land language last late lead learn "
    "learning leave level lie life light line list live load lock long lose lost love low machine main man map mark match matter meet "
    "memory message mind minute miss model month morning mount move movement muse name nature night number offer office old open option "
    "order page pain paint paper part party past pay people person picture piece place plan planning play player point poor port post "
    "power present pretty price print private problem process program promise public pull push quality query question questions quit "
    "random range rate read real reality reason remember report rest result review rich ride right river road rock room rule run sample "
    "save scale school score script search season self sell send sense series serve service set shape share ship short show side sign "
    "simple sing single sit size slow small social sorry sort sound space speak special speed spend spring stand star start state stay "
    "step stop store story street strong stuck study stuff success suffer summer support surprise switch table talk task teach team "
    "term test text theory thing thread tie time title token town train training travel tree trip trouble true truth try turn tv type "
    "types understand unit use value video view visit voice wait waiting walk walking wall war watch watching water wave weather week "
    "weekend weird white win winter wise woman wonder wondering word work world worry worth write wrong year young "
)  # fmt: skip


class Topics:
    """The topics of one script, by the words that bring them up."""

    def __init__(self, topics: Sequence[Topic]) -> None:
        self.all = tuple(topics)
        self._owners: dict[str, list[Topic]] = {}
        for topic in topics:
            for word in dict.fromkeys(map(_even, topic.keywords)):
                self._owners.setdefault(word, []).append(topic)
        self._lengths: dict[str, set[int]] = {}
        for words in (word.split() for word in self._owners if " " in word):
            self._lengths.setdefault(words[0], {1}).add(len(words))
        self._named = {line: self._keywords(line) for topic in topics for line in topic.lines}

    def ranked(self, text: str) -> tuple[Topic, ...]:
        """Return the topics that a text speaks of; those with more and rarer words go first."""
        text = _LIKING.sub(" ", text.casefold())
        found = self._keywords(text)
        is_half = 2 * len(found) >= len(content_words(text) | found)
        made = {
            topic.name
            for word in found
            if is_half or not _is_common(word)
            for topic in self._owners[word]
        }
        weights = dict.fromkeys(made, 0.0)
        # Sorted, since sums of fractions depend on the order and sets have another in each process.
        for word in sorted(found):
            for topic in self._owners[word]:
                if topic.name in made:
                    weights[topic.name] += _weight(word) / len(self._owners[word])
        known = (topic for topic in self.all if topic.name in made)
        return tuple(sorted(known, key=lambda topic: -weights[topic.name]))

    def best(self, text: str) -> Topic | None:
        """Return the topic that a text speaks of most, if it speaks of any."""
        return next(iter(self.ranked(text)), None)

    def fitness(self, line: str, text: str) -> float:
        """Measure how well a line suits a text: shared words suit, keywords of other matters do not."""
        named, asked = self._named.get(line, frozenset()), self._keywords(text)
        shared = len(content_words(line) & content_words(text))
        return _SHARED * shared + _NAMED * len(named & asked) - _STRAY * len(named - asked)

    def _keywords(self, text: str) -> frozenset[str]:
        return frozenset(self._found(_WORD.findall(text.casefold())))

    def _found(self, words: Sequence[str]) -> Iterator[str]:
        """Yield the keywords among these words, each also with the endings that it may have."""
        for start, word in enumerate(words):
            for length in self._lengths.get(word, _ALONE):
                phrase = word if length == 1 else " ".join(words[start : start + length])
                yield from (form for form in _forms(phrase) if form in self._owners)


@functools.lru_cache(maxsize=4096)
def _weight(word: str) -> int:
    """Weigh a keyword: a long one is a rare one, and the words of a mere question weigh least."""
    if _is_common(word):
        return _COMMONPLACE
    return _FAINT if FILLERS.issuperset(word.split()) else len(word)


def _even(keyword: str) -> str:
    return " ".join(_WORD.findall(keyword.casefold()))


def _is_common(word: str) -> bool:
    return word in _COMMON or word in FILLERS


@functools.lru_cache(maxsize=4096)
def _forms(phrase: str) -> tuple[str, ...]:
    """Return what a phrase may be a form of: "spaces" of "space", "writing" of "write"."""
    bare = (
        phrase.removesuffix(ending) + instead
        for ending, instead in _ENDINGS
        if phrase.endswith(ending)
    )
    return (phrase, *bare)
