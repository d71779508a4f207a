"""Discord's rate limits: counted per bot, bucket and top-level resource, and told in headers."""

import math
from dataclasses import dataclass

from multibot.sandbox.refusal import RefusalError
from multibot.sandbox.world import World, digest

Limit = tuple[int, float]

# A proxy in front of the API adds this header; clients take a 429 without it for a ban.
VIA = {"Via": "1.1 sandbox"}


@dataclass(slots=True)
class _Window:
    """A run of requests, from the first of them on."""

    used: int
    ends_at: float


class RateLimits:
    """Every bucket of every caller; also the global limit per application."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._windows: dict[tuple[str, ...], _Window] = {}

    def take(self, caller: str, bucket: str, resource: str, limit: Limit) -> dict[str, str]:
        """Count one request and return its headers, or refuse it."""
        window = self._window((caller, bucket, resource), limit)
        headers = self._headers(window, bucket, limit)
        if window.used >= limit[0]:
            raise self._refusal(window, headers, "user")
        self._take_global(caller)
        window.used += 1
        return {**headers, "X-RateLimit-Remaining": str(limit[0] - window.used)}

    def _take_global(self, caller: str) -> None:
        limit = self._world.global_limit
        window = self._window((caller,), limit)
        if window.used >= limit[0]:
            raise self._refusal(window, {"X-RateLimit-Global": "true"}, "global")
        window.used += 1

    def _window(self, key: tuple[str, ...], limit: Limit) -> _Window:
        now = self._world.clock.monotonic()
        window = self._windows.get(key)
        if window is None or window.ends_at <= now:
            window = self._windows[key] = _Window(0, now + limit[1])
        return window

    def _left(self, window: _Window) -> float:
        return max(0.001, window.ends_at - self._world.clock.monotonic())

    def _headers(self, window: _Window, bucket: str, limit: Limit) -> dict[str, str]:
        left = self._left(window)
        return {
            "X-RateLimit-Bucket": digest("bucket", bucket),
            "X-RateLimit-Limit": str(limit[0]),
            "X-RateLimit-Remaining": str(max(0, limit[0] - window.used)),
            "X-RateLimit-Reset": f"{self._world.clock.now().timestamp() + left:.3f}",
            "X-RateLimit-Reset-After": f"{left:.3f}",
        }

    def _refusal(self, window: _Window, headers: dict[str, str], scope: str) -> RefusalError:
        left = self._left(window)
        more = {"Retry-After": str(math.ceil(left)), "X-RateLimit-Scope": scope, **VIA}
        refusal = RefusalError(429, 0, "You are being rate limited.", headers={**headers, **more})
        refusal.body = {
            "message": "You are being rate limited.",
            "retry_after": round(left, 3),
            "global": scope == "global",
        }
        return refusal
