"""What the bots agree on for one message: who answers it, and whether its author may be answered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from multibot.clock import to_text
from multibot.conversation.message import BotName, InboundMessage
from multibot.store import statements

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

RATE_WINDOW = timedelta(seconds=60)
# No lease is longer: one that ends later was written before the clock went back.
LONGEST_LEASE = timedelta(minutes=10)


class ClaimOutcome(StrEnum):
    """How asking for a message ended."""

    WON = "won"
    TAKEN = "taken"
    RATE_LIMITED = "rate_limited"
    RATE_LIMITED_FIRST = "rate_limited_first"


class Admission(StrEnum):
    """Whether the fleet answers this message at all; FIRST has to say the notice."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    REFUSED_FIRST = "refused_first"


@dataclass(frozen=True, slots=True)
class Claim:
    """The outcome, who has the message now, and the fencing number of that holding."""

    outcome: ClaimOutcome
    holder: BotName | None = None
    fence: int = 0


class Claims:
    """One bot's hand in the shared tables; every method runs inside the caller's transaction."""

    def __init__(self, bot_name: BotName) -> None:
        self._bot_name = bot_name
        self._sql = statements.load()

    def admit(
        self,
        connection: "sqlite.Connection",
        message: InboundMessage,
        now: datetime,
        per_minute: int,
    ) -> Admission:
        """Count the message against its author, once however many bots ask.

        It counts at the moment it was written, so that what is read after an absence is judged as
        it would have been then.
        """
        known = self._sql.admission(connection, message_id=message.message_id)
        if known is not None:
            return Admission.ACCEPTED if known else Admission.REFUSED
        # Discord's clock may be ahead of ours.
        written = min(message.created_at, now)
        accepted = self._sql.accepted_since(
            connection,
            user_id=message.author_id,
            start=to_text(written - RATE_WINDOW),
            latest=to_text(written),
        )
        is_accepted = accepted < per_minute
        self._sql.insert_admission(
            connection,
            message_id=message.message_id,
            channel_id=message.channel_id,
            user_id=message.author_id,
            accepted=int(is_accepted),
            at=to_text(written),
        )
        if is_accepted:
            return Admission.ACCEPTED
        is_first = self.take_notice(
            connection, "rate", message.author_id, now=now, window=RATE_WINDOW
        )
        return Admission.REFUSED_FIRST if is_first else Admission.REFUSED

    def take_notice(
        self,
        connection: "sqlite.Connection",
        kind: str,
        subject: str,
        *,
        now: datetime,
        window: timedelta,
    ) -> bool:
        """Take the right to say a notice; it is free again at exactly the end of the window."""
        taken = self._sql.take_notice(
            connection,
            kind=kind,
            subject=subject,
            at=to_text(now),
            free_until=to_text(now - window),
            latest=to_text(now + window),
        )
        return taken is not None

    def claim(
        self,
        connection: "sqlite.Connection",
        message: InboundMessage,
        now: datetime,
        *,
        slots: int,
        lease: timedelta,
    ) -> Claim:
        """Take one of the message's slots, or say who has it."""
        own = self._sql.own_claim(
            connection, message_id=message.message_id, bot_name=self._bot_name
        )
        # One slot per bot: whoever has had one asks for that one only.
        for slot in range(slots) if own is None else (own[0],):
            fence = self._sql.take_slot(
                connection,
                message_id=message.message_id,
                slot=slot,
                channel_id=message.channel_id,
                bot_name=self._bot_name,
                at=to_text(now),
                expires_at=to_text(now + lease),
                latest=to_text(now + max(lease, LONGEST_LEASE)),
            )
            if fence is not None:
                return Claim(ClaimOutcome.WON, self._bot_name, fence)
        holder, fence = self._sql.claim_holder(connection, message_id=message.message_id)
        return Claim(ClaimOutcome.TAKEN, BotName(holder), fence)

    def renew(
        self, connection: "sqlite.Connection", message_id: str, now: datetime, lease: timedelta
    ) -> None:
        """Lengthen a lease, unless the claim is not ours any more."""
        self._sql.renew_claim(
            connection,
            message_id=message_id,
            bot_name=self._bot_name,
            expires_at=to_text(now + lease),
        )

    def settle(
        self, connection: "sqlite.Connection", message_id: str, now: datetime, state: str
    ) -> None:
        """Close the claim for good, or give it back where this bot declined after all."""
        key = {"message_id": message_id, "bot_name": self._bot_name, "at": to_text(now)}
        if state == "answered":
            self._sql.note_answered(connection, **key)
        if state == "declined":
            self._sql.release_claim(connection, **key)
        else:
            self._sql.settle_claim(connection, **key)
