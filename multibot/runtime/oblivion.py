"""Forgetting a user who asks a bot for it, while it goes on talking with everybody else."""

import asyncio
from typing import Any

import structlog

from multibot.clock import Clock
from multibot.conversation.message import BotName
from multibot.runtime.aside import aside
from multibot.store.archive import forgetting
from multibot.store.archive.forget import Scope
from multibot.store.stores import BotStore
from multibot.store.transaction import Durability, Job

# What is removed of is counted in turns: people know what these are.
TURNS = "conversations"

log = structlog.get_logger(__name__)


class Oblivion:
    """Looks for what belongs to a user in a thread, and removes it by the bot's own writer."""

    def __init__(self, *, bot_name: BotName, store: BotStore, clock: Clock) -> None:
        self._bot_name = bot_name
        self._store = store
        self._clock = clock
        # Each of them may read the whole file.
        self._one_at_a_time = asyncio.Lock()

    async def kept(self, user_id: str, *, everywhere: bool) -> int:
        """Count the turns that would be removed."""
        scope = self._scope(user_id, everywhere=everywhere)
        async with self._one_at_a_time:
            rows = await aside(lambda: forgetting.survey(self._store.home, scope))
        return rows.get(TURNS, 0)

    async def forget(self, user_id: str, *, everywhere: bool) -> int:
        """Forget a user in this bot, or in all bots of the fleet; return how many turns went."""
        scope = self._scope(user_id, everywhere=everywhere)
        loop = asyncio.get_running_loop()

        def write(job: Job[Any], durability: Durability) -> Any:
            written = asyncio.run_coroutine_threadsafe(
                self._store.writer.run(job, durability), loop
            )
            return written.result()

        async with self._one_at_a_time:
            done = await aside(
                lambda: forgetting.forget(self._store.home, scope, self._clock, write)
            )
        log.info("forgotten", rows=sum(done.rows.values()), wal_cleared=done.is_cleared)
        return done.rows.get(TURNS, 0)

    def _scope(self, user_id: str, *, everywhere: bool) -> Scope:
        return Scope(user_id=user_id, bot_name="" if everywhere else self._bot_name)
