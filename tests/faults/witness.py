"""What stands on the sandbox's Discord in the end: the only evidence about answers."""

import collections
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlite_utils

from multibot.home import Home
from multibot.sandbox.world import World

SETTLED = ("answered", "declined", "failed", "expired")
MOST_PARTS = 20


def nonce(bot: str, message_id: str, part: int = 0) -> str:
    """Name a part as the bots do, worked out here again."""
    return hashlib.blake2b(f"{bot}\0{message_id}\0{part}".encode(), digest_size=12).hexdigest()


@dataclass(frozen=True)
class Asked:
    """A message that one bot has to answer."""

    message_id: str
    channel_id: str
    bot: str


@dataclass
class Verdict:
    """How many of the messages were answered, and what was wrong."""

    asked: int = 0
    answered: int = 0
    lost: list[Asked] = field(default_factory=list)
    duplicates: list[Asked] = field(default_factory=list)


def judge(world: World, asked: Iterable[Asked], received: list[dict[str, Any]]) -> Verdict:
    """Count, for each message, the first parts of answers that stand in its channel.

    In guilds the reply reference says what is answered, in DMs the nonce does; a message that was
    deleted again does not stand there.
    """
    by_nonce = {row["message_id"]: row["nonce"] for row in received}
    standing: dict[str, list[str]] = collections.defaultdict(list)
    messages = [each for channel in world.channels.values() for each in channel.messages.values()]
    for each in messages:
        if each.author.bot:
            referred = each.reply_to.id if each.reply_to is not None else None
            standing[referred or str(by_nonce.get(each.id))].append(each.id)
    verdict = Verdict()
    for one in asked:
        verdict.asked += 1
        answers = standing[one.message_id] + standing[nonce(one.bot, one.message_id)]
        verdict.answered += bool(answers)
        if not answers:
            verdict.lost.append(one)
        if len(answers) > 1:
            verdict.duplicates.append(one)
    return verdict


def strangers(world: World, asked: Iterable[Asked], received: list[dict[str, Any]]) -> list[str]:
    """Name what bots said that is no part of an answer to any of these, or one that stands twice."""
    parts = range(MOST_PARTS)
    expected = {nonce(one.bot, one.message_id, part) for one in asked for part in parts}
    by_nonce = {row["message_id"]: row["nonce"] for row in received}
    found = []
    for channel in world.channels.values():
        for each in channel.messages.values():
            if each.author.bot and by_nonce.get(each.id) not in expected:
                found.append(f"{each.author.name} in {channel.name}: {each.content}")
            expected.discard(by_nonce.get(each.id, ""))
    return found


def unsettled(home: Home, asked: Iterable[Asked]) -> list[str]:
    """Name the messages whose bot has no final row for them yet."""
    database = sqlite_utils.Database(home.database)
    try:
        found = database.query("select bot_name, message_id, state from inbox")
        states = {(row["bot_name"], row["message_id"]): row["state"] for row in found}
    finally:
        database.close()
    return [
        each.message_id for each in asked if states.get((each.bot, each.message_id)) not in SETTLED
    ]


def states(home: Home) -> dict[str, int]:
    """Count the rows of the inbox by state and reason."""
    database = sqlite_utils.Database(home.database)
    try:
        sql = "select state || ' ' || reason as what, count(*) as n from inbox group by 1"
        return {row["what"]: row["n"] for row in database.query(sql)}
    finally:
        database.close()
