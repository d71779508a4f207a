"""When no request may leave: Discord refuses too many of this host's, or this bot's token.

Discord shuts out an address after 10,000 answers of 401, 403 or 429 within 10 minutes, and wants no
request at all from a token that it refuses.
https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans
"""

import asyncio
from datetime import timedelta
from types import SimpleNamespace

import aiohttp
import structlog

from multibot.clock import Clock
from multibot.errors import StoreUnavailableError
from multibot.runtime.pulse import Pulse
from multibot.runtime.ratelimit import RateLimits
from multibot.store.gateway import GatewayLedger

REFUSALS = frozenset({401, 403, 429})
WITHIN = timedelta(minutes=10)
# The limit is 1,000; what is under way in any process when it opens may be refused as well, and 20 bots
# in a busy moment have over a hundred requests under way.
OPENS_AT = 800
LOOK_PERIOD_SECONDS = 5.0
OPEN = (
    f"Discord refused {OPENS_AT} requests of this host within 10 minutes;"
    " none is sent until they are fewer"
)

log = structlog.get_logger(__name__)


class RequestRefusedError(aiohttp.ClientOSError):
    """The request was not sent; to its caller this is Discord out of reach."""


class Breaker:
    """Sees every request of one client, and the refusals of the whole host."""

    def __init__(self, *, ledger: GatewayLedger, pulse: Pulse, clock: Clock) -> None:
        self._ledger = ledger
        self._pulse = pulse
        self._clock = clock
        self._limits = RateLimits(clock)
        self._revoked = asyncio.Event()
        self._has_opened = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether the host has had so many refusals that it has to keep quiet."""
        try:
            return self._ledger.refusals(WITHIN) >= OPENS_AT
        except StoreUnavailableError:
            return False

    def revoke(self) -> None:
        """Let nothing leave any more: Discord refuses the token."""
        self._revoked.set()

    async def revoked(self) -> None:
        """Wait until Discord refuses the token."""
        await self._revoked.wait()

    async def watch(self) -> None:
        """Say from its opening to its closing how it is, also in a bot that has nothing to send."""
        while True:
            await self._has_opened.wait()
            while self.is_open:
                # Again and again: a resumed session takes every error for over.
                self._pulse.failed(OPEN)
                await self._clock.sleep(LOOK_PERIOD_SECONDS)
            self._has_opened.clear()
            log.info("breaker_closed")
            self._pulse.recovered(OPEN)

    def trace(self) -> aiohttp.TraceConfig:
        """Return what shows this object every request of a client session."""
        config = aiohttp.TraceConfig()
        config.on_request_start.append(self._asked)
        config.on_request_end.append(self._answered)
        return config

    async def _asked(
        self,
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        request: aiohttp.TraceRequestStartParams,
    ) -> None:
        del session, context
        # The gateway is no REST: it has a budget of its own.
        is_rest = request.url.scheme.startswith("http")
        if is_rest and not await self._limits.over(request.method, request.url):
            raise RequestRefusedError("Discord asked for a long pause; until then nothing is sent")
        if self._revoked.is_set():
            raise RequestRefusedError("Discord refuses this bot's token; nothing is sent any more")
        if is_rest and self.is_open:
            self._opened()
            raise RequestRefusedError(OPEN)

    async def _answered(
        self,
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        answer: aiohttp.TraceRequestEndParams,
    ) -> None:
        del session, context
        if answer.url.scheme.startswith("http"):
            self._pulse.world_time.note(answer.response.headers.get("Date"))
        status = answer.response.status
        # Interactions and webhooks come without the token, and say nothing about it.
        if status == 401 and "Authorization" in answer.headers:  # noqa: PLR2004 - HTTP
            self.revoke()
        if status == 429:  # noqa: PLR2004 - HTTP
            self._limits.note(answer.method, answer.url, answer.response.headers)
        is_shared = answer.response.headers.get("X-RateLimit-Scope") == "shared"
        if status not in REFUSALS or is_shared:
            return
        try:
            await self._ledger.count_refusal(status)
        except StoreUnavailableError as error:
            log.warning("refusal_not_counted", status=status, error=str(error))

    def _opened(self) -> None:
        if not self._has_opened.is_set():
            log.error("breaker_open", error=OPEN)
            self._has_opened.set()
