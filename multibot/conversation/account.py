"""Decisions in words and numbers, for whoever asks why a bot spoke or did not."""

import re
from collections.abc import Callable

from multibot.conversation.addressing import Reason

# How far a message has come, by the state of its row.
STANDING = {
    "received": "waits",
    "claimed": "answering",
    "generating": "answering",
    "sending": "answering",
    "answered": "answered",
    "declined": "silent",
    "failed": "failed",
    "expired": "expired",
}

# What bots say to nobody in particular: nobody asks why that was not answered.
UNREMARKABLE = ("author is a bot", "a bot that speaks to no bot")

_SENTENCES = {
    "waits": "I wait a moment before I answer it",
    "answering": "I am about to answer it",
    "answered": "I answered it",
    "silent": "I did not answer it",
    "failed": "I could not answer it",
    "expired": "I did not answer it in time",
}


def _seconds(match: re.Match[str]) -> dict[str, float | int]:
    return {"left_seconds": int(match[1]) * 60 + int(match[2])}


# What `ruling` and `addressing` write into a detail; a test holds the two together.
_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], dict[str, float | int]]], ...] = (
    (re.compile(r"(\d+):(\d\d) left"), _seconds),
    (
        re.compile(r"(?:waits|again) (\d+\.\d) s\b"),
        lambda match: {"left_seconds": float(match[1])},
    ),
    (
        re.compile(r"rolled (\d\.\d+), answers below (\d\.\d+)"),
        lambda match: {"roll": float(match[1]), "chance": float(match[2])},
    ),
    (
        re.compile(r"\bmessage (\d+) of (\d+)"),
        lambda match: {"count": int(match[1]), "limit": int(match[2])},
    ),
    (re.compile(r"^(\d+) messages of bots in a row"), lambda match: {"count": int(match[1])}),
    (re.compile(r"^message (\d+) is its own"), lambda match: {"count": int(match[1])}),
    (
        re.compile(r"(\d+(?:\.\d+)?) s before$"),
        lambda match: {"elapsed_seconds": float(match[1])},
    ),
    (
        re.compile(r"(?:waited|found after|found unanswered after) (\d+) s\b"),
        lambda match: {"elapsed_seconds": float(match[1])},
    ),
)

# Their details name channels and bots, and what looks like a number in them is a name.
_NO_NUMBERS = frozenset({Reason.PATTERN_MISMATCH, Reason.NOT_ADDRESSED, Reason.NOT_ALLOWED})


def numbers(reason: str, detail: str) -> dict[str, float | int | str]:
    """Read the numbers that decided out of a stored detail: time left, roll, count, holder."""
    found: dict[str, float | int | str] = {}
    if reason in _NO_NUMBERS:
        return found
    if reason == Reason.CLAIMED_BY and detail:
        found["holder"] = detail
    for pattern, read in _NUMBERS:
        if match := pattern.search(detail):
            found.update(read(match))
    return found


def in_words(state: str, reason: str, detail: str) -> str:
    """Say what a bot decided, as the bot itself would."""
    said = _SENTENCES[STANDING[state]]
    if reason == Reason.ANSWERED:
        return f"{said} ({detail})." if detail else f"{said}."
    why = reason.replace("_", " ")
    return f"{said}: {why} ({detail})." if detail else f"{said}: {why}."
