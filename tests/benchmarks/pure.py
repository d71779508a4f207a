"""The rules that run for every message and every answer, which read nothing and wait for nothing."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from multibot.conversation import addressing, chunking
from multibot.conversation.addressing import FleetMember, Rules
from multibot.conversation.message import BotName, InboundMessage
from tests.benchmarks.figure import PER_SECOND, Effort, Figure
from tests.benchmarks.material import messages

Each = TypeVar("Each")
LIMIT = 2000
# The chat as one long answer, in characters.
ANSWER_LENGTH = 6000


def measure(effort: Effort) -> list[Figure]:
    """Measure how many a second one core does."""
    texts = effort.texts()
    me, *peers = (
        FleetMember(bot_name=BotName(name), user_id=str(number), names=(name, name.title()))
        for number, name in enumerate(("sage", "spark", "logic", "muse", "scout"), start=900)
    )
    rules = Rules(patterns=("general", "philosophy", "advice-*"))
    said = messages(effort.count(50_000), texts)
    elsewhere = [replace(each, channel_name="random") for each in said]
    answer = "\n".join(texts)[:ANSWER_LENGTH]
    answers = [answer] * effort.count(2_000)

    def decide(message: InboundMessage) -> object:
        return addressing.decide(message, me, peers, rules)

    return [
        Figure("decide, a candidate among 5 bots", _rate(decide, said), PER_SECOND),
        Figure("decide, another channel", _rate(decide, elsewhere), PER_SECOND),
        Figure(
            f"split an answer of {len(answer):,} characters",
            _rate(lambda text: chunking.split(text, LIMIT), answers),
            PER_SECOND,
            _rate(_slices, answers),
            "slices of 2,000",
        ),
    ]


def _slices(text: str) -> object:
    return [text[at : at + LIMIT] for at in range(0, len(text), LIMIT)]


def _rate(work: Callable[[Each], object], items: Sequence[Each]) -> float:
    started = time.perf_counter()
    for item in items:
        work(item)
    return len(items) / (time.perf_counter() - started)
