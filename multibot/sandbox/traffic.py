"""What each bot asked of the sandbox: counters and a bounded log, for tests to look at."""

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime

from multibot.clock import Clock, to_text
from multibot.sandbox.entities import Json

# Who asked when no bot of ours has the token.
UNKNOWN = "(unknown)"
INVALID_WINDOW = 600.0
_KEPT = 100_000
_INVALID = frozenset({401, 403, 429})


@dataclass(slots=True)
class Asked:
    """One REST request; its status stays None when it never got an answer."""

    n: int
    at: datetime
    bot: str
    method: str
    path: str
    query: str
    route: str
    status: int | None = None
    fault: str | None = None

    def shown(self) -> Json:
        """Return it for somebody outside."""
        return {
            "n": self.n,
            "at": to_text(self.at),
            "bot": self.bot,
            "method": self.method,
            "path": self.path,
            "query": self.query,
            "route": self.route,
            "status": self.status,
            "fault": self.fault,
        }


@dataclass(slots=True)
class _Count:
    """What is counted for one bot."""

    identifies: int = 0
    resumes: int = 0
    requests: int = 0
    last_seen: datetime | None = None
    statuses: Counter[str] = field(default_factory=Counter)
    routes: dict[str, Counter[str]] = field(default_factory=dict)
    heard: Counter[str] = field(default_factory=Counter)
    told: Counter[str] = field(default_factory=Counter)
    closes: Counter[str] = field(default_factory=Counter)

    def shown(self) -> Json:
        """Return it for somebody outside."""
        return {
            "identifies": self.identifies,
            "resumes": self.resumes,
            "requests": self.requests,
            "statuses": dict(self.statuses),
            "routes": {route: dict(counts) for route, counts in self.routes.items()},
            "gateway_sends": dict(self.heard),
            "events": dict(self.told),
            "closes": dict(self.closes),
            "last_seen": to_text(self.last_seen) if self.last_seen else None,
        }


class Traffic:
    """Counts and notes; numbers grow over requests and gateway happenings together."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._n = 0
        self._bots: dict[str, _Count] = {}
        self._requests: deque[Asked] = deque(maxlen=_KEPT)
        self._happenings: deque[Json] = deque(maxlen=_KEPT)
        self._invalid: deque[float] = deque()
        self._worst = 0

    def asked(self, bot: str | None, method: str, path: str, query: str, route: str) -> Asked:
        """Note a request that has just come."""
        count = self._seen(bot or UNKNOWN)
        count.requests += 1
        self._n += 1
        now = self._clock.now()
        asked = Asked(self._n, now, bot or UNKNOWN, method, path, query, f"{method} {route}")
        self._requests.append(asked)
        return asked

    def answered(self, asked: Asked, status: int | None, *, counts: bool = True) -> None:
        """Note how it was answered; `counts` is false for a 429 that Discord does not mind."""
        asked.status = status
        count = self._count(asked.bot)
        word = "none" if status is None else str(status)
        count.statuses[word] += 1
        count.routes.setdefault(asked.route, Counter())[word] += 1
        if status in _INVALID and counts:
            self._invalid.append(self._clock.monotonic())
            self._worst = max(self._worst, self.invalid)

    def heard(self, bot: str | None, what: str) -> None:
        """Note a payload a bot sent to the gateway."""
        count = self._seen(bot or UNKNOWN)
        count.heard[what] += 1
        if what == "IDENTIFY":
            count.identifies += 1
        if what == "RESUME":
            count.resumes += 1
        if what in {"IDENTIFY", "RESUME"}:
            self._happened(bot, what.lower(), None)

    def told(self, bot: str, event: str) -> None:
        """Note an event that was sent to a bot, or is kept for its next resume."""
        self._count(bot).told[event] += 1

    def closed(self, bot: str | None, code: int) -> None:
        """Note the end of a gateway connection."""
        self._count(bot or UNKNOWN).closes[str(code)] += 1
        self._happened(bot, "close", code)

    @property
    def invalid(self) -> int:
        """How many requests of the last ten minutes Discord counts as invalid."""
        oldest = self._clock.monotonic() - INVALID_WINDOW
        while self._invalid and self._invalid[0] < oldest:
            self._invalid.popleft()
        return len(self._invalid)

    def shown(self) -> Json:
        """Return the counters for somebody outside."""
        return {
            "bots": {bot: count.shown() for bot, count in self._bots.items()},
            "invalid_requests": {"last_10_minutes": self.invalid, "worst_10_minutes": self._worst},
        }

    def requests(self, *, bot: str | None, after: int, limit: int) -> list[Json]:
        """Return the REST requests that came after this number, oldest first."""
        found = (one for one in self._requests if one.n > after and bot in {None, one.bot})
        return [one.shown() for one, _ in zip(found, range(limit), strict=False)]

    def connections(self, *, bot: str | None, after: int, limit: int) -> list[Json]:
        """Return the logins and closes of gateway connections after this number."""
        found = (one for one in self._happenings if one["n"] > after and bot in {None, one["bot"]})
        return [one for one, _ in zip(found, range(limit), strict=False)]

    def _happened(self, bot: str | None, what: str, code: int | None) -> None:
        self._n += 1
        happening: Json = {"n": self._n, "at": to_text(self._clock.now()), "bot": bot or UNKNOWN}
        self._happenings.append({**happening, "what": what, "code": code})

    def _count(self, bot: str) -> _Count:
        return self._bots.setdefault(bot, _Count())

    def _seen(self, bot: str) -> _Count:
        count = self._count(bot)
        count.last_seen = self._clock.now()
        return count
