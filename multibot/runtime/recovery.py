"""Messages that were left: by an earlier process, by a store that was away, by a bot that died."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import structlog

from multibot.clock import Clock
from multibot.conversation.addressing import Reason
from multibot.conversation.message import InboundMessage
from multibot.errors import StoreUnavailableError
from multibot.runtime.delivery import Delivery, DeliveryError
from multibot.runtime.engine import Engine
from multibot.store.ledger import Ledger

SWEEP_SECONDS = 10.0

log = structlog.get_logger(__name__)


class Recovery:
    """Takes up, at the start and every few seconds, what nobody is dealing with."""

    def __init__(
        self,
        *,
        engine: Engine,
        ledger: Ledger,
        delivery: Delivery,
        clock: Clock,
        max_age: timedelta,
    ) -> None:
        self._engine = engine
        self._ledger = ledger
        self._delivery = delivery
        self._clock = clock
        self._max_age = max_age
        self._tasks: set[asyncio.Task[None]] = set()

    def take_up(self) -> int:
        """Resume every unfinished message that is not under way; say how many.

        Their places in the lanes are taken at once, so that nothing newer goes first.
        """
        left = [
            each
            for each in self._ledger.unfinished()
            if not self._engine.is_under_way(each.message.message_id)
        ]
        for each in left:
            ticket = self._engine.enter(each.message.channel_id, each.message.author_id)
            self._begin(self._engine.resume(each, ticket))
        if left:
            log.info("taken_up", messages=len(left))
        return len(left)

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            await self._clock.sleep(SWEEP_SECONDS)
            try:
                self.take_up()
                await self._take_over()
            except (StoreUnavailableError, DeliveryError) as error:
                log.warning("sweep_failed", error=str(error))

    async def _take_over(self) -> None:
        for channel_id, message_id in self._ledger.orphaned():
            if not self._engine.is_under_way(message_id):
                try:
                    await self._ask_for(channel_id, message_id)
                except DeliveryError as error:
                    log.warning("orphan_not_read", message=message_id, error=str(error))

    async def _ask_for(self, channel_id: str, message_id: str) -> None:
        message = await self._delivery.fetch(channel_id, message_id)
        if message is not None and self._clock.now() - message.created_at <= self._max_age:
            self._begin(self._take(message))
            return
        why = "its holder died, and it is gone" if message is None else "its holder died long ago"
        await self._ledger.finish(message_id, "expired", Reason.EXPIRED, why)

    async def _take(self, message: InboundMessage) -> None:
        ticket = self._engine.enter(message.channel_id, message.author_id)
        await self._engine.take_over(message, ticket)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("recovery_failed", exc_info=error)
