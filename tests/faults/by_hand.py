"""A crowd without supervisord: each bot is started, killed and started again by the test."""

import asyncio
import contextlib
import signal
from asyncio.subprocess import Process
from dataclasses import dataclass, field
from typing import Self

from multibot.clock import SystemClock
from multibot.store.migrate import migrate
from tests.faults.crowd import Crowd
from tests.process.fleet import until


@dataclass
class ByHand(Crowd):
    """Starts real bot processes as `multibot run` does; none outlives the context."""

    processes: dict[str, Process] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await asyncio.to_thread(migrate, self.home, SystemClock())
        return self

    async def __aexit__(self, *_: object) -> None:
        for bot in self.processes:
            await self.kill(bot)
        await self._http.close()
        await self._sandbox.close()

    async def start(self, bot: str) -> Process:
        """Start a bot; it is not ready yet."""
        process = self.processes[bot] = await self.run(bot)
        return process

    async def start_all(self) -> None:
        """Start every bot, and wait until all are ready."""
        for bot in self.bots:
            await self.start(bot)
        await until(lambda: all(map(self.is_up, self.bots)), "every bot ready")

    def is_up(self, bot: str) -> bool:
        """Say whether the process started last is ready."""
        return self.pids().get(bot) == self.processes[bot].pid

    async def kill(self, bot: str) -> None:
        """End a bot with kill -9, if it still runs."""
        process = self.processes[bot]
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()

    async def stop(self, bot: str) -> tuple[int, str]:
        """End a bot with SIGTERM; return its exit code and what it said."""
        process = self.processes[bot]
        process.send_signal(signal.SIGTERM)
        output, _ = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode is not None
        return process.returncode, output.decode()
