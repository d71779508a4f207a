"""Gateway v10 with one client: HELLO, IDENTIFY or RESUME, then events and heartbeats."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import orjson

from multibot.sandbox import channel_objects, objects
from multibot.sandbox.dispatches import ALL_INTENTS, GUILDS
from multibot.sandbox.entities import Application, Guild, Json
from multibot.sandbox.gateway_faults import GatewayFaults
from multibot.sandbox.gateway_members import chunks
from multibot.sandbox.gateway_session import (
    ACK,
    HEARTBEAT,
    INVALID_SESSION,
    Connection,
    GatewaySession,
    Hub,
)
from multibot.sandbox.refusal import GatewayCloseError
from multibot.sandbox.world import PRIVILEGED, World

IDENTIFY = 2
PRESENCE = 3
VOICE = 4
RESUME = 6
REQUEST_MEMBERS = 8
HELLO = 10

# Discord is never nearer than this. discord.py takes the time of a heartbeat after it was sent: an
# answer that is there before that counts as one to the heartbeat before, 41 s late.
ACK_SECONDS = 0.02

_LARGEST_PAYLOAD = 4096
_MOST_SENDS, _SEND_WINDOW = 120, 60.0
_ENDED_BY_CLIENT = frozenset({1000, 1001})
_BROKEN = 1006
_NAMES = {
    HEARTBEAT: "HEARTBEAT",
    IDENTIFY: "IDENTIFY",
    PRESENCE: "PRESENCE_UPDATE",
    VOICE: "VOICE_STATE_UPDATE",
    RESUME: "RESUME",
    REQUEST_MEMBERS: "REQUEST_GUILD_MEMBERS",
}
_TRACE = '["sandbox",{"micros":0.0}]'


class Dialogue:
    """What one client says on one websocket, and what it may say next."""

    def __init__(
        self, world: World, hub: Hub, faults: GatewayFaults, socket: Connection, address: str
    ) -> None:
        self._world = world
        self._hub = hub
        self._faults = faults
        self._socket = socket
        self._address = address
        # Who it is; known from the first token on, even if that is not valid any more.
        self.bot: str | None = None
        self._session: GatewaySession | None = None
        self._heard: deque[float] = deque(maxlen=_MOST_SENDS)
        self._answers: dict[int, Callable[[Any], None]] = {
            HEARTBEAT: self._heartbeat,
            IDENTIFY: self._identify,
            PRESENCE: self._presence,
            VOICE: self._ignore,
            RESUME: self._resume,
            REQUEST_MEMBERS: self._request_members,
        }

    def greet(self, version: str, encoding: str) -> None:
        """Say HELLO to a client that speaks our version."""
        if version not in {"9", "10"}:
            raise GatewayCloseError(4012, "Invalid API version")
        if encoding != "json":
            raise GatewayCloseError(4002, "Error while decoding payload.")
        if self._faults.keeps_hello():
            return
        interval = int(self._world.heartbeat_interval * 1000)
        self._say(HELLO, {"heartbeat_interval": interval, "_trace": [_TRACE]})

    def hear(self, data: str | bytes) -> None:
        """Take one payload of the client."""
        self._count()
        payload = _decoded(data)
        op, said = payload["op"], payload.get("d")
        self._note(op, said)
        if op not in self._answers:
            raise GatewayCloseError(4001, "Unknown opcode.")
        if self._session is None and op not in {HEARTBEAT, IDENTIFY, RESUME}:
            raise GatewayCloseError(4003, "Not authenticated.")
        if op != HEARTBEAT and not isinstance(said, dict):
            raise GatewayCloseError(4002, "Error while decoding payload.")
        self._answers[op](said)

    def _note(self, op: int, said: object) -> None:
        """Count what was said, and by whom; an invalidated session is none any more."""
        if self._session is not None and self._session.connection is not self._socket:
            self._session = None
        if op in {IDENTIFY, RESUME} and isinstance(said, dict):
            owner = self._world.owner_of(_token(said))
            self.bot = owner.name if owner else self.bot
        # A client may well say hello with a heartbeat, before anybody knows who it is.
        if self.bot is not None or op != HEARTBEAT:
            self._world.traffic.heard(self.bot, _NAMES.get(op, str(op)))

    def close(self, reason: GatewayCloseError) -> None:
        """Close from our side."""
        if reason.code == _BROKEN:
            self._socket.abort()
        else:
            self._socket.close(reason.code, reason.reason)

    def left(self, code: int | None, *, by_client: bool) -> None:
        """Take notice that the websocket is closed: 1000 and 1001 of a client end its session."""
        if self._session is None or self._session.connection is not self._socket:
            return
        if code in _ENDED_BY_CLIENT and by_client:
            self._hub.end(self._session)
        else:
            self._hub.detach(self._session, self._socket)

    def _count(self) -> None:
        now = self._world.clock.monotonic()
        if len(self._heard) == _MOST_SENDS and now - self._heard[0] < _SEND_WINDOW:
            raise GatewayCloseError(4008, "You are being rate limited.")
        self._heard.append(now)

    def _say(self, op: int, data: object) -> None:
        self._socket.send({"op": op, "d": data, "s": None, "t": None})

    def _ignore(self, data: object) -> None:
        """Take voice states, which mean nothing here."""

    def _heartbeat(self, sequence: int | None) -> None:
        if self._session is not None:
            self._session.confirm(sequence)
        asyncio.get_running_loop().call_later(ACK_SECONDS, self._say, ACK, None)

    def _identify(self, data: Json) -> None:
        if self._session is not None:
            raise GatewayCloseError(4005, "Already authenticated.")
        application = self._authenticated(data)
        self._faults.use_up_start(application)
        if self._faults.login("identify", application, self._socket):
            return
        intents = _checked_intents(data.get("intents"), self._world.allowed_intents(application))
        shard = _checked_shard(data.get("shard", [0, 1]))
        session = self._session = self._hub.begin(application, intents, shard, self._socket)
        session.dispatch("READY", self._ready(session))
        if intents & GUILDS:
            for guild in self._guilds(session):
                if self._world.is_away(guild, application.name):
                    continue
                snapshot = channel_objects.guild_snapshot(self._world, guild, application, intents)
                session.dispatch("GUILD_CREATE", snapshot)
        if data.get("presence"):
            self._presence(data["presence"])

    def _authenticated(self, data: Json) -> Application:
        application = self._world.application_by_token(_token(data))
        if application is None:
            raise GatewayCloseError(4004, "Authentication failed.")
        return application

    def _guilds(self, session: GatewaySession) -> list[Guild]:
        number, count = session.shard
        return [
            guild
            for guild in self._world.guilds.values()
            if session.application.id in guild.members and (int(guild.id) >> 22) % count == number
        ]

    def _ready(self, session: GatewaySession) -> Json:
        application = session.application
        return {
            "v": 10,
            "user": objects.current_user(application.user),
            "user_settings": {},
            "guilds": [{"id": one.id, "unavailable": True} for one in self._guilds(session)],
            "guild_join_requests": [],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self._address,
            "shard": list(session.shard),
            "application": {
                "id": application.id,
                "flags": objects.application_flags(self._world, application),
            },
            "private_channels": [],
            "presences": [],
            "relationships": [],
            "game_relationships": [],
            "geo_ordered_rtc_regions": [],
            "auth": {},
            "_trace": [_TRACE],
        }

    def _resume(self, data: Json) -> None:
        if self._session is not None:
            raise GatewayCloseError(4005, "Already authenticated.")
        application = self._authenticated(data)
        session_id = str(data.get("session_id"))
        if self._faults.login("resume", application, self._socket, session_id):
            return
        session = self._hub.find(session_id, application)
        sequence = data.get("seq")
        if session is None or not isinstance(sequence, int):
            self._say(INVALID_SESSION, data=False)
            return
        if sequence > session.sequence:
            raise GatewayCloseError(4007, "Invalid seq.")
        if not session.can_replay(sequence):
            self._say(INVALID_SESSION, data=False)
            return
        self._session = session
        self._hub.attach(session, self._socket)
        session.replay(sequence)
        session.dispatch("RESUMED", {"_trace": [_TRACE]})

    def _presence(self, data: Json) -> None:
        assert self._session is not None  # noqa: S101 - `hear` lets nobody else in
        application = self._session.application
        application.status = str(data.get("status") or "online")
        application.activities = [one for one in data.get("activities") or [] if one]
        self._hub.refresh(application, changed=True)

    def _request_members(self, data: Json) -> None:
        assert self._session is not None  # noqa: S101 - `hear` lets nobody else in
        guild = self._world.guilds.get(str(data.get("guild_id")))
        if guild is None or self._session.application.id not in guild.members:
            return
        for chunk in chunks(self._world, self._session, guild, data):
            self._session.dispatch("GUILD_MEMBERS_CHUNK", chunk)


def _decoded(data: str | bytes) -> Json:
    if len(data) > _LARGEST_PAYLOAD:
        raise GatewayCloseError(4002, "Error while decoding payload.")
    try:
        payload = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise GatewayCloseError(4002, "Error while decoding payload.") from error
    if not isinstance(payload, dict) or not isinstance(payload.get("op"), int):
        raise GatewayCloseError(4002, "Error while decoding payload.")
    return payload


def _token(data: Json) -> str:
    return str(data.get("token", "")).removeprefix("Bot ")


def _checked_intents(intents: object, allowed: int) -> int:
    if not isinstance(intents, int) or intents & ~ALL_INTENTS:
        raise GatewayCloseError(4013, "Invalid intent(s).")
    if intents & PRIVILEGED & ~allowed:
        raise GatewayCloseError(4014, "Disallowed intent(s).")
    return intents


def _checked_shard(shard: object) -> tuple[int, int]:
    match shard:
        case [int(number), int(count)] if 0 <= number < count:
            return number, count
    raise GatewayCloseError(4010, "Invalid shard.")
