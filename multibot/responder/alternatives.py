"""The two things that a question offers to choose from."""

import re

from multibot.responder.wording import turned_round, words_of

_THING = r"[\w'+#./-]+(?: [\w'+#./-]+)"
_VERSUS = re.compile(rf"({_THING}{{0,2}}) (?:vs\.?|versus) ({_THING}{{0,2}})", re.IGNORECASE)
_LED = re.compile(
    r"\b(?:should (?:i|we)|shall (?:i|we)|would you rather|do you (?:prefer|like)|prefer|better(?= to)|rather|"
    rf"better[:,]|better is|choose between|which one[:,]?) (?:to )?({_THING}{{0,5}}),? or (?:to )?({_THING}{{0,5}})\s*[?.!]*$",
    re.IGNORECASE,
)
_BETTER = re.compile(
    rf"\b(?:is|are|think) ({_THING}{{0,2}}) (?:better|worse|nicer|cooler|faster|stronger|safer) than ({_THING}{{0,2}})\s*\?*$",
    re.IGNORECASE,
)
_SHARED_VERB = re.compile(
    r"^(?:use|learn|take|buy|get|choose|pick|try|eat|drink|play|read|watch|order|make|be|go (?:with|for|to)) (?=(?:(?:the|an?|my|some) )?[\w-]+$)",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"(?P<list>, )?(?:\b(?P<before>[\w']+) )?\b(?P<left>[\w'-]+) or (?P<right>[\w'-]+(?: [\w'-]+)?)"
    r"(?: (?:for|in|on|to|with|at|as) [^?]*)?\s*\?",
    re.IGNORECASE,
)
_DETERMINERS = words_of("a an the my your our this that his her their in at on with for")
_NO_OPTIONS = words_of("not what no else something so anything whatever why")
_LEAD_IN = re.compile(
    r"^(?:(?:about|on|is|in|between|of|the|what|so|and|debate|which|better)\s+)+", re.IGNORECASE
)


def options(text: str) -> tuple[str, str] | None:
    """Return the two things a question asks to choose from, when they are plain to see."""
    if found := _BETTER.search(text):
        return turned_round(found[1]), turned_round(found[2])
    if found := _VERSUS.search(text):
        return turned_round(_LEAD_IN.sub("", found[1])), turned_round(found[2])
    led = _LED.search(text)
    pair = (_without_verb(led[1], led[2]), led[2].strip()) if led else _bare(text)
    if pair is None or pair[1].split()[0].lower() in _NO_OPTIONS:
        return None
    return turned_round(pair[0]), turned_round(pair[1])


def _without_verb(left: str, right: str) -> str:
    """Leave out a verb that both things share: "use redis or memcached"."""
    bare = _SHARED_VERB.sub("", left)
    return bare if len(bare.split()) == len(right.split()) else left


def _bare(text: str) -> tuple[str, str] | None:
    """Read "tea or coffee?": with a word before the first, the second has to have it too."""
    found = _BARE.search(text)
    if found is None or found["list"]:
        return None
    before, left, right = found["before"] or "", found["left"], found["right"].strip()
    if before.lower() not in _DETERMINERS:
        return left, right
    return (f"{before} {left}", right) if right.split()[0] == before else None
