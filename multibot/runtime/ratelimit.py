"""When Discord asked to be left alone: what a 429 says holds for every request like it.

discord.py lets only the request wait that was refused. Others of the same bucket go on, and each
of them is refused as well, which counts against the host.
https://discord.com/developers/docs/topics/rate-limits
"""

import re
from collections.abc import Mapping

import yarl

from multibot.clock import Clock

# aiohttp gives up a request after 300 s, the time it was held back included.
LONGEST_HOLD_SECONDS = 240.0

_EVERYTHING = ""
_ID = re.compile(r"(?<=/)\d+(?=/|$)")


class RateLimits:
    """Holds requests back until the time is over that Discord named."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ends: dict[str, float] = {}

    def note(self, method: str, url: yarl.URL, headers: Mapping[str, str]) -> None:
        """Take note of a 429 and of what it is about."""
        try:
            seconds = float(headers.get("Retry-After", ""))
        except ValueError:
            return
        now = self._clock.monotonic()
        self._ends = {key: end for key, end in self._ends.items() if end > now}
        key = _route(method, url) if _is_of_route(headers) else _EVERYTHING
        self._ends[key] = max(now + seconds, self._ends.get(key, 0.0))

    async def over(self, method: str, url: yarl.URL) -> bool:
        """Wait until a request may leave; false when that is still too far away."""
        patience = self._clock.monotonic() + LONGEST_HOLD_SECONDS
        while (end := self._end(_route(method, url))) > (now := self._clock.monotonic()):
            if now >= patience:
                return False
            await self._clock.sleep(min(end, patience) - now)
        return True

    def _end(self, route: str) -> float:
        return max(self._ends.get(route, 0.0), self._ends.get(_EVERYTHING, 0.0))


def _is_of_route(headers: Mapping[str, str]) -> bool:
    # Without Via it comes from the proxy in front of Discord, and is about this address.
    return "Via" in headers and headers.get("X-RateLimit-Scope") in {"user", "shared"}


def _route(method: str, url: yarl.URL) -> str:
    """Name a bucket: the first id in a path has limits of its own, the others have not."""
    ids = 0

    def shown(found: re.Match[str]) -> str:
        nonlocal ids
        ids += 1
        return found[0] if ids == 1 else "id"

    return f"{method} {_ID.sub(shown, url.path)}"
