"""Sessions of past turns, by the rules that living ones go by."""

import hashlib
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from multibot.clock import from_text
from multibot.conversation import session as rules_of_sessions
from multibot.conversation.message import SessionId
from multibot.conversation.past import PastSession, PastTurn
from multibot.conversation.session import OpenSession, SessionRules

RulesOf = Callable[[str], SessionRules]


class Placed(NamedTuple):
    """A turn, the number of the file it is from, and its session."""

    file: int
    turn: PastTurn
    session: PastSession


class _Run:
    """The session of one key that goes on, and the one before it, for late answers."""

    __slots__ = ("before", "last", "open", "questions", "session")

    def __init__(self, session: PastSession, at: datetime) -> None:
        self.session = session
        self.open = OpenSession(SessionId(session.session_id), at, at)
        self.last = at
        self.questions: set[str] = set()
        self.before: _Run | None = None


def rebuild(turns: Iterable[tuple[int, PastTurn]], rules_of: RulesOf) -> Iterator[Placed]:
    """Give each turn its session. Turns come by bot and channel, in the order of their times.

    A person's turn continues a session or begins one, as it does live. An answer belongs to the
    session of what it answers, where it says so; else to the one that goes on, unless it was silent
    for longer than the gap.
    """
    runs: dict[str, _Run] = {}
    place, rules = ("", ""), SessionRules()
    for file, turn in turns:
        if (turn.bot_name, turn.channel_id) != place:
            place, rules = (turn.bot_name, turn.channel_id), rules_of(turn.bot_name)
            runs.clear()
        user = turn.user_id if rules.scope == "user" else ""
        at = from_text(turn.at)
        run = _continued(runs.get(user), turn, at, rules)
        if run is None:
            run = _begin(turn, user, at, rules)
            run.before = runs.get(user)
            if run.before is not None:
                run.before.before = None
            runs[user] = run
        yield Placed(file, turn, run.session)


def _continued(run: _Run | None, turn: PastTurn, at: datetime, rules: SessionRules) -> _Run | None:
    if run is None:
        return None
    if turn.role == "user":
        if not rules_of_sessions.continues(run.open, at, rules):
            return None
        run.open = OpenSession(run.open.session_id, run.open.started_at, at)
        run.questions.add(turn.message_id)
    elif turn.answers is not None and run.before and turn.answers in run.before.questions:
        return run.before
    elif turn.answers not in run.questions and at - run.last > rules.gap:
        return None
    run.last = at
    return run


def _begin(turn: PastTurn, user: str, at: datetime, rules: SessionRules) -> _Run:
    what = f"{turn.bot_name} {turn.channel_id} {user} {turn.role} {turn.message_id}"
    session = PastSession(
        session_id=_id(at, what),
        user_id=user,
        started_at=turn.at,
        display_id=rules_of_sessions.display_id(at, rules.timeout),
    )
    run = _Run(session, at)
    if turn.role == "user":
        run.questions.add(turn.message_id)
    return run


def _id(at: datetime, what: str) -> str:
    """Make a UUID of the form that begins with a time (RFC 9562, version 7), the same one every time."""
    digest = hashlib.blake2b(what.encode(), digest_size=10).digest()
    first = max(0, int(at.timestamp() * 1000)).to_bytes(6)
    octets = bytearray(first + digest)
    octets[6] = 0x70 | octets[6] & 0x0F
    octets[8] = 0x80 | octets[8] & 0x3F
    return str(uuid.UUID(bytes=bytes(octets)))
