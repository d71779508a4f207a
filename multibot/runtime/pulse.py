"""What this process says of itself: one row, written every 5 s and on every change."""

import asyncio
import math
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import structlog

import multibot
from multibot.clock import Clock
from multibot.conversation.addressing import FleetMember
from multibot.conversation.message import BotName
from multibot.errors import MultibotError
from multibot.runtime.worldtime import WorldTime
from multibot.store.fleet import Fleet
from multibot.store.status import BotStatus

PERIOD_SECONDS = 5.0
# A store that took one write after a failure may refuse the next: only this long without a
# failure is it believed to be back.
CALM_SECONDS = 10.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """How to read what only others know; each in seconds, NaN while there is nothing to read."""

    latency: Callable[[], float] = lambda: math.nan
    ack_age: Callable[[], float] = lambda: math.nan
    loop_lag: Callable[[], float] = lambda: math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A time in which the store could not be written."""

    reason: str
    since: datetime
    failed_at: float
    lost: int = 0
    until: datetime | None = None


class Observer(Protocol):
    """Looks at the bot's own row after each beat that could be written."""

    async def look(self, status: BotStatus, outage: Outage | None) -> None:
        """See how things are; `outage` is one that has just ended."""
        ...


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
        self.world_time = WorldTime(clock)
        self._names = names
        self._gauges = Gauges()
        self._changed = asyncio.Event()
        self._outage: Outage | None = None
        self._written_at = clock.monotonic()
        # Not in the row: it changes with every message, and a row is dear to copy.
        self._heard_at: datetime | None = None
        self._row = BotStatus(
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
    def status(self) -> BotStatus:
        """How the bot is; while its store is away, a bot at work is a degraded one."""
        row = replace(self._row, last_event_at=self._heard_at)
        if self._outage is None or row.state not in {"ready", "connecting"}:
            return row
        return replace(row, state="degraded", last_error=self._outage.reason)

    @property
    def outage(self) -> Outage | None:
        """Since when and why the store cannot be written; none while it can."""
        return self._outage

    @property
    def store_is_away(self) -> bool:
        """Whether the store has taken no heartbeat since it last failed."""
        return self._outage is not None and self._outage.failed_at > self._written_at

    @property
    def display_name(self) -> str:
        """The name people see, the bot's own until Discord has said it."""
        return self._row.display_name or self._row.bot_name

    def member(self) -> FleetMember:
        """Say who this bot is, with every name it goes by."""
        return FleetMember(
            bot_name=BotName(self._row.bot_name),
            user_id=self._row.user_id or "",
            names=(*self._names, self.display_name),
        )

    def measure(self, gauges: Gauges) -> None:
        """Say how to read the connection's latency, the age of its last ACK, the loop's lag."""
        self._gauges = gauges

    def logged_in(self, user_id: str, display_name: str) -> None:
        """Note who Discord says this bot is."""
        self._set(
            user_id=user_id,
            display_name=display_name,
            state="connecting",
            gateway_state="connecting",
            waits_until_at=None,
        )

    def ready(self) -> None:
        """Note that the gateway session stands: events arrive."""
        now = self._clock.now()
        state = self._row.state if self._row.state == "draining" else "ready"
        self._heard_at = now
        self._set(
            state=state,
            gateway_state="ready",
            ready_at=now,
            last_error=None,
            waits_until_at=None,
        )

    def disconnected(self) -> None:
        """Note that the gateway session is gone for now."""
        state = "connecting" if self._row.state == "ready" else self._row.state
        self._set(state=state, gateway_state="disconnected", ready_at=None)

    def phase(self, state: str, until: datetime | None = None) -> None:
        """Note another state of the process (parked, backing_off, draining, stopped)."""
        self._set(state=state, waits_until_at=until)

    def failed(self, error: str) -> None:
        """Note the newest error, for `multibot status`."""
        self._set(last_error=error)

    def recovered(self, error: str) -> None:
        """Forget this error, unless a newer one has come."""
        if self._row.last_error == error:
            self._set(last_error=None)

    def heard(self) -> None:
        """Note that Discord sent something; written with the next beat."""
        self._heard_at = self._clock.now()

    def answered(self) -> None:
        """Note that an answer went out; written with the next beat."""
        self._row = replace(self._row, last_answer_at=self._clock.now())

    def counted(self, identifies: int) -> None:
        """Note how many gateway logins the last day had; written with the next beat."""
        self._row = replace(self._row, identifies=identifies)

    def store_failed(self, error: MultibotError, *, lost: int = 0) -> None:
        """Note that a write did not happen in time; `lost` counts tries to store a message."""
        now = self._clock.monotonic()
        if self._outage is None:
            log.error("degraded", error=str(error))
            self._outage = Outage(reason=str(error), since=self._clock.now(), failed_at=now)
            self._changed.set()
        self._outage = replace(self._outage, failed_at=now, lost=self._outage.lost + lost)

    async def run(self, fleet: Fleet, observer: Observer) -> None:
        """Write the row until cancelled."""
        while True:
            if await self.write(fleet):
                await self._report(observer)
            await self._wait_for_change()

    async def write(self, fleet: Fleet) -> bool:
        """Write the row now; false when it cannot be: then the heartbeat's age tells."""
        now = self._clock.now()
        ack_age = self._gauges.ack_age()
        self._row = replace(
            self._row,
            heartbeat_at=now,
            latency_ms=_milliseconds(self._gauges.latency()),
            loop_lag_ms=_milliseconds(self._gauges.loop_lag()),
            ack_at=now - timedelta(seconds=ack_age) if math.isfinite(ack_age) else None,
        )
        try:
            await fleet.report(self.status)
        except MultibotError as error:
            self.store_failed(error)
            return False
        self._written_at = self._clock.monotonic()
        return True

    async def _report(self, observer: Observer) -> None:
        ended = self._end_outage()
        try:
            await observer.look(self.status, ended)
        except MultibotError as error:
            self.store_failed(error)

    def _end_outage(self) -> Outage | None:
        outage = self._outage
        if outage is None or self._clock.monotonic() - outage.failed_at < CALM_SECONDS:
            return None
        self._outage = None
        self._changed.set()
        ended = replace(outage, until=self._clock.now())
        log.warning("recovered", since=str(outage.since), failed_tries=outage.lost)
        return ended

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
        self._row = replace(self._row, **changes)  # type: ignore[arg-type]
        self._changed.set()


def _milliseconds(seconds: float) -> float | None:
    return round(seconds * 1000, 1) if math.isfinite(seconds) else None


def boot_id() -> str:
    """Name this boot of the machine, so that a pid of an earlier one is not believed."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else ""
