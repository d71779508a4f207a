"""What came in for one bot, what was decided, and what went out."""

import logging
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from multibot.clock import Clock, to_text
from multibot.conversation.addressing import Decision, Reason, Verdict
from multibot.conversation.message import BotName, InboundMessage
from multibot.conversation.session import SessionRules
from multibot.store import connection, statements
from multibot.store.claims import LONGEST_LEASE, Admission, Claim, ClaimOutcome, Claims
from multibot.store.cursors import Cursors
from multibot.store.edits import Edits
from multibot.store.envelope import storable, to_json
from multibot.store.inbox import DealtWithError, FinalState, Inbox
from multibot.store.sessions import Session, Sessions
from multibot.store.transaction import Durability
from multibot.store.turns import Turns
from multibot.store.unfinished import Unfinished, read_unfinished
from multibot.store.writer import Writer

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

log = logging.getLogger(__name__)


class Receipt(StrEnum):
    """What storing an incoming message found; FIRST has to say the one notice of this window.

    A duplicate was dealt with before, or its author was forgotten after writing it.
    """

    NEW = "new"
    DUPLICATE = "duplicate"
    RATE_LIMITED = "rate_limited"
    RATE_LIMITED_FIRST = "rate_limited_first"


_RECEIPTS = {
    Admission.ACCEPTED: Receipt.NEW,
    Admission.REFUSED: Receipt.RATE_LIMITED,
    Admission.REFUSED_FIRST: Receipt.RATE_LIMITED_FIRST,
}
_REFUSALS = {
    Admission.REFUSED: ClaimOutcome.RATE_LIMITED,
    Admission.REFUSED_FIRST: ClaimOutcome.RATE_LIMITED_FIRST,
}


class Ledger:
    """The inbox and outbox of one bot, and its hand in the fleet's claims."""

    def __init__(  # noqa: PLR0913 - the parts of one store, wired once, by keyword
        self,
        bot_name: BotName,
        clock: Clock,
        *,
        reader: "sqlite.Connection",
        writer: Writer,
        cursors: Cursors,
        edits: Edits,
        path: Path,
    ) -> None:
        self._bot_name = bot_name
        self._clock = clock
        self._reader = reader
        self._writer = writer
        self._cursors = cursors
        self._edits = edits
        self._path = path
        self._sessions = Sessions(bot_name, clock)
        self._inbox = Inbox(bot_name)
        self._claims = Claims(bot_name)
        self._turns = Turns(bot_name)
        self._sql = statements.load()

    async def receive(
        self, message: InboundMessage, decision: Decision, *, per_minute: int
    ) -> Receipt:
        """Store a message that is or may be ours, once; count it when it is to be answered."""
        body = to_json(message)
        move_cursor = self._cursors.step(message)

        def job(writing: "sqlite.Connection") -> Receipt:
            now = self._clock.now()
            is_new = self._inbox.insert(writing, message, decision, now=now, body=body)
            move_cursor(writing, now)
            if not is_new:
                return Receipt.DUPLICATE
            if decision.verdict is not Verdict.ANSWER:
                return Receipt.NEW
            admission = self._claims.admit(writing, message, now, per_minute)
            if admission is not Admission.ACCEPTED:
                self._inbox.decline(writing, message.message_id, now, Reason.RATE_LIMITED)
            return _RECEIPTS[admission]

        receipt = await self._writer.run(job)
        self._cursors.settled(message.channel_id, message.message_id)
        await self._edits.settle(message.message_id)
        return receipt

    async def undertake(self, occasion: InboundMessage, decision: Decision) -> bool:
        """Store what makes this bot speak up by itself, once; a kill then leaves it unfinished."""
        body = to_json(occasion)

        def job(writing: "sqlite.Connection") -> bool:
            now = self._clock.now()
            return self._inbox.insert(writing, occasion, decision, now=now, body=body)

        return await self._writer.run(job)

    async def decline(self, message: InboundMessage, decision: Decision) -> None:
        """Store why a message is not for this bot, without what it says."""
        move_cursor = self._cursors.step(message)

        def job(writing: "sqlite.Connection") -> None:
            now = self._clock.now()
            self._inbox.insert(writing, message, decision, now=now, body=None)
            move_cursor(writing, now)

        await self._writer.run(job, Durability.SOFT)
        self._cursors.settled(message.channel_id, message.message_id)

    async def claim(
        self, message: InboundMessage, *, slots: int, lease: timedelta, per_minute: int
    ) -> Claim:
        """Ask for a message that several bots may answer; what is lost becomes a decision row."""
        body = to_json(message)

        def job(writing: "sqlite.Connection") -> Claim:
            now = self._clock.now()
            if self._inbox.is_over(writing, message):
                return Claim(ClaimOutcome.TAKEN)
            admission = self._claims.admit(writing, message, now, per_minute)
            if admission is not Admission.ACCEPTED:
                self._inbox.decline(writing, message.message_id, now, Reason.RATE_LIMITED)
                return Claim(_REFUSALS[admission])
            claim = self._claims.claim(writing, message, now, slots=slots, lease=lease)
            if claim.outcome is ClaimOutcome.WON:
                self._inbox.take(writing, message.message_id, now, body)
            elif claim.holder != self._bot_name:
                holder = claim.holder or ""
                self._inbox.decline(writing, message.message_id, now, Reason.CLAIMED_BY, holder)
            return claim

        return await self._writer.run(job)

    async def renew(self, message_id: str, lease: timedelta) -> None:
        """Keep the place, and the claim if it is ours, while the answer is made."""

        def job(writing: "sqlite.Connection") -> None:
            now = self._clock.now()
            self._turns.renew(writing, message_id, now)
            self._claims.renew(writing, message_id, now, lease)

        await self._writer.run(job)

    def turns_ahead(self, message: InboundMessage) -> int:
        """Count the turns of the whole fleet in this channel that come before this one."""
        with connection.errors_of(self._path):
            return self._turns.ahead(self._reader, message, self._clock.now())

    def unfinished(self) -> tuple[Unfinished, ...]:
        """Return what an earlier process left under way, in the order it came."""
        with connection.errors_of(self._path):
            rows = list(self._sql.unfinished_inbox(self._reader, bot_name=self._bot_name))
        left = (read_unfinished(row) for row in rows if row[-1] is not None)
        return tuple(each for each in left if isinstance(each, Unfinished))

    async def give_up_unreadable(self) -> None:
        """Note as failed what was left in a form that nobody can read; call once, at the start."""
        with connection.errors_of(self._path):
            rows = list(self._sql.unfinished_inbox(self._reader, bot_name=self._bot_name))
        for row in rows:
            if row[-1] is not None and isinstance(error := read_unfinished(row), Exception):
                why = f"the stored message cannot be read: {error!r}"
                log.error("message %s is given up: %s", row[0], why)
                await self.finish(row[0], "failed", Reason.FAILED, why)

    def left(self, message_id: str) -> Unfinished | None:
        """Return one message that is unfinished; none when it is dealt with."""
        return next(
            (each for each in self.unfinished() if each.message.message_id == message_id), None
        )

    def holds_claim(self, message_id: str) -> bool:
        """Say whether this bot has a message because it won it from other candidates."""
        with connection.errors_of(self._path):
            found = self._sql.own_claim(
                self._reader, message_id=message_id, bot_name=self._bot_name
            )
        return found is not None

    def orphaned(self) -> tuple[tuple[str, str], ...]:
        """Name (channel, message) this bot lost to a holder whose claim lapsed without an answer."""
        with connection.errors_of(self._path):
            return tuple(
                self._sql.orphaned_claims(
                    self._reader,
                    bot_name=self._bot_name,
                    at=to_text(self._clock.now()),
                    latest=to_text(self._clock.now() + LONGEST_LEASE),
                )
            )

    async def leave_turns(self) -> None:
        """Give up the places that an earlier process of this bot held; call once, at the start."""
        await self._writer.run(self._turns.leave_all)

    async def notice_due(self, kind: str, subject: str, window: timedelta) -> bool:
        """Take the right to say a notice that the fleet says once per window."""
        return await self._writer.run(
            lambda writing: self._claims.take_notice(
                writing, kind, subject, now=self._clock.now(), window=window
            )
        )

    def last_answerer(self, channel_id: str, user_id: str, since: datetime) -> BotName | None:
        """Return the bot of the fleet that answered this user's last message here."""
        with connection.errors_of(self._path):
            found: str | None = self._sql.last_answerer(
                self._reader, channel_id=channel_id, user_id=user_id, since=to_text(since)
            )
        return None if found is None else BotName(found)

    async def begin(self, message: InboundMessage, rules: SessionRules) -> Session:
        """Open or continue the session, store the turn once, and take its place in the channel.

        Raise DealtWithError when the message has a final state, or its author was forgotten.
        Raise WithdrawnError when it was deleted and a part of its answer may stand.
        """

        def job(writing: "sqlite.Connection") -> Session:
            if self._inbox.is_forgotten(writing, message):
                raise DealtWithError
            now_said, stored_in = self._inbox.as_it_stands(writing, message)
            session = self._sessions.add_user_turn(writing, now_said, rules, stored_in)
            now = self._clock.now()
            self._turns.queue(writing, message, now)
            self._sql.generate_inbox(
                writing,
                bot_name=self._bot_name,
                message_id=message.message_id,
                session_id=session.session_id,
                at=to_text(now),
            )
            return session

        session = await self._writer.run(job)
        await self._edits.settle(message.message_id)
        return session

    async def finish(
        self, message_id: str, state: FinalState, reason: str, detail: str = ""
    ) -> None:
        """Note how a message ended; nobody takes its claim over, unless it was declined."""

        def job(writing: "sqlite.Connection") -> None:
            now = self._clock.now()
            self._sql.finish_inbox(
                writing,
                bot_name=self._bot_name,
                message_id=message_id,
                state=state,
                reason=str(reason),
                detail=storable(detail),
                at=to_text(now),
            )
            if state == "declined":
                # Whoever takes it over must not find an answer here.
                self._sql.drop_unsent(writing, bot_name=self._bot_name, message_id=message_id)
            self._claims.settle(writing, message_id, now, state)
            self._turns.leave(writing, message_id)

        await self._writer.run(job)
