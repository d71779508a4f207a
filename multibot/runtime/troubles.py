"""What goes wrong with this bot for so long, or so badly, that people should find it later."""

import contextlib
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from multibot.clock import Clock
from multibot.conversation.message import BotName
from multibot.errors import ExitCode, MultibotError
from multibot.home import Home
from multibot.runtime.pulse import Outage
from multibot.store.incidents import Incidents, Kind
from multibot.store.status import BotStatus
from multibot.store.stores import open_store

GATEWAY_PATIENCE_SECONDS = 300.0


class Troubles:
    """Looks at the bot's row as it is written, and keeps an incident where there is one."""

    def __init__(self, incidents: Incidents, clock: Clock) -> None:
        self._incidents = incidents
        self._clock = clock
        self._connected_at = clock.monotonic()
        self._gateway_told = False
        self._state = ""

    async def look(self, status: BotStatus, outage: Outage | None) -> None:
        """See how things are; `outage` is one that has just ended."""
        if outage is not None:
            await self._incidents.record(Kind.DEGRADED, _told(outage), at=outage.since)
        await self._look_at_gateway(status)
        if status.state == "parked" != self._state:
            await self._incidents.record(Kind.PARKED, status.last_error or "")
        self._state = status.state

    async def _look_at_gateway(self, status: BotStatus) -> None:
        now = self._clock.monotonic()
        # A parked bot has given the gateway up on purpose.
        if status.gateway_state == "ready" or status.state in {"parked", "stopped"}:
            self._connected_at, self._gateway_told = now, False
        elif not self._gateway_told and now - self._connected_at > GATEWAY_PATIENCE_SECONDS:
            self._gateway_told = True
            reason = status.last_error or "Discord does not let this bot back in"
            detail = f"no gateway session for over 5 minutes: {reason}"
            await self._incidents.record(Kind.GATEWAY_LOST, detail)


def _told(outage: Outage) -> str:
    seconds = ((outage.until or outage.since) - outage.since) / timedelta(seconds=1)
    tries = f"; {outage.lost} tries to store a message failed" if outage.lost else ""
    reason = outage.reason.rstrip(".")
    return f"the store could not be written for {max(0.0, seconds):.0f} s: {reason}{tries}"


async def record_end(
    incidents: Incidents, previous: BotStatus | None, note: Path, *, boot_id: str
) -> None:
    """Keep an incident if this bot's process before the present one ended without a goodbye.

    A process that hangs or is killed cannot say so itself; `previous` is the last row it wrote.
    """
    left = _read(note)
    if left.get("exit_code") == ExitCode.WATCHDOG:
        await incidents.record(Kind.WATCHDOG, str(left.get("error", "")))
    elif previous is not None and previous.state != "stopped":
        told = left.get("error") if left.get("pid") == previous.pid else None
        detail = f"process {previous.pid} {_how(previous, boot_id)}" + (f": {told}" if told else "")
        await incidents.record(Kind.CRASH, detail, at=previous.heartbeat_at)


async def record_failure(home: Home, bot_name: str, error: MultibotError, clock: Clock) -> None:
    """Keep why this bot gives up for good, where the file can be written: nobody starts it again.

    By the process that fails, whatever it had already opened.
    """
    with contextlib.suppress(MultibotError):
        store = open_store(home, BotName(bot_name), clock)
        try:
            await store.incidents.record(Kind.FAILED, str(error))
        finally:
            await store.close()


def _how(previous: BotStatus, boot_id: str) -> str:
    if previous.state == "crashed":
        return "met an error that it was not made for; its log has it"
    by_machine = " with the whole machine" if previous.boot_id != boot_id else ""
    return f"ended{by_machine} without saying goodbye, while it was {previous.state}"


def _read(note: Path) -> Mapping[str, object]:
    try:
        left = json.loads(note.read_bytes())
    except (OSError, ValueError):
        return {}
    return left if isinstance(left, dict) else {}
