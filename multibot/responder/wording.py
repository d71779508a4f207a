"""A person's words turned round, and what they are about."""

import functools
import re
from collections.abc import Sequence

_TURNED = {
    "i": "you", "me": "you", "my": "your", "mine": "yours", "myself": "yourself", "am": "are",
    "i'm": "you're", "i've": "you've", "i'd": "you'd", "i'll": "you'll", "im": "you're",
    "you": "me", "your": "my", "yours": "mine", "yourself": "myself", "you're": "I'm",
    "you've": "I've", "you'd": "I'd", "you'll": "I'll", "we": "you", "our": "your", "us": "you",
    "ours": "yours", "i was": "you were", "we were": "you were", "you are": "I'm", "you were": "I was", "we're": "you're", "we've": "you've", "we are": "you are",
}  # fmt: skip
# Before these `you` is who does it.
_DOING = "can can't could will won't would should may might must do don't did didn't have had know think want need like say said see find found"
_TURNED |= {f"you {verb}": f"I {verb}" for verb in _DOING.split()}
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_TURNING = re.compile(
    rf"\b(?:(?:i|we|you) (?:was|were|are)\b|you (?:{'|'.join(_DOING.split())})(?![\w'])|[^\W_]+(?:'[^\W_]+)?)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?:[^.!?\n]|\.(?=\w))+[.!?]*")
_CLAUSE_END = re.compile(
    r"[.!?;,:\n()]|\s-\s|\s(?:because|but|if|when|while|although|though|so that|so|since|and (?:i|it|he|she|they|we|then|that)|please|then|anyway|in (?:\w+ )?(?:detail|depth)|at length|lately|right now|at all|nowadays)\b",
    re.IGNORECASE,
)
_LONGEST_SUBJECT = 7
_SHORTEST_WORD = 3
_LONGEST_NOUN = 24
UNCLEAR = "that"
"""The subject of a text that names none."""


def words_of(text: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text.split())


FILLERS = words_of(
    "a about after again all also always am an and any anyone anything are as ask at be because been before being "
    "but by can can't could day did didn't do does doesn't doing don't done else even ever every everything fact far "
    "feel feels few find first for get gets getting give go goes going gone good got had hard has hasn't have "
    "having he he'd he's hello help her here hey hi him his hmm how however i i'd i'll i'm i've idea if im in into is isn't it "
    "it's its just keep kind know later least less let let's like likely little lol long look lot lots love made make makes many "
    "may maybe me mean means might mind more most much must my myself need needs never new nice no not nothing now of "
    "off often oh ok okay on once one only or other our out over own perhaps please point pretty probably put quite "
    "rather real really remember right said same say says see seem seems she should since so some somebody someone something "
    "sometimes soon sort still stuff such sure take tell than thank thanks that that's the their them then there there's these "
    "they they're thing things think this those though thought through to today tomorrow too tried try trying two under until "
    "up us very want wanted wants was wasn't way we we're well went were what what's when where which while "
    "who whole why will wish with without won't would wouldn't yeah yes yesterday yet you you're your yours yourself "
    "favorite favourite asked told tells talk talking"
)  # fmt: skip
"""Words that a text can be full of and yet say nothing."""
# These say something about a person, but are no subject.
_NO_SUBJECT = FILLERS | words_of(
    "already whether either neither besides instead against around between during thats dont ive wont cant didnt doesnt isnt youre hes shes whats theres arent wasnt havent course question answer example reason whatever nobody everyone everybody somewhere anyway actually "
    "bit couple mine yours ago from live lives use used uses using work works working old year years anymore honestly"
)

_VERB = r"(?:is|isn't|are|aren't|was|were|has|have|had|does|doesn't|do|don't|did|didn't|keeps?|won't|can't|will|can|would|never|always|still|just)\b"
_ASKED = re.compile(
    r"^(?:(?:what|whats|what's|who|whom|whose|where|when|why|how|which)\b(?! (?:i|we|he|she|they|it|my|the|a|an)\b)"
    r"|(?:is|are|am|was|were|do|does|did|don't|can|could|should|would|will|shall|may|might|have|has) "
    r"(?:i|you|we|he|she|it|they|there|this|that|these|those|the|my|your|our|any(?:one|body|thing)?|some(?:one|body)|people)\b"
    r"|(?:please |can you )?(?:tell|give|show|send|explain|describe|define|help|write|list|repeat|remind|say|name|suggest|recommend|imagine|let's|guess)\b)",
    re.IGNORECASE,
)
_SUBJECTS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), form)
    for pattern, form in (
        (r"(?:^|[,;] |\b(?:if|whether) )should i (.+)", "whether to {}"),
        (rf"^(?:what|which) ([^\W\d_]{{3,}}) {_VERB}", "the {}"),
        (r"\bhow (?:do|can|should|would|could|might) (?:i|you|we|one|people) (.+)", "how to {}"),
        (r"\b(?:how|learn|learning|trying|want(?:ed)?|hope|plan(?:ning)?|decided|need|like|love|afraid) to (.+)", "how to {}"),
        (r"\b(?:think|thoughts|opinion|feel|tell me|talk(?:ing)?|know|anything|something|everything|more|all|curious|wondering|question|thinking|worried|worry|dream(?:ing|t)?|ideas?|list|stor(?:y|ies)|jokes?|poem|tips|essay|advice|view|detail|learn(?:ing)?|book|example|function|script|code|one) (?:about|of|on|regarding|for) (.+)", "{}"),
        (r"\b(?:what (?:exactly )?(?:is|are|was|were)|what's|whats|who (?:is|was)|who's|define|explain|describe|meaning of) (.+)", "{}"),
        (r"\bi(?:'m| am) ((?:\w{3,}ing) .+)", "{}"),
        (r"\bi(?:'m| am|'ve been) ((?:an?|so|too|very|really|always) .+)", "being {}"),
        (r"\bi feel (?!like|that)(.+)", "feeling {}"),
        (rf"\b(?:my|our) ((?:[^\W\d_]+ ){{0,2}}?[^\W\d_]{{3,}})(?= {_VERB}|[,.!?;]|$)", "your {}"),
        (r"\b(?:my|our) ([^\W\d_]{3,})\b", "your {}"),
    )
)  # fmt: skip
_ADJECTIVE = (
    r"(?:new|old|big|small|good|bad|best|worst|last|first|same|other|whole|long|great|real|right|wrong|"
    r"different|simple|hard|easy|little|next|only|perfect|main)"
)
_NOUN_END = rf"(?= {_VERB}| (?:to|in|of|for|on|at|and|or|with|that|which|as|by|than|but|when|if|about)\b|[,.!?;:)]|$)"
# What a sentence says something of: after an article, after a preposition, or before its verb.
_NOUNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"^(?:(?:why|how|when|where) )?{_VERB} ((?:the|an?|this|these|those) (?:{_ADJECTIVE} )?([^\W\d_]{{3,}})) (?!of\b)",
        rf"\b((?:the|an?|this|these|those) ((?:[^\W\d_]{{3,}} ){{0,2}}?[^\W\d_]{{3,}})){_NOUN_END}",
        rf"\b((?:the|an?|this|these|those) (?:{_ADJECTIVE} )?([^\W\d_]{{3,}}))\b",
        rf"\b(?:think|believe|say|that) (?:that )?(([^\W\d_]{{4,}})) {_VERB}",
        rf"^(?:(?:why|how|when) )?{_VERB} (([^\W\d_]{{3,}}))\b",
        rf"^(([^\W\d_]{{4,}})) {_VERB}",
        r"\b(?:about|of|with|without|like|for|from|in|on|into|against) (([^\W\d_]{4,}))\b",
    )
)
_NO_NOUN_ENDINGS = ("ly", "ed", "ful", "ous", "less", "able", "ible")
_ADDRESSEE = re.compile(r"^[\w.|`^-]{2,}[:,] +(?=\S+ \S)")


def turned_round(text: str) -> str:
    """Say the writer's words back: I becomes you, my becomes your, and the other way about."""
    return _TURNING.sub(lambda match: _TURNED.get(match[0].lower(), match[0]), text)


def clause(text: str) -> str:
    """Return the first clause, without what hangs on to it."""
    cut = _CLAUSE_END.search(text)
    return (text[: cut.start()] if cut else text).strip(" \"'*_~|-")


def sentences(text: str) -> tuple[str, ...]:
    """Return the sentences of a text, each with its own full stop or question mark."""
    return tuple(found.strip() for found in _SENTENCE.findall(text) if _WORD.search(found))


def asks(sentence: str) -> bool:
    """Tell whether a sentence asks for something, be it without a question mark, and so claims nothing."""
    return sentence.endswith("?") or _ASKED.match(sentence) is not None


@functools.lru_cache(maxsize=4096)
def content_words(text: str) -> frozenset[str]:
    """Return the words that carry meaning, lower case, plurals made singular."""
    words = (word.lower() for word in _WORD.findall(text))
    return frozenset(
        _singular(word) for word in words if len(word) >= _SHORTEST_WORD and word not in FILLERS
    )


def subject(text: str) -> str:
    """Name what a text is about, as a phrase that fits after "about"; "that" when it is unclear."""
    text = _ADDRESSEE.sub("", text)
    said = sentences(text)
    asked = [sentence for sentence in said if sentence.endswith("?")]
    for sentence in (*reversed(asked), *said):
        for pattern, form in _SUBJECTS:
            match = pattern.search(sentence)
            phrase = _phrase(match[1]) if match else ""
            if phrase and (form != "your {}" or _is_noun(phrase)):
                return form.format(phrase)
    return _noun((*reversed(asked), *said))


def _phrase(tail: str) -> str:
    """Return a clause that is short enough, and says enough, to be said back."""
    words = clause(tail).split()
    if not 0 < len(words) <= _LONGEST_SUBJECT or not content_words(" ".join(words)):
        return ""
    return turned_round(" ".join(words))


def _noun(said: Sequence[str]) -> str:
    """Return what looks most like a noun; a wrong one would be worse than none."""
    for sentence in said:
        matches = (match for pattern in _NOUNS for match in pattern.finditer(sentence))
        for match in matches:
            if _is_noun(match[2]):
                return match[1] if match[1][1:] != match[1][1:].lower() else match[1].lower()
    return UNCLEAR


def _is_noun(phrase: str) -> bool:
    """Tell whether a phrase may be a noun with what describes it."""
    words = phrase.lower().split()
    if not _NO_SUBJECT.isdisjoint(words) or len(words[-1]) > _LONGEST_NOUN:
        return False
    is_verbal = len(words) > 1 and words[-1].endswith(("s", "ing"))
    return not is_verbal and not words[-1].endswith(_NO_NOUN_ENDINGS)


def _singular(word: str) -> str:
    is_plural = len(word) > _SHORTEST_WORD and word.endswith("s") and not word.endswith("ss")
    return word[:-1] if is_plural else word
