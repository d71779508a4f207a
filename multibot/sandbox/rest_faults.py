"""Faults of REST requests: what a request meets before, or instead of, its answer."""

import asyncio
import math
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

import orjson
from aiohttp import web

from multibot.sandbox.entities import Application
from multibot.sandbox.fault_spec import Spec
from multibot.sandbox.faults import Fault
from multibot.sandbox.ratelimit import VIA
from multibot.sandbox.refusal import RefusalError
from multibot.sandbox.world import World, digest

# Discord's limit on invalid requests of one address, after which its proxy lets nothing through.
_MOST_INVALID = 10_000
_BAN = 3600.0
_RESOURCE_LIMIT = 10
_JSON_ERRORS = {401: 0, 403: 50001, 404: 0}
_PHRASES = {
    0: "General error",
    10003: "Unknown Channel",
    10008: "Unknown Message",
    50001: "Missing Access",
    50007: "Cannot send messages to this user",
    50013: "Missing Permissions",
}
_REASONS = {
    401: "Unauthorized",
    404: "Not Found",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}

# Answers as Discord does, or refuses with this after the token and the limits were looked at.
Answer = Callable[[RefusalError | None], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as faults see it; `route` is its method and path with names for the ids."""

    http: web.Request
    caller: Application | None
    route: str
    path: str
    resource: str

    @property
    def bot(self) -> str | None:
        """The name of the bot that asks, if it is one of ours."""
        return self.caller.name if self.caller else None


@dataclass(frozen=True, slots=True)
class _Limit:
    """A 429 that goes on until its time is over, as a bucket does."""

    ends_at: float
    spec: Spec
    fault: Fault


class RestFaults:
    """Stands between a request and its answer."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._limits: dict[tuple[str, ...], _Limit] = {}
        self._banned_until = 0.0

    async def serve(self, asked: Request, answer: Answer) -> tuple[web.Response | None, str | None]:
        """Answer a request, or let it meet a fault; also returns that fault's id.

        None instead of an answer: the connection is gone.
        """
        if self._is_banned():
            return _cloudflare(self._banned_until - self._world.clock.monotonic()), None
        limit = self._limit(asked)
        if limit is not None:
            return self._limited(asked, limit), limit.fault.id
        if self._is_unavailable(asked):
            return await answer(_error(503, None)), None
        fault = self._world.faults.met("request", asked.bot, lambda spec: _fits(spec, asked))
        if fault is None:
            return await answer(None), None
        return await self._hurt(fault, asked, answer), fault.id

    async def _hurt(self, fault: Fault, asked: Request, answer: Answer) -> web.Response | None:
        spec = fault.spec
        if spec.kind == "429":
            return self._limited(asked, self._begin_limit(fault, asked))
        if spec.kind == "slow":
            return await self._slowly(spec, answer)
        if spec.done:
            await answer(None)
        else:
            await asked.http.read()
        if spec.kind.isdigit():
            return await _status(spec, answer)
        if spec.kind == "junk":
            return _junk(spec)
        if spec.kind == "hang":
            await fault.let_go.wait()
        _cut(asked.http.transport, reset=spec.kind == "reset")
        return None

    async def _slowly(self, spec: Spec, answer: Answer) -> web.Response:
        if not spec.done:
            await self._world.clock.sleep(spec.seconds)
            return await answer(None)
        response = await answer(None)
        await self._world.clock.sleep(spec.seconds)
        return response

    # -- rate limits -----------------------------------------------------------------------------

    def _begin_limit(self, fault: Fault, asked: Request) -> _Limit:
        ends_at = self._world.clock.monotonic() + fault.spec.retry_after
        limit = self._limits[_keys(asked)[fault.spec.scope]] = _Limit(ends_at, fault.spec, fault)
        return limit

    def _limit(self, asked: Request) -> _Limit | None:
        """Return the limit that this request still stands under."""
        now = self._world.clock.monotonic()
        for key in _keys(asked).values():
            limit = self._limits.get(key)
            if limit is not None and now < limit.ends_at and not limit.fault.is_cleared:
                return limit
            self._limits.pop(key, None)
        return None

    def _limited(self, asked: Request, limit: _Limit) -> web.Response:
        left = max(0.001, limit.ends_at - self._world.clock.monotonic())
        scope = limit.spec.scope
        if scope == "cloudflare":
            return _cloudflare(left)
        what = "The resource is" if scope == "shared" else "You are"
        body = {
            "message": f"{what} being rate limited.",
            "retry_after": round(left, 3),
            "global": scope == "global",
        }
        headers = {"Retry-After": str(math.ceil(left)), "X-RateLimit-Scope": scope, **VIA}
        return _json(429, body, headers | self._bucket(asked, scope, left))

    def _bucket(self, asked: Request, scope: str, left: float) -> dict[str, str]:
        if scope == "global":
            return {"X-RateLimit-Global": "true"}
        # A shared limit is not in the caller's own bucket, which may well have requests left.
        remaining = _RESOURCE_LIMIT - 1 if scope == "shared" else 0
        return {
            "X-RateLimit-Bucket": digest("bucket", asked.route),
            "X-RateLimit-Limit": str(_RESOURCE_LIMIT),
            "X-RateLimit-Remaining": str(remaining),
            "X-RateLimit-Reset": f"{self._world.clock.now().timestamp() + left:.3f}",
            "X-RateLimit-Reset-After": f"{left:.3f}",
        }

    def _is_banned(self) -> bool:
        now = self._world.clock.monotonic()
        if now >= self._banned_until and self._world.traffic.invalid > _MOST_INVALID:
            self._banned_until = now + _BAN
        return now < self._banned_until

    # -- guilds that are away ----------------------------------------------------------------------

    def _is_unavailable(self, asked: Request) -> bool:
        ids = asked.http.match_info
        channel = self._world.channels.get(ids.get("channel_id", ""))
        guild = channel.guild if channel else self._world.guilds.get(ids.get("guild_id", ""))
        return guild is not None and self._world.is_away(guild, asked.bot)


def _fits(spec: Spec, asked: Request) -> bool:
    method = asked.http.method
    return fnmatchcase(method, spec.method.upper()) and fnmatchcase(asked.path, spec.path)


def _keys(asked: Request) -> dict[str, tuple[str, ...]]:
    bot = asked.caller.id if asked.caller else ""
    return {
        "cloudflare": ("cloudflare",),
        "global": ("global", bot),
        "shared": ("shared", asked.route, asked.resource),
        "user": ("user", bot, asked.route, asked.resource),
    }


def _error(status: int, code: int | None) -> RefusalError:
    number = _JSON_ERRORS.get(status, 0) if code is None else code
    reason = _REASONS.get(status, "Error")
    message = _PHRASES.get(number, "Error") if number else f"{status}: {reason}"
    return RefusalError(status, number, message)


async def _status(spec: Spec, answer: Answer) -> web.Response:
    status = int(spec.kind)
    if spec.body == "html":
        return _html(status, _REASONS.get(status, "Error"))
    refusal = _error(status, spec.error)
    return _json(status, refusal.body, VIA) if spec.done else await answer(refusal)


def _junk(spec: Spec) -> web.Response:
    if spec.body == "html":
        return _html(200, "Welcome")
    headers = {"Content-Type": "application/json", **VIA}
    return web.Response(status=200, body=b'{"id": "1', headers=headers)


def _html(status: int, reason: str) -> web.Response:
    """Return what a proxy in front of Discord says; it knows no rate limits and no JSON."""
    title = f"{status} {reason}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body><h1>{title}</h1></body>\r\n</html>"
    )
    headers = {"Content-Type": "text/html; charset=UTF-8", "Server": "cloudflare"}
    return web.Response(status=status, body=page.encode(), headers=headers)


def _cloudflare(left: float) -> web.Response:
    """Refuse everything from this address, as Discord's proxy does; it sends no Via."""
    headers = {
        "Content-Type": "text/plain; charset=UTF-8",
        "Retry-After": str(math.ceil(left)),
        "Server": "cloudflare",
    }
    return web.Response(status=429, body=b"error code: 1015", headers=headers)


def _json(status: int, body: object, headers: dict[str, str]) -> web.Response:
    headers = {**headers, "Content-Type": "application/json"}
    return web.Response(status=status, body=orjson.dumps(body), headers=headers)


def _cut(transport: asyncio.Transport | None, *, reset: bool) -> None:
    if transport is None:
        return
    if reset:
        # Without time to linger, closing is a reset and not a farewell.
        linger = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
