"""Who goes first when several bots may answer the same message."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from multibot.conversation.message import BotName, InboundMessage

CLAIM_STEP_SECONDS = 0.150
"""How long a candidate waits for each one that ranks before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A bot that may answer. Topics are its persona's preferred topics and engagement triggers."""

    bot_name: BotName
    priority: int
    topics: tuple[str, ...] = ()


def rank(
    me: BotName,
    candidates: Sequence[Candidate],
    message: InboundMessage,
    last_answerer: BotName | None,
) -> int:
    """Return this bot's place, 0 being first; a bot that is no candidate comes after all of them.

    Every bot computes the same order from the same facts: who answered this user's last message
    here, then priority, then topics found in the text, then a hash that differs by user.
    """

    def place(candidate: Candidate) -> tuple[bool, int, int, str]:
        return (
            candidate.bot_name != last_answerer,
            -candidate.priority,
            -topics_in(message.content, candidate.topics),
            _lot(candidate.bot_name, message),
        )

    order = [candidate.bot_name for candidate in sorted(candidates, key=place)]
    return order.index(me) if me in order else len(order)


def topics_in(text: str, topics: Sequence[str]) -> int:
    """Count the topics that the text names as whole words, whatever their case."""
    folded = text.casefold()
    distinct = {" ".join(topic.split()).casefold() for topic in topics} - {""}
    return sum(re.search(_whole(topic), folded) is not None for topic in distinct)


def _whole(topic: str) -> str:
    words = r"\s+".join(map(re.escape, topic.split()))
    return rf"(?<!\w){words}(?!\w)"


def _lot(candidate: BotName, message: InboundMessage) -> str:
    key = f"{candidate}\0{message.channel_id}\0{message.author_id}"
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
