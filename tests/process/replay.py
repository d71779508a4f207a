"""Replay real chat through the sandbox and a real fleet, and count from outside what came of it.

`python -m tests.process.replay [FILE] [--lines N]` prints the counts; the suite asserts on them.

Order is counted within a session, and a session is one bot's: its key is bot, channel and user, as
no fleet file here asks for another `session_scope`. So two answers of one bot to one author in one
channel have to stand in the order of what they answer. Where several bots listen, they share no
history: that sage still thinks about somebody's first line when spark has answered the second is no
fault, and is not counted as one. Nor is what stands between an author's answers in different places.
"""

import argparse
import asyncio
import collections
import hashlib
import json
import re
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import sqlite_utils

from multibot.home import Home
from tests.process.fleet import BOTS, RunningFleet, chat_lines, pause

SAMPLE = Path(__file__).parent.parent / "data" / "chat_sample.jsonl"
# Who has to answer where, written out by hand from the fleet file: the oracle must not be the code
# it judges. In #lounge sage and spark both listen, and one of them answers.
OWNERS = {
    "#general": frozenset(),
    "#philosophy": frozenset({"sage"}),
    "#advice-career": frozenset({"sage"}),
    "#creative": frozenset({"spark"}),
    "#brainstorming": frozenset({"spark"}),
    "#tech-help": frozenset({"logic"}),
    "#research": frozenset({"logic"}),
    "#lounge": frozenset({"sage", "spark"}),
    "@sage": frozenset({"sage"}),
    "@spark": frozenset({"spark"}),
    "@logic": frozenset({"logic"}),
}
PLACES = tuple(OWNERS)
# A line that names a bot may be meant for it; those have tests of their own.
NAMES_A_BOT = re.compile(r"\b(sage|spark|logic)\b", re.IGNORECASE)
SETTLED = ("answered", "declined", "failed", "expired")


@dataclass
class Sent:
    """One line of chat as it was posted."""

    message_id: str
    channel_id: str
    place: str
    author_id: str
    expected: frozenset[str]


@dataclass
class Report:
    """What came of a replay."""

    sent: int = 0
    answered: int = 0
    answered_by: dict[str, int] = field(default_factory=dict)
    declined: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0
    missing: int = 0
    wrong_bot: int = 0
    unasked: int = 0
    out_of_order: int = 0


def place_of(author: str, number: int) -> str:
    """Give each author a main place, and every fourth line another one."""
    seed = f"{author}/{number if number % 4 == 0 else 'main'}"
    digest = hashlib.blake2b(seed.encode(), digest_size=4).digest()
    return PLACES[int.from_bytes(digest, "big") % len(PLACES)]


async def replay(fleet: RunningFleet, lines: list[tuple[str, str]]) -> Report:
    """Post every line in order, wait until every bot has dealt with it, and count."""
    spoken = [line for line in lines if not NAMES_A_BOT.search(line[1])]
    sent = [await _post(fleet, number, *line) for number, line in enumerate(spoken)]
    rows = await _settled(fleet, sent)
    return _count(sent, await fleet.received(), rows)


async def _post(fleet: RunningFleet, number: int, author: str, content: str) -> Sent:
    place = place_of(author, number)
    posted = await fleet.say(place, author, content)
    return Sent(
        message_id=posted["id"],
        channel_id=posted["channel_id"],
        place=place,
        author_id=posted["author"]["id"],
        expected=OWNERS[place],
    )


async def _settled(fleet: RunningFleet, sent: list[Sent]) -> list[dict[str, Any]]:
    """Wait until every message has a final row of every bot that saw it."""
    due = sum(1 if each.place.startswith("@") else len(BOTS) for each in sent)
    posted = {each.message_id for each in sent}
    rows: list[dict[str, Any]] = []
    for _ in range(2400):
        database = sqlite_utils.Database(fleet.home.database)
        found = database.query("select bot_name, message_id, state, reason from inbox")
        # The bots see each other's answers too.
        rows = [row for row in found if row["message_id"] in posted]
        database.close()
        if len(rows) >= due and all(row["state"] in SETTLED for row in rows):
            return rows
        await pause()
    counts = collections.Counter(row["state"] for row in rows)
    raise AssertionError(f"{len(rows)} of {due} rows: {counts}")


def _count(sent: list[Sent], received: list[dict[str, Any]], rows: list[dict[str, Any]]) -> Report:
    answers = _answers(sent, received)
    limited = {row["message_id"] for row in rows if row["reason"] == "rate_limited"}
    report = Report(sent=len(sent))
    by = collections.Counter[str]()
    for each in sent:
        who = answers[each.message_id]
        by.update(who)
        report.duplicates += max(0, len(who) - 1)
        report.wrong_bot += sum(1 for name in who if each.expected and name not in each.expected)
        report.unasked += 0 if each.expected else len(who)
        report.missing += bool(each.expected and not who and each.message_id not in limited)
        report.answered += bool(who)
    report.answered_by = dict(sorted(by.items()))
    declined = collections.Counter(row["reason"] for row in rows if row["state"] != "answered")
    report.declined = dict(sorted(declined.items()))
    report.out_of_order = _out_of_order(sent, received)
    return report


def _asked(sent: list[Sent], received: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Say of each visible answer which message it answers, and which bot gave it.

    The nonce of a first part names both; in guilds the reply reference must say the same.
    """
    by_nonce = {
        nonce(bot, each.message_id, 0): (each.message_id, bot) for each in sent for bot in BOTS
    }
    answers = []
    for row in received:
        if row["nonce"] in by_nonce and not row.get("deduplicated"):
            message_id, bot = by_nonce[row["nonce"]]
            assert bot == row["bot"]
            assert row["reply_to"] in {message_id, None}
            answers.append((message_id, bot))
    return answers


def nonce(bot: str, message_id: str, part: int) -> str:
    """Name a part as the bots do: worked out here again, so that a change there is noticed."""
    return hashlib.blake2b(f"{bot}\0{message_id}\0{part}".encode(), digest_size=12).hexdigest()


def _answers(sent: list[Sent], received: list[dict[str, Any]]) -> dict[str, list[str]]:
    answers: dict[str, list[str]] = collections.defaultdict(list)
    for message_id, bot in _asked(sent, received):
        answers[message_id].append(bot)
    return answers


def _out_of_order(sent: list[Sent], received: list[dict[str, Any]]) -> int:
    """Count answers that overtook an earlier one of their session."""
    position = {each.message_id: number for number, each in enumerate(sent)}
    session = {each.message_id: (each.channel_id, each.author_id) for each in sent}
    last: dict[tuple[str, str, str], int] = {}
    overtaken = 0
    for message_id, bot in _asked(sent, received):
        key = (*session[message_id], bot)
        overtaken += position[message_id] < last.get(key, -1)
        last[key] = max(position[message_id], last.get(key, -1))
    return overtaken


async def _main(path: Path, limit: int) -> None:
    with tempfile.TemporaryDirectory(prefix="multibot-replay-") as folder:
        async with RunningFleet(Home(Path(folder))) as fleet:
            await fleet.multibot("up")
            report = await replay(fleet, chat_lines(path, limit))
    print(json.dumps(asdict(report), indent=2))  # noqa: T201 - a program for people


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=SAMPLE)
    parser.add_argument("--lines", type=int, default=1000)
    chosen = parser.parse_args()
    asyncio.run(_main(chosen.file, chosen.lines))
