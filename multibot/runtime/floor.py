"""The right to say one thing in a channel: asked for when it is made, before any of it is stored."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from multibot.conversation.chain import ChainRules, Phase
from multibot.conversation.prompt import Task
from multibot.conversation.ruling import Outcome, Ruling
from multibot.errors import MultibotError, StoreUnavailableError
from multibot.store.chains import Chains, Sent
from multibot.store.exchanges import Place

Ask = Callable[[], Awaitable[Ruling]]

log = structlog.get_logger(__name__)


class FloorRefusedError(MultibotError):
    """What was made may not be said any more."""

    def __init__(self, ruling: Ruling) -> None:
        super().__init__(f"{ruling.reason}: {ruling.detail}")
        self.ruling = ruling


@dataclass(slots=True, kw_only=True)
class Floor:
    """What a bot may say as `turn`, which is the message it answers or a name for it.

    `to_bot` says that it speaks to another bot; then nobody apologises for it and it does not grow.
    What `is_counted` has its place before it stands, and is asked for once more when it leaves.
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
    outcome: str = field(default="", init=False)

    @property
    def is_for_people(self) -> bool:
        """Whether a person waits for it."""
        return self.task is Task.ANSWER and not self.to_bot

    async def take(self) -> None:
        """Ask; raise FloorRefusedError when it may not be said."""
        if self.ask is None:
            return
        self._require(await self.ask())

    async def leave(self) -> None:
        """Ask a last time, before the first part leaves; raise FloorRefusedError as `take` does."""
        if self.is_counted:
            self._require(await self.chains.may_leave(self.place, self.turn, self.rules))

    async def settle(self, sent_id: str | None) -> None:
        """Count what stands on Discord, or give back the right to what does not."""
        try:
            if sent_id is None:
                await self.chains.withdraw(self.place, self.turn, self.rules)
                return
            self.outcome = f"said as {sent_id}"
            await self.chains.sent(
                Sent(
                    place=self.place,
                    turn=self.turn,
                    message_id=sent_id,
                    in_exchange=self.to_bot,
                ),
                self.rules,
            )
        except StoreUnavailableError as error:
            # Whoever else hears it counts it too; what was not said is over with its chain.
            log.warning("not_counted", turn=self.turn, error=str(error))

    def _require(self, ruling: Ruling) -> None:
        if ruling.outcome is not Outcome.ANSWER:
            self.outcome = f"not said, {ruling.reason}: {ruling.detail}"
            raise FloorRefusedError(ruling)
