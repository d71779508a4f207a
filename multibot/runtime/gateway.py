"""A bot's way into Discord: log in, start sessions within the budget, resume what drops."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any, Protocol

import structlog

from multibot.clock import Clock
from multibot.config.fleet import Bot
from multibot.errors import StoreUnavailableError, TemporaryError, TokenError
from multibot.runtime import budget, cures
from multibot.runtime.breaker import Breaker
from multibot.runtime.budget import Permit, SessionLimit
from multibot.runtime.cures import RefusedError
from multibot.runtime.pulse import Pulse
from multibot.store.gateway import GatewayLedger

# Waits between tries to reach Discord: 10 s doubling to 300 s, for ever.
FIRST_RETRY_SECONDS = 10.0
LONGEST_RETRY_SECONDS = 300.0
# A connection that lived less than this has not helped: the next try to resume waits.
STEADY_SECONDS = 1.0
LONGEST_RESUME_WAIT_SECONDS = 60.0
# What Discord asks for between an invalid session and the IDENTIFY that follows.
FRESH_AFTER_SECONDS = (1.0, 5.0)
COUNT_PERIOD_SECONDS = 300.0

Count = Callable[[], Awaitable[None]]

log = structlog.get_logger(__name__)


class DiscordUnreachableError(TemporaryError):
    """Discord cannot be reached."""


class Line(Protocol):
    """The connection to Discord, as this module sees it.

    Every method raises RefusedError when Discord wants no further attempt, and
    DiscordUnreachableError when it says nothing useful.
    """

    async def log_in(self, token: str) -> None:
        """Ask who this bot is."""
        ...

    async def session_limit(self) -> SessionLimit:
        """Ask where the gateway is, and how many sessions may still be started."""
        ...

    async def start_session(self, count: Count) -> bool:
        """IDENTIFY, after `count`, and stay; at the end say whether the session can be resumed."""
        ...

    async def resume_session(self) -> bool:
        """Take the last session up again; the rest is as for `start_session`."""
        ...

    def is_closed(self) -> bool:
        """Say whether it was closed for good."""
        ...


class Gateway:
    """Holds one bot's gateway session."""

    def __init__(  # noqa: PLR0913 - the parts of one bot, wired once, by keyword
        self,
        *,
        bot: Bot,
        line: Line,
        ledger: GatewayLedger,
        breaker: Breaker,
        pulse: Pulse,
        clock: Clock,
        chance: random.Random,
        token_from_elsewhere: bool = False,
    ) -> None:
        self._bot = bot
        self._line = line
        self._ledger = ledger
        self._breaker = breaker
        self._pulse = pulse
        self._clock = clock
        self._chance = chance
        self._token_from_elsewhere = token_from_elsewhere
        self._is_first = True

    async def log_in(self, token: str) -> None:
        """Reach Discord, however long that takes. Raise TokenError when it says no."""
        await self._unless_refused(self._until_reached(lambda: self._line.log_in(token)))

    async def stay_connected(self) -> None:
        """Hold a session until the line is closed. Raise TokenError when Discord wants us gone."""
        await self._unless_refused(self._hold_sessions())

    async def watch_refusals(self) -> None:
        """Say how it is while this host has to keep quiet; never ends."""
        await self._breaker.watch()

    async def count_start(self) -> None:
        """Count one IDENTIFY, which may be sent when this returns."""
        await self._ledger.record_start()
        self._show_count()

    async def keep_count(self) -> None:
        """Let starts of yesterday leave the count that `status` shows; never ends."""
        while True:
            self._show_count()
            await self._clock.sleep(COUNT_PERIOD_SECONDS)

    async def _hold_sessions(self) -> None:
        while not self._line.is_closed():
            await self._until_reached(self._hold_session)

    async def _hold_session(self) -> None:
        """Start one session and resume it for as long as Discord keeps it."""
        await self._allowed()
        self._is_first = False
        resumable = await self._line.start_session(self.count_start)
        attempts = 0
        while resumable and not self._line.is_closed():
            await self._clock.sleep(self._resume_wait(attempts))
            began = self._clock.monotonic()
            try:
                resumable = await self._line.resume_session()
            except DiscordUnreachableError as error:
                log.warning("not_resumed", error=str(error))
                self._pulse.failed(str(error))
            steady = self._clock.monotonic() - began >= STEADY_SECONDS
            attempts = 0 if steady else attempts + 1

    def _resume_wait(self, attempts: int) -> float:
        if attempts == 0:
            return 0.0
        # An exponent without end is a number without end.
        longest = min(2.0 ** min(attempts - 1, 10), LONGEST_RESUME_WAIT_SECONDS)
        return self._chance.uniform(longest / 2, longest)

    async def _allowed(self) -> None:
        """Wait until a session may be started."""
        has_waited = False
        while True:
            limit = await self._line.session_limit()
            starts = await self._ledger.starts()
            permit = budget.next_start(starts, self._clock.now(), self._bot.gateway, limit)
            if not permit.wait:
                break
            await self._wait(permit)
            has_waited = True
        if not has_waited:
            await self._clock.sleep(self._pause())

    def _pause(self) -> float:
        if self._is_first:
            return self._jitter()
        return self._chance.uniform(*FRESH_AFTER_SECONDS)

    def _jitter(self) -> float:
        return self._chance.uniform(0, self._bot.gateway.jitter.total_seconds())

    async def _wait(self, permit: Permit) -> None:
        seconds = permit.wait.total_seconds() + self._jitter()
        until = self._clock.now() + timedelta(seconds=seconds)
        log.warning(permit.state, reason=permit.why, wait_s=round(seconds, 1))
        self._pulse.failed(permit.why)
        self._pulse.phase(permit.state, until)
        await self._clock.sleep(seconds)
        self._pulse.phase("connecting")

    async def _until_reached(self, attempt: Callable[[], Awaitable[None]]) -> None:
        """Try again, for ever, as long as what stands in the way may pass."""
        seconds = FIRST_RETRY_SECONDS
        while not self._line.is_closed():
            try:
                await attempt()
            except TemporaryError as error:
                await self._back_off(error, seconds)
                seconds = min(seconds * 2, LONGEST_RETRY_SECONDS)
            else:
                return

    async def _back_off(self, error: TemporaryError, seconds: float) -> None:
        log.warning("discord_not_reached", error=str(error), retry_in_s=seconds)
        self._pulse.failed(str(error))
        self._pulse.phase("backing_off", self._clock.now() + timedelta(seconds=seconds))
        await self._clock.sleep(seconds)
        self._pulse.phase("connecting")

    async def _unless_refused(self, work: Coroutine[Any, Any, None]) -> None:
        """Do the work, but no longer than the token is good."""
        task = asyncio.ensure_future(work)
        refused = asyncio.ensure_future(self._breaker.revoked())
        try:
            await asyncio.wait({task, refused}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise self._refusal(cures.UNAUTHORIZED)
            task.result()
        except RefusedError as refusal:
            self._breaker.revoke()
            raise self._refusal(refusal.code) from refusal
        finally:
            refused.cancel()
            task.cancel()
            await asyncio.wait({task, refused})

    def _refusal(self, code: int) -> TokenError:
        error = cures.token_error(code, self._bot, from_elsewhere=self._token_from_elsewhere)
        self._pulse.failed(str(error))
        return error

    def _show_count(self) -> None:
        with contextlib.suppress(StoreUnavailableError):
            self._pulse.counted(self._ledger.count_starts())
