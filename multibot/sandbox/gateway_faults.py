"""Faults of the gateway: done to open connections, met at a login, or kept up as a state."""

import asyncio
from collections.abc import Iterator

from multibot.sandbox import channel_objects
from multibot.sandbox.dispatches import GUILDS
from multibot.sandbox.entities import Application, Guild, Json
from multibot.sandbox.fault_spec import Spec
from multibot.sandbox.faults import Fault
from multibot.sandbox.gateway_session import (
    ACK,
    DISPATCH,
    INVALID_SESSION,
    RECONNECT,
    Connection,
    GatewaySession,
    Hub,
)
from multibot.sandbox.refusal import GatewayCloseError
from multibot.sandbox.world import World

# Close codes after which Discord wants a new session; a fault may say otherwise with `resumable`.
_ENDS_SESSION = frozenset({1000, 1001, 4003, 4004, 4007, 4009, *range(4010, 4015)})
_BROKEN = 1006
_REASONS = {
    1000: "",
    1001: "",
    4000: "Unknown error.",
    4003: "Not authenticated.",
    4004: "Authentication failed.",
    4007: "Invalid seq.",
    4008: "You are being rate limited.",
    4009: "Session timed out.",
    4010: "Invalid shard.",
    4011: "Sharding required.",
    4012: "Invalid API version.",
    4013: "Invalid intent(s).",
    4014: "Disallowed intent(s).",
}


class GatewayFaults:
    """Does to sessions and connections what the faults of a world say."""

    def __init__(self, world: World, hub: Hub) -> None:
        self._world = world
        self._hub = hub
        self._waiting: set[asyncio.Task[None]] = set()
        world.faults.subscribe(self)

    # -- open connections, and states ------------------------------------------------------------

    def begin(self, fault: Fault) -> None:
        """Do what is due now."""
        if fault.is_deed:
            for session in self._sessions(fault):
                self._do(fault.spec, session)
        elif fault.spec.kind == "revoke-token":
            for session in self._sessions(fault):
                self._close(session, 4004, resumable=False)
        elif fault.spec.kind == "guild-unavailable":
            for session, guild in self._guilds(fault):
                session.dispatch("GUILD_DELETE", {"id": guild.id, "unavailable": True})

    def end(self, fault: Fault) -> None:
        """Bring back what was away."""
        if fault.spec.kind != "guild-unavailable":
            return
        for session, guild in self._guilds(fault):
            if not self._world.is_away(guild, session.application.name):
                snapshot = channel_objects.guild_snapshot(
                    self._world, guild, session.application, session.intents
                )
                session.dispatch("GUILD_CREATE", snapshot)

    def _do(self, spec: Spec, session: GatewaySession) -> None:
        if session.connection is None:
            return
        if spec.kind == "close":
            self._close(session, spec.code, resumable=spec.resumable)
        elif spec.kind == "reconnect":
            session.ask(RECONNECT)
        elif spec.kind == "zombie":
            _silence(session.connection, spec)
        elif spec.kind == "invalid-session":
            session.ask(INVALID_SESSION, data=bool(spec.resumable))
            if not spec.resumable:
                self._hub.end(session)

    def _close(self, session: GatewaySession, code: int, *, resumable: bool | None) -> None:
        connection = session.connection
        if not _stays(code, resumable=resumable):
            self._hub.end(session)
        if connection is not None and code == _BROKEN:
            connection.abort()
        elif connection is not None:
            connection.close(code, _REASONS.get(code, "Closed."))

    def _sessions(self, fault: Fault) -> list[GatewaySession]:
        everybody = self._world.applications.values()
        met = [one for one in everybody if fault.meets(one.name)]
        return [session for one in met for session in self._hub.sessions_of(one)]

    def _guilds(self, fault: Fault) -> Iterator[tuple[GatewaySession, Guild]]:
        for session in self._sessions(fault):
            for guild in self._world.guilds.values():
                named = fault.spec.guild in {"*", guild.id, guild.name}
                inside = session.application.id in guild.members
                if named and inside and session.intents & GUILDS:
                    yield session, guild

    # -- logins ----------------------------------------------------------------------------------

    def keeps_hello(self) -> bool:
        """Tell whether this connection gets no HELLO."""
        return self._world.faults.met("connect", None) is not None

    def login(
        self, moment: str, application: Application, connection: Connection, session_id: str = ""
    ) -> bool:
        """Let a login meet its faults; true when one of them took its place.

        `moment` is "identify" or "resume"; raises GatewayCloseError where a fault closes.
        """
        if moment == "identify" and self._is_too_soon(application):
            return _invalidate(connection, resumable=False)
        met = set[str]()
        while fault := self._world.faults.met(
            "login",
            application.name,
            lambda spec: spec.at in {moment, "login"} and spec.kind not in met,
        ):
            met.add(fault.spec.kind)
            if self._met(fault.spec, application, connection, session_id):
                return True
        return False

    def _met(
        self, spec: Spec, application: Application, connection: Connection, session_id: str
    ) -> bool:
        if spec.kind == "zombie":
            _silence(connection, spec)
            return False
        if spec.kind == "slow-ready":
            connection.hold()
            self._later(connection, spec.seconds)
            return False
        session = self._hub.find(session_id, application)
        is_close = spec.kind == "close"
        stays = _stays(spec.code, resumable=spec.resumable) if is_close else bool(spec.resumable)
        if session is not None and not stays:
            self._hub.end(session)
        if is_close:
            raise GatewayCloseError(spec.code, _REASONS.get(spec.code, "Closed."))
        return _invalidate(connection, resumable=stays)

    def _is_too_soon(self, application: Application) -> bool:
        """Tell whether the IDENTIFY just counted followed another one too closely."""
        limits = self._world.faults.standing("identify-limit", application.name)
        if not limits or len(application.starts) == 1:
            return False
        passed = (application.starts[-1] - application.starts[-2]).total_seconds()
        return passed < max(fault.spec.seconds for fault in limits)

    def _later(self, connection: Connection, seconds: float) -> None:
        async def release() -> None:
            await self._world.clock.sleep(seconds)
            connection.release()

        task = asyncio.get_running_loop().create_task(release())
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    def close(self) -> None:
        """Stop waiting."""
        for task in self._waiting:
            task.cancel()

    # -- limits ----------------------------------------------------------------------------------

    def use_up_start(self, application: Application) -> None:
        """Count an IDENTIFY; one too many costs the token, as Discord warns."""
        if self._hub.starts_left(application) == 0:
            self._world.faults.add("revoke-token", bot=application.name)
            raise GatewayCloseError(4004, _REASONS[4004])
        self._hub.count_start(application)


def _silence(connection: Connection, spec: Spec) -> None:
    connection.silence(*((ACK, DISPATCH) if spec.silent else (ACK,)))


def _invalidate(connection: Connection, *, resumable: bool) -> bool:
    """Say that there is no such session; true, as the login is over with that."""
    answer: Json = {"op": INVALID_SESSION, "d": resumable, "s": None, "t": None}
    connection.send(answer)
    return True


def _stays(code: int, *, resumable: bool | None) -> bool:
    return code not in _ENDS_SESSION if resumable is None else resumable
