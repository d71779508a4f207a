"""What this process says of itself: one row, written every 5 s and on every change."""

import asyncio
import math
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import structlog

import multibot
from multibot.clock import Clock
from multibot.conversation.addressing import FleetMember
from multibot.conversation.message import BotName
from multibot.errors import StoreUnavailableError
from multibot.store.fleet import Fleet
from multibot.store.status import BotStatus

PERIOD_SECONDS = 5.0

log = structlog.get_logger(__name__)


class Pulse:
    """Keeps the bot's row in `bot_status` true."""

    def __init__(
        self,
        *,
        bot_name: BotName,
        names: tuple[str, ...],
        config_hash: str,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._names = names
        self._latency: Callable[[], float] = lambda: math.nan
        self._changed = asyncio.Event()
        self.status = BotStatus(
            bot_name=bot_name,
            pid=os.getpid(),
            boot_id=boot_id(),
            started_at=clock.now(),
            state="starting",
            gateway_state="disconnected",
            config_hash=config_hash,
            version=multibot.__version__,
        )

    @property
    def display_name(self) -> str:
        """The name people see, the bot's own until Discord has said it."""
        return self.status.display_name or self.status.bot_name

    def member(self) -> FleetMember:
        """Say who this bot is, with every name it goes by."""
        return FleetMember(
            bot_name=BotName(self.status.bot_name),
            user_id=self.status.user_id or "",
            names=(*self._names, self.display_name),
        )

    def measure_latency(self, latency: Callable[[], float]) -> None:
        """Say how to read the gateway's latency in seconds (NaN while there is none)."""
        self._latency = latency

    def logged_in(self, user_id: str, display_name: str) -> None:
        """Note who Discord says this bot is."""
        self._set(user_id=user_id, display_name=display_name, state="connecting")

    def ready(self) -> None:
        """Note that the gateway session stands: events arrive."""
        self._set(state="ready", gateway_state="ready", ready_at=self._clock.now(), last_error=None)

    def disconnected(self) -> None:
        """Note that the gateway session is gone for now."""
        if self.status.state != "draining":
            self._set(state="connecting", gateway_state="disconnected", ready_at=None)

    def phase(self, state: str) -> None:
        """Note another state of the process: parked, draining, stopped."""
        self._set(state=state)

    def failed(self, error: str) -> None:
        """Note the newest error, for `multibot status`."""
        self._set(last_error=error)

    def heard(self) -> None:
        """Note that Discord sent something; written with the next beat."""
        self.status = replace(self.status, last_event_at=self._clock.now())

    def answered(self) -> None:
        """Note that an answer went out; written with the next beat."""
        self.status = replace(self.status, last_answer_at=self._clock.now())

    async def run(self, fleet: Fleet) -> None:
        """Write the row until cancelled."""
        while True:
            await self.write(fleet)
            await self._wait_for_change()

    async def write(self, fleet: Fleet) -> None:
        """Write the row now; a store that cannot be written makes the heartbeat age tell."""
        now: datetime = self._clock.now()
        seconds = self._latency()
        latency = round(seconds * 1000, 1) if math.isfinite(seconds) else None
        self.status = replace(self.status, heartbeat_at=now, latency_ms=latency)
        try:
            await fleet.report(self.status)
        except StoreUnavailableError as error:
            log.warning("heartbeat_not_written", error=str(error))

    async def _wait_for_change(self) -> None:
        change = asyncio.ensure_future(self._changed.wait())
        beat = asyncio.ensure_future(self._clock.sleep(PERIOD_SECONDS))
        try:
            await asyncio.wait({change, beat}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            change.cancel()
            beat.cancel()
        self._changed.clear()

    def _set(self, **changes: object) -> None:
        self.status = replace(self.status, **changes)  # type: ignore[arg-type]
        self._changed.set()


def boot_id() -> str:
    """Name this boot of the machine, so that a pid of an earlier one is not believed."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else ""
