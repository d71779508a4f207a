"""Gateway sessions: numbered events, kept until confirmed, so that a lost socket can be resumed."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Protocol

from multibot.sandbox import dispatches
from multibot.sandbox.entities import Application, Json
from multibot.sandbox.world import Event, World, digest

DISPATCH = 0
HEARTBEAT = 1
RECONNECT = 7
INVALID_SESSION = 9
ACK = 11

_DAY = timedelta(days=1)


class Connection(Protocol):
    """One socket of a client, as far as a session knows it."""

    def send(self, payload: Json) -> None:
        """Queue one gateway payload."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close after what is queued."""
        ...

    def abort(self) -> None:
        """Break the connection, without a word."""
        ...

    def silence(self, *ops: int) -> None:
        """Send no payload with one of these opcodes any more."""
        ...

    def hold(self) -> None:
        """Keep events back from now on."""
        ...

    def release(self) -> None:
        """Send the events that were kept back, and those to come."""
        ...


@dataclass(slots=True, eq=False)
class GatewaySession:
    """What one IDENTIFY began; it outlives its socket for the world's resume window."""

    id: str
    application: Application
    intents: int
    shard: tuple[int, int] = (0, 1)
    sequence: int = 0
    connection: Connection | None = None
    detached_at: datetime | None = None
    unconfirmed: deque[Json] = field(default_factory=deque)
    forgotten: int = 0

    def dispatch(self, name: str, data: Json) -> None:
        """Number an event, keep it, and send it if there is a socket."""
        self.sequence += 1
        payload = {"op": DISPATCH, "t": name, "s": self.sequence, "d": data}
        self.unconfirmed.append(payload)
        if self.connection is not None:
            self.connection.send(payload)

    def confirm(self, sequence: int | None) -> None:
        """Forget the events a heartbeat says have arrived."""
        while self.unconfirmed and self.unconfirmed[0]["s"] <= (sequence or 0):
            self.forgotten = self.unconfirmed.popleft()["s"]

    def can_replay(self, after: int) -> bool:
        """Tell whether every event after this one is still here."""
        return self.forgotten <= after <= self.sequence

    def replay(self, after: int) -> None:
        """Send again what came after this event."""
        for payload in self.unconfirmed:
            if payload["s"] > after and self.connection is not None:
                self.connection.send(payload)

    def ask(self, op: int, data: object = None) -> None:
        """Send a payload that is no event: a heartbeat request, a reconnect, an invalid session."""
        if self.connection is not None:
            self.connection.send({"op": op, "d": data, "s": None, "t": None})

    def is_on_shard(self, event: Event) -> bool:
        """Tell whether an event belongs to this session's shard; DMs belong to the first."""
        number, count = self.shard
        return (int(event.guild.id) >> 22) % count == number if event.guild else number == 0


class Hub:
    """All gateway sessions; the one place an event passes on its way to the bots."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.sessions: dict[str, GatewaySession] = {}
        world.subscribe(self.deliver)

    def deliver(self, event: Event) -> None:
        """Send one event to every session that gets it."""
        for session in self._current():
            if session.is_on_shard(event) and dispatches.wants(
                event, session.application, session.intents
            ):
                data = dispatches.payload(self._world, event, session.application, session.intents)
                for _ in range(self._copies(event, session.application.name)):
                    session.dispatch(event.name, data)
                    self._world.traffic.told(session.application.name, event.name)

    def _copies(self, event: Event, bot: str) -> int:
        """Return how often an event is sent: once, unless a fault is in its way."""
        if event.guild is not None and self._world.is_away(event.guild, bot):
            return 0
        fault = self._world.faults.met(
            "event", bot, lambda spec: fnmatchcase(event.name, spec.event)
        )
        if fault is None:
            return 1
        return fault.spec.copies if fault.spec.kind == "duplicate" else 0

    def sessions_of(self, application: Application) -> list[GatewaySession]:
        """Return an application's sessions, with and without a socket."""
        return [one for one in self._current() if one.application is application]

    def find(self, session_id: str, application: Application) -> GatewaySession | None:
        """Return a session of this application that can still be resumed."""
        known = (one for one in self.sessions_of(application) if one.id == session_id)
        return next(known, None)

    def starts_left(self, application: Application) -> int:
        """Return how many more times this application may IDENTIFY today."""
        oldest = self._world.clock.now() - _DAY
        while application.starts and application.starts[0] < oldest:
            application.starts.popleft()
        left = [self._world.starts_a_day - len(application.starts)]
        for fault in self._world.faults.standing("session-limit", application.name):
            began = fault.added_at + timedelta(seconds=fault.spec.after)
            used = sum(1 for start in application.starts if start >= began)
            left.append(fault.spec.remaining - used)
        return max(0, min(left))

    def starts_reset_after(self, application: Application) -> float:
        """Return the seconds until the count of IDENTIFYs begins anew."""
        for fault in self._world.faults.standing("session-limit", application.name):
            return fault.ends_after - fault.elapsed
        if not application.starts:
            return 0.0
        passed = self._world.clock.now() - application.starts[0]
        return max(0.0, (_DAY - passed).total_seconds())

    def count_start(self, application: Application) -> None:
        """Count one IDENTIFY."""
        application.starts.append(self._world.clock.now())

    def begin(
        self, application: Application, intents: int, shard: tuple[int, int], connection: Connection
    ) -> GatewaySession:
        """Open a session."""
        session_id = digest("session", application.id, self._world.ids.next())
        session = GatewaySession(session_id, application, intents, shard)
        self.sessions[session_id] = session
        self.attach(session, connection)
        return session

    def attach(self, session: GatewaySession, connection: Connection) -> None:
        """Give a session its socket, in place of an older one that may still be open."""
        if session.connection is not None:
            session.connection.close(4000, "Another connection resumed this session.")
        session.connection = connection
        session.detached_at = None
        self.refresh(session.application)

    def detach(self, session: GatewaySession, connection: Connection) -> None:
        """Keep a session whose socket is gone."""
        if session.connection is connection:
            session.connection = None
            session.detached_at = self._world.clock.now()
            self.refresh(session.application)

    def end(self, session: GatewaySession) -> None:
        """Forget a session."""
        self.sessions.pop(session.id, None)
        session.connection = None
        self.refresh(session.application)

    def refresh(self, application: Application, *, changed: bool = False) -> None:
        """Tell everybody when an application came, went or changed its status."""
        online = any(one.connection is not None for one in self.sessions_of(application))
        if online == application.online and not changed:
            return
        application.online = online
        self._world.announce(Event("BOT_PRESENCE", user=application.user))
        for guild in self._world.guilds.values():
            if application.id in guild.members:
                self._world.announce(Event("PRESENCE_UPDATE", guild=guild, user=application.user))

    def _current(self) -> list[GatewaySession]:
        """Return the sessions that still count, dropping those nobody resumed in time."""
        oldest = self._world.clock.now() - timedelta(seconds=self._world.resume_window)
        for session in list(self.sessions.values()):
            if session.detached_at is not None and session.detached_at < oldest:
                del self.sessions[session.id]
        return list(self.sessions.values())
