"""The right to say one thing in a channel: asked for when it is made, before any of it is stored."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from multibot.conversation.chain import ChainRules, Phase
from multibot.conversation.prompt import Task
from multibot.conversation.ruling import Outcome, Ruling
from multibot.errors import MultibotError, StoreUnavailableError
from multibot.store.chains import Chains, Sent
from multibot.store.exchanges import Place

Ask = Callable[[], Awaitable[Ruling]]
Note = Callable[[str], Awaitable[None]]

log = structlog.get_logger(__name__)


class FloorRefusedError(MultibotError):
    """What was made may not be said any more."""

    def __init__(self, ruling: Ruling) -> None:
        super().__init__(f"{ruling.reason}: {ruling.detail}")
        self.ruling = ruling


class PutOffError(MultibotError):
    """The process ends before this is said; the next one takes it up."""


@dataclass(slots=True, kw_only=True)
class Floor:
    """What a bot may say as `turn`, which is the message it answers or a name for it.

    `to_bot` says that it speaks to another bot; then nobody apologises for it and it does not grow.
    What `is_counted` has its place before it stands, and is asked for once more when it leaves.
    `counted` hears under which id it stands, `ended` what came of it.
    """

    chains: Chains
    rules: ChainRules
    place: Place
    turn: str
    ask: Ask | None = None
    to_bot: bool = False
    is_counted: bool = False
    task: Task = Task.ANSWER
    phase: Phase = Phase.OPEN
    counted: Note | None = None
    ended: Note | None = None
    outcome: str = field(default="", init=False)
    _is_new: bool = field(default=False, init=False)

    @property
    def is_for_people(self) -> bool:
        """Whether a person waits for it."""
        return self.task is Task.ANSWER and not self.to_bot

    async def take(self) -> bool:
        """Ask; raise FloorRefusedError when it may not be said, PutOffError when not any more now.

        True when it has become the last of its chain and does not say so: it has to be made anew.
        """
        if self.ask is None:
            return False
        self._require(given := await self.ask())
        self._is_new = True
        is_news = given.is_last and self.phase is not Phase.LAST
        if self.to_bot and self.task is Task.ANSWER:
            self.phase = given.phase
            return is_news
        return False

    async def leave(self, age: timedelta) -> None:
        """Ask a last time, before the first part leaves; raise FloorRefusedError as `take` does.

        `age` is that of the message, which counts for whatever does not leave at once.
        """
        if self.is_counted:
            late = timedelta() if self._is_new else age
            self._is_new = False
            asked = await self.chains.may_leave(self.place, self.turn, self.rules, age=late)
            self._require(asked)

    async def settle(self, sent_id: str | None, why: str = "") -> None:
        """Count what stands on Discord, or give back the right to what does not."""
        try:
            if sent_id is None:
                self.outcome = self.outcome or why
                await self.chains.withdraw(self.place, self.turn, self.rules)
            else:
                self.outcome = f"said as {sent_id}"
                await self._count(sent_id)
            if self.ended is not None:
                await self.ended(self.outcome)
        except StoreUnavailableError as error:
            # Whoever else hears it counts it too; what was not said is over with its chain.
            log.warning("not_counted", turn=self.turn, error=str(error))

    async def _count(self, sent_id: str) -> None:
        sent = Sent(place=self.place, turn=self.turn, message_id=sent_id, in_exchange=self.to_bot)
        await self.chains.sent(sent, self.rules)
        if self.counted is not None:
            await self.counted(sent_id)

    def _require(self, ruling: Ruling) -> None:
        if ruling.outcome is not Outcome.ANSWER:
            self.outcome = f"not said, {ruling.reason}: {ruling.detail}"
            raise FloorRefusedError(ruling)
