"""When a text speaks to somebody, and when it only speaks of them."""

import functools
import re
from collections.abc import Iterable

# A private-use character stands where removed text stood, so that what follows is not the first word.
_GAP = "\ue000"

_FENCE = re.compile(
    r"^[ \t]*(`{3,}|~{3,}).*?(?:^[ \t]*\1[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL
)
_INLINE_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
_REST_QUOTED = re.compile(r"^>>> .*", re.MULTILINE | re.DOTALL)
_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
_QUOTATION = re.compile(
    r"(?<!\w)\"[^\"\n]+\"(?!\w)|“[^”\n]+”|„[^“”\n]+[“”]|«[^»\n]+»|(?<!\w)'[^'\n]+'(?!\w)|(?<!\w)\u2018[^\u2019\n]+\u2019(?!\w)"
)
_URL = re.compile(r"<?\b[a-z][a-z0-9+.-]*://\S+|\bwww\.\S+", re.IGNORECASE)
_CUSTOM_EMOJI = re.compile(r"<a?:\w+:\d+>|(?<!\w):[\w+-]+:(?!\w)")
_MENTION = re.compile(r"<@!?(\d+)>")

_GREETING = (
    r"(?:hi+|hiya|hey+|heya|hello+|hullo|howdy|yo+|greetings|welcome(?:\ back)?"
    r"|ok|okay|alright|so|well|please|sorry|dear|oi|psst"
    r"|thanks|thank\ you|thankyou|thx|ty|cheers|many\ thanks"
    r"|good\ (?:morning|afternoon|evening|night|day)|morning|evening|gm|gn"
    r"|bye|goodbye|see\ you|night|congrats|bravo|well\ done)"
    r"(?:\ (?:there|again|so\ much|very\ much|a\ lot|to\ you))?"
)
# Bounded, so that a row of two thousand exclamation marks stays cheap.
_LEAD = rf"[^\w{_GAP}@]{{0,8}}"


def raw_mentions(content: str) -> frozenset[str]:
    """Return the user ids written as `<@id>` or `<@!id>`, outside code, where Discord shows them as mentions."""
    return frozenset(_MENTION.findall(_without_code(content)))


def is_name_address(content: str, names: Iterable[str]) -> bool:
    """Tell whether one of these names is used to speak to its owner."""
    return bool(addressed_names(content, names))


def addressed_names(content: str, names: Iterable[str]) -> frozenset[str]:
    """Return, case-folded, the names that the text speaks to.

    A name counts as the first word, after a greeting, or set off by a comma or colon; never inside
    code, quotes or URLs. Give the names of all, and the longest one that fits is taken: "Sage Two,
    hello" does not speak to Sage.
    """
    known = frozenset(" ".join(name.split()).casefold() for name in names) - {""}
    if not known:
        return frozenset()
    text = _spoken(content)
    found = (next(filter(None, match.groups())) for match in _address(known).finditer(text))
    return frozenset(" ".join(name.split()).casefold() for name in found) & known


def with_mention(content: str, user_id: str, names: Iterable[str]) -> str:
    """Make a text mention its addressee: where it begins with the name, else before all of it."""
    if user_id in raw_mentions(content):
        return content
    mention = f"<@{user_id}>"
    either = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True) if name)
    called = re.match(rf"@?(?:{either})(?=\s*[,:])", content, re.IGNORECASE) if either else None
    return f"{mention} {content}" if called is None else mention + content[called.end() :]


@functools.lru_cache(maxsize=64)
def _address(names: frozenset[str]) -> re.Pattern[str]:
    """Compile the four forms of address for these names, longest name first."""
    words = sorted(names, key=lambda name: (-len(name), name))
    either = "|".join(r"\s+".join(map(re.escape, word.split())) for word in words)
    # "sage-two", "sage's", "sage.io" and "sage/x" are other words, not sage.
    name = rf"({either})(?![\w{_GAP}]|['\u2019.\-/@]\w)"
    forms = (
        rf"\A{_LEAD}@?{name}",
        rf"(?:\A|(?<=[.!?…\n])){_LEAD}(?:{_GREETING}[\s,!.…]{{1,8}}){{1,3}}@?{name}",
        rf"(?:(?<=[.!?…]\s)|(?<=\n)){_LEAD}@?{name}(?=[*_]*\s*[,:])",
        rf",\s*@?{name}(?=[^\w{_GAP}\n]*(?:\n|\Z)|\s*[,:;.!?)…])",
    )
    return re.compile("|".join(forms).replace(r"\ ", r"\s+"), re.IGNORECASE)


def _without_code(content: str) -> str:
    return _INLINE_CODE.sub(_GAP, _FENCE.sub("", content))


def _spoken(content: str) -> str:
    """Reduce a text to the writer's own prose."""
    text = _QUOTED_LINE.sub("", _REST_QUOTED.sub("", _without_code(content)))
    text = _URL.sub(_GAP, text)
    return _QUOTATION.sub(_GAP, _CUSTOM_EMOJI.sub(" ", text))
