"""What one bot sends: every part of an answer, and where it stands on Discord."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import orjson

from multibot.clock import Clock, to_text
from multibot.conversation.message import BotName, InboundMessage
from multibot.errors import MultibotError
from multibot.store import connection, statements
from multibot.store.edits import Edits
from multibot.store.envelope import storable
from multibot.store.inbox import DealtWithError, Inbox
from multibot.store.sessions import Sessions
from multibot.store.writer import Writer

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

PartState = Literal["pending", "shown", "sent", "abandoned"]


class FencedOffError(MultibotError):
    """Another bot has taken this message over meanwhile."""


@dataclass(frozen=True, slots=True)
class OutboxPart:
    """One part of an answer.

    `pending` may or may not stand on Discord, `shown` stands there with a text that still grows,
    `sent` stands there for good, `abandoned` is to be deleted there.
    """

    part: int
    nonce: str
    content: str
    state: PartState = "pending"
    sent_message_id: str | None = None


class Outbox:
    """The parts of one bot's answers; `message_id` is that of the message they answer."""

    def __init__(
        self,
        bot_name: BotName,
        clock: Clock,
        *,
        reader: "sqlite.Connection",
        writer: Writer,
        edits: Edits,
        path: Path,
    ) -> None:
        self._bot_name = bot_name
        self._clock = clock
        self._reader = reader
        self._writer = writer
        self._path = path
        self._edits = edits
        self._inbox = Inbox(bot_name)
        self._sessions = Sessions(bot_name, clock)
        self._sql = statements.load()

    def parts(self, message_id: str) -> tuple[OutboxPart, ...]:
        """Return every part that was staged for a message, in order."""
        with connection.errors_of(self._path):
            return self._parts(self._reader, message_id)

    def is_known(self, sent_message_id: str) -> bool:
        """Say whether a message of this bot on Discord belongs to a turn already."""
        with connection.errors_of(self._path):
            found = self._sql.known_sent(
                self._reader, bot_name=self._bot_name, sent_message_id=sent_message_id
            )
        return found is not None

    async def stage(self, message_id: str, contents: Sequence[str]) -> tuple[OutboxPart, ...]:
        """Store a whole answer before it is sent; one staged before is returned as it was."""

        def job(writing: "sqlite.Connection") -> tuple[OutboxPart, ...]:
            if not self._parts(writing, message_id):
                self._require_ours(writing, message_id)
                for part, content in enumerate(contents):
                    self._sql.insert_outbox(writing, **self._row(message_id, part, content))
            self._begin_sending(writing, message_id)
            return self._parts(writing, message_id)

        return await self._writer.run(job)

    async def open_part(self, message_id: str, part: int, content: str) -> OutboxPart:
        """Store the beginning of a part that will grow, before it is shown.

        One that was stored before is returned as it was: with that text it may have arrived.
        """

        def job(writing: "sqlite.Connection") -> OutboxPart:
            self._require_ours(writing, message_id)
            self._sql.insert_outbox(writing, **self._row(message_id, part, content))
            return self._parts(writing, message_id)[part]

        return await self._writer.run(job)

    async def mark_shown(self, message_id: str, part: int, sent_message_id: str) -> None:
        """Note where a growing part stands on Discord."""
        await self._writer.run(
            lambda writing: self._sql.show_outbox(
                writing,
                **self._key(message_id),
                part=part,
                sent_message_id=sent_message_id,
                at=self._now(),
            )
        )
        await self._edits.settle(sent_message_id)

    async def finalise(self, message_id: str, contents: Sequence[str]) -> tuple[OutboxPart, ...]:
        """Store the final text of a grown answer; parts it no longer has become abandoned."""

        def job(writing: "sqlite.Connection") -> tuple[OutboxPart, ...]:
            self._require_ours(writing, message_id)
            for part, content in enumerate(contents):
                self._sql.finalise_outbox(writing, **self._row(message_id, part, content))
            key = self._key(message_id)
            self._sql.abandon_outbox(writing, **key, parts=len(contents))
            self._begin_sending(writing, message_id)
            return self._parts(writing, message_id)

        return await self._writer.run(job)

    async def mark_sent(
        self,
        message: InboundMessage,
        session_id: str,
        part: OutboxPart,
        sent_message_id: str,
        author_name: str,
        *,
        is_gone: bool = False,
    ) -> None:
        """Note that a part stands on Discord, and store it as a turn; a second time does nothing.

        What `is_gone` was there, and somebody has deleted it: so is its turn. What answers somebody
        who is forgotten meanwhile is no turn, though not all of theirs may be removed yet.
        """
        metadata = orjson.dumps({"response_to_message_id": message.message_id}).decode()

        def job(writing: "sqlite.Connection") -> None:
            own = {"bot_name": self._bot_name, "part": part.part, "at": self._now()}
            if not self._sql.send_outbox(
                writing, **own, message_id=message.message_id, sent_message_id=sent_message_id
            ):
                return
            if self._inbox.is_forgotten(writing, message):
                self._edits.empty(writing, [sent_message_id])
                return
            is_new = self._sql.insert_assistant_turn(
                writing,
                **own,
                trigger_id=message.message_id,
                session_id=session_id,
                message_id=sent_message_id,
                author_name=storable(author_name),
                content=storable(part.content),
                metadata=metadata,
            )
            if is_new or self._inbox.is_kept(writing, message.message_id):
                self._sessions.count_turn(writing, message.channel_id, session_id)
            if is_gone or not is_new:
                # Deleted, or forgotten together with what it answers.
                self._edits.empty(writing, [sent_message_id])

        await self._writer.run(job)
        await self._edits.settle(sent_message_id)

    async def abandon(self, message_id: str) -> tuple[OutboxPart, ...]:
        """Give an answer up that is not complete: whatever stands of it is to be deleted."""

        def job(writing: "sqlite.Connection") -> tuple[OutboxPart, ...]:
            self._sql.abandon_outbox(writing, **self._key(message_id), parts=0)
            return self._parts(writing, message_id)

        return await self._writer.run(job)

    async def drop(self, message_id: str, part: int) -> None:
        """Forget an abandoned part: it does not stand on Discord any more."""
        await self._writer.run(
            lambda writing: self._sql.drop_outbox(writing, **self._key(message_id), part=part)
        )

    def _require_ours(self, writing: "sqlite.Connection", message_id: str) -> None:
        """Refuse an answer to a message that was deleted or forgotten, or taken over meanwhile.

        Taking over looks into the outbox in its own transaction, so one of the two always yields.
        """
        self._inbox.require_open(writing, message_id)
        if not self._inbox.is_kept(writing, message_id):
            raise DealtWithError
        is_claimed = self._sql.claim_holder(writing, message_id=message_id) is not None
        if is_claimed and self._sql.own_claim(writing, **self._key(message_id)) is None:
            raise FencedOffError

    def _begin_sending(self, writing: "sqlite.Connection", message_id: str) -> None:
        """The text is made: the channel's next turn may begin, however long Discord takes."""
        key = self._key(message_id)
        self._sql.send_inbox(writing, **key, at=self._now())
        self._sql.leave_turn(writing, **key)

    def _parts(self, reading: "sqlite.Connection", message_id: str) -> tuple[OutboxPart, ...]:
        rows = list(self._sql.outbox_parts(reading, **self._key(message_id)))
        return tuple(OutboxPart(*row) for row in rows)

    def _key(self, message_id: str) -> dict[str, str]:
        return {"bot_name": self._bot_name, "message_id": message_id}

    def _row(self, message_id: str, part: int, content: str) -> dict[str, object]:
        return {
            **self._key(message_id),
            "part": part,
            "nonce": self._nonce(message_id, part),
            "content": storable(content),
            "at": self._now(),
        }

    def _now(self) -> str:
        return to_text(self._clock.now())

    def _nonce(self, message_id: str, part: int) -> str:
        """Name a part the same way in every process, so that Discord knows it again."""
        named = "\0".join((self._bot_name, message_id, str(part)))
        return hashlib.blake2b(named.encode(), digest_size=12).hexdigest()
