"""Real chat as the talk of a fleet: the most talkative people are bots, and answer the others."""

import gzip
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.importing.layouts import Line

BOTS = ("sage", "spark", "logic")
# So many of the most talkative people become bots, in turn.
TALKATIVE = 30
FIRST_ID = 100_000_000_000_000_000


def read(path: Path) -> list[dict[str, Any]]:
    """Read lines of JSON, packed or not: `channel`, `timestamp`, `author`, `content`."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        return [json.loads(line) for line in file]


def cast(messages: Iterable[dict[str, Any]]) -> list[Line]:
    """Make a turn of every message: a person's, or a bot's answer to the person before it."""
    messages = list(messages)
    speakers = [name for name, _ in Counter(each["author"] for each in messages).most_common()]
    bots = dict(zip(speakers[:TALKATIVE], itertools.cycle(BOTS), strict=False))
    return list(_lines(messages, bots))


def _lines(messages: list[dict[str, Any]], bots: dict[str, str]) -> Iterator[Line]:
    ids = {name: number for number, name in enumerate({each["author"]: None for each in messages})}
    channels = {each["channel"]: None for each in messages}
    numbers = {name: str(FIRST_ID + number) for number, name in enumerate(channels)}
    newest: dict[str, Line] = {}
    for number, each in enumerate(messages):
        author, channel = each["author"], each["channel"]
        at = each["timestamp"].removesuffix("+00:00") + "Z"
        asked = newest.get(channel)
        if author in bots and asked is not None:
            answer = {"role": "assistant", "username": bots[author], "answers": asked.message_id}
            said = asked._replace(bot=bots[author], at=at, content=each["content"], **answer)
            yield said._replace(message_id="")
            continue
        newest[channel] = Line(
            bot=BOTS[ids[author] % len(BOTS)],
            channel_id=numbers[channel],
            user_id=str(FIRST_ID + 1000 + ids[author]),
            role="user",
            at=at,
            content=each["content"],
            message_id=str(FIRST_ID + 1_000_000 + number),
            username=author,
            channel_name=channel,
        )
        yield newest[channel]


def owned(lines: Iterable[Line]) -> list[Line]:
    """Give each message of a person to the bot that answered it first, as a bot's own store has it."""
    lines = list(lines)
    answerers: dict[str, dict[str, None]] = {}
    for line in lines:
        if line.role == "assistant":
            answerers.setdefault(line.answers, {})[line.bot] = None
    found = []
    for line in lines:
        owners = [line.bot]
        if line.role == "user":
            owners = [*answerers.get(line.message_id, {line.bot: None})]
        found += [line._replace(bot=bot) for bot in owners]
    return found
