"""One bot meets one message of another: counted, judged, claimed and written down at once."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from multibot.clock import from_text, to_text
from multibot.conversation import chain, judging, ruling
from multibot.conversation.addressing import Reason, Verdict
from multibot.conversation.chain import ChainRules, Exchange, Said
from multibot.conversation.judging import Sight
from multibot.conversation.message import BotName, InboundMessage
from multibot.conversation.overhearing import Heard
from multibot.conversation.ruling import How, Outcome, Ruling
from multibot.store import statements
from multibot.store.claims import LONGEST_LEASE, ClaimOutcome, Claims
from multibot.store.envelope import PLATFORM, storable, to_json
from multibot.store.exchanges import BotTurn, Channel, Place

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

YOUNG = timedelta(seconds=60)
UNDER_WAY = frozenset({"claimed", "generating", "sending"})
# A message refused for one of these begins no burst: it has not got so far.
_BEFORE_BURST = frozenset({Reason.NOT_ADDRESSED, Reason.EXPIRED, Reason.COOLDOWN, Reason.BURST})
_STATES = {Outcome.ANSWER: "claimed", Outcome.LATER: "received", Outcome.NO: "declined"}


class Meeting:
    """What happens in the transaction in which a bot meets a message; may be carried out again."""

    def __init__(
        self,
        me: BotName,
        message: InboundMessage,
        heard: Heard,
        rules: ChainRules,
        *,
        roll: float,
        age: timedelta,
    ) -> None:
        self._me = me
        self._message = message
        self._heard = heard
        self._rules = rules
        self._roll = roll
        # Clocks differ by less than this and messages travel for a moment: it was written just now.
        self._age = age if age >= YOUNG else timedelta()
        self._claims = Claims(me)
        self._sql = statements.load()
        self._key = {"bot_name": me, "message_id": message.message_id}

    def take_place(
        self, writing: "sqlite.Connection", now: datetime, *, again: bool
    ) -> Ruling | None:
        """Decide and write the decision down; None when that was done before."""
        before = self._sql.own_decision(writing, **self._key)
        if before is not None and not (again and _is_open(*before)):
            return None
        place = Place(self._message.channel_id, self._message.guild_id)
        channel = Channel(writing, place, self._rules, now)
        turn = self._count(channel, now)
        if self._heard.how is None:
            decided = self._not_addressed()
        elif before is not None and before[0] in UNDER_WAY:
            decided = self._resume(writing, channel, turn, now)
        else:
            reason = None if before is None else before[1]
            decided = self._judge(writing, channel.exchange, turn, now, before=reason)
        channel.save()
        self._write(writing, decided, now, is_new=before is None)
        return decided

    def _count(self, channel: Channel, now: datetime) -> BotTurn:
        said = Said(bot=self._heard.author, message_id=self._message.message_id, at=now - self._age)
        turn = channel.turn_of(self._heard.author, self._message, said.at)
        counted = channel.record(said, turn, in_exchange=self._heard.in_exchange)
        channel.exchange = chain.settled(channel.exchange, self._rules, now)
        return counted

    def _not_addressed(self) -> Ruling:
        others = ", ".join(self._heard.others)
        detail = f"addressed to {others}" if others else "a bot that speaks to no bot"
        return Ruling(outcome=Outcome.NO, reason=Reason.NOT_ADDRESSED, detail=detail)

    def _resume(
        self, writing: "sqlite.Connection", channel: Channel, turn: BotTurn, now: datetime
    ) -> Ruling:
        """Go on with what an earlier process of this bot had claimed."""
        fence, holder = self._claim(writing, now)
        if fence is None:
            return ruling.claimed_by(holder)
        exchange = channel.exchange
        own = channel.turn(self._me, self._message.message_id)
        if own is not None and own.message_id is None:
            exchange = chain.withdrawn(exchange, chain=own.chain)
        return Ruling(
            outcome=Outcome.ANSWER,
            reason=Reason.ANSWERED,
            detail="taken up again",
            chain=turn.chain or 0,
            number=exchange.message_count + 1,
            phase=chain.phase(exchange, self._rules),
            fence=fence,
        )

    def _judge(
        self,
        writing: "sqlite.Connection",
        exchange: Exchange,
        turn: BotTurn,
        now: datetime,
        *,
        before: str | None,
    ) -> Ruling:
        assert self._heard.how is not None  # noqa: S101 - only the addressed come here
        burst_id, burst_at = self._burst(writing, now)
        is_known = burst_id == self._message.message_id
        sight = Sight(
            me=self._me,
            author=self._heard.author,
            message_id=self._message.message_id,
            at=min(turn.said_at, now),
            how=self._heard.how,
            chain=turn.chain,
            is_retry=before == Reason.DELAY,
            was_held=before == Reason.CLAIMED_BY,
            begins=exchange.message_count == 1,
            burst_at=None if is_known else burst_at,
            holder=self._holder(writing, turn, now),
        )
        decided = judging.judge(sight, exchange, self._rules, now=now, roll=self._roll)
        if sight.how is not How.REPLY and not is_known and decided.reason not in _BEFORE_BURST:
            self._sql.begin_burst(
                writing, **self._burst_key(), message_id=sight.message_id, at=to_text(sight.at)
            )
        if decided.outcome is not Outcome.ANSWER:
            return decided
        # A lost roll would give the claim back in this transaction, so nobody could see the difference.
        fence, holder = self._claim(writing, now)
        if fence is None:
            return ruling.claimed_by(holder)
        self._sql.claim_bot_turn(
            writing,
            bot_name=self._heard.author,
            turn=turn.turn,
            message_id=self._message.message_id,
        )
        return replace(decided, fence=fence)

    def _claim(self, writing: "sqlite.Connection", now: datetime) -> tuple[int | None, BotName]:
        claim = self._claims.claim(
            writing, self._message, now, slots=1, lease=self._rules.claim_lease
        )
        won = claim.outcome is ClaimOutcome.WON
        return claim.fence if won else None, claim.holder or self._me

    def _holder(self, writing: "sqlite.Connection", turn: BotTurn, now: datetime) -> BotName | None:
        """Say who has the message, or has another part of it: then it may be this bot itself."""
        times = {"at": to_text(now), "latest": to_text(now + LONGEST_LEASE)}
        found = self._sql.held_claim(writing, **self._key, **times)
        is_other_part = turn.claimed_as not in {None, self._message.message_id}
        if found is None and is_other_part:
            found = self._sql.held_claim(writing, message_id=turn.claimed_as, bot_name="", **times)
        return None if found is None else BotName(found)

    def _burst(
        self, writing: "sqlite.Connection", now: datetime
    ) -> tuple[str | None, datetime | None]:
        row = self._sql.burst(writing, **self._burst_key())
        if row is None:
            return None, None
        began_at = from_text(row[1])
        # One of the future is from before the clock went back: nobody knows when that was.
        return row[0], None if began_at > now else began_at

    def _burst_key(self) -> dict[str, str]:
        return {
            "channel_id": self._message.channel_id,
            "author": self._heard.author,
            "bot_name": self._me,
        }

    def _write(
        self, writing: "sqlite.Connection", decided: Ruling, now: datetime, *, is_new: bool
    ) -> None:
        kept = to_json(self._message) if decided.outcome is not Outcome.NO else None
        decision = {
            **self._key,
            "state": _STATES[decided.outcome],
            "reason": decided.reason.value,
            "detail": storable(decided.detail),
            "message": kept,
            "at": to_text(now),
        }
        if not is_new:
            self._sql.decide_inbox(writing, **decision)
            return
        verdict = Verdict.NO if self._heard.how is None else Verdict.CANDIDATE
        self._sql.insert_inbox(
            writing,
            **decision,
            platform=PLATFORM,
            guild_id=self._message.guild_id,
            channel_id=self._message.channel_id,
            user_id=self._message.author_id,
            created_at=to_text(self._message.created_at),
            decision=verdict.value,
        )


def _is_open(state: str, reason: str) -> bool:
    """Say whether a decision may still change."""
    return (
        state in UNDER_WAY
        or state == "received"
        or (state == "declined" and reason == Reason.CLAIMED_BY)
    )
