"""Discord's gateway as a websocket endpoint: sockets, compression, opening and closing."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import orjson
from aiohttp import WSMsgType, web

from multibot.sandbox.compression import Compress, open_stream
from multibot.sandbox.entities import Json
from multibot.sandbox.gateway_dialogue import Dialogue
from multibot.sandbox.gateway_faults import GatewayFaults
from multibot.sandbox.gateway_session import DISPATCH, Hub
from multibot.sandbox.refusal import GatewayCloseError
from multibot.sandbox.world import World


@dataclass(frozen=True, slots=True)
class Farewell:
    """The last thing a connection is told."""

    code: int
    reason: str


# How many heartbeat intervals without a word end a connection.
_PATIENCE = 1.5
_BROKEN = 1006


class Socket:
    """One websocket; the one place a payload passes on its way to a client."""

    def __init__(
        self,
        websocket: web.WebSocketResponse,
        compress: Compress | None,
        transport: asyncio.Transport | None,
    ) -> None:
        self._websocket = websocket
        self._compress = compress
        self._transport = transport
        self._queue: asyncio.Queue[Json | Farewell] = asyncio.Queue()
        self._silenced: frozenset[int] = frozenset()
        self._held: list[Json] | None = None
        # The code this side closed with, if it did; `is_closing` with a farewell.
        self.closed_with: int | None = None
        self.is_closing = False

    def send(self, payload: Json) -> None:
        """Queue one gateway payload."""
        if payload["op"] in self._silenced:
            return
        if self._held is not None and payload["op"] == DISPATCH:
            self._held.append(payload)
        else:
            self._queue.put_nowait(payload)

    def close(self, code: int, reason: str) -> None:
        """Close after what is queued."""
        self.closed_with = self.closed_with or code
        self.is_closing = True
        self._queue.put_nowait(Farewell(code, reason))

    def abort(self) -> None:
        """Break the connection, without a word."""
        self.closed_with = self.closed_with or _BROKEN
        if self._transport is not None:
            self._transport.abort()

    def silence(self, *ops: int) -> None:
        """Send no payload with one of these opcodes any more."""
        self._silenced |= frozenset(ops)

    def hold(self) -> None:
        """Keep events back from now on."""
        self._held = self._held or []

    def release(self) -> None:
        """Send the events that were kept back, and those to come."""
        held, self._held = self._held or [], None
        for payload in held:
            self.send(payload)

    async def write(self) -> Farewell | None:
        """Send what is queued, in order, until told to close; None if the client has gone."""
        with suppress(ConnectionError):
            while isinstance(item := await self._queue.get(), dict):
                await self._send(orjson.dumps(item))
            return item
        return None

    async def _send(self, data: bytes) -> None:
        if self._compress is None:
            await self._websocket.send_str(data.decode())
        else:
            await self._websocket.send_bytes(self._compress(data))


class Gateway:
    """The gateway's door: holds one dialogue per websocket."""

    def __init__(self, world: World, hub: Hub) -> None:
        self._world = world
        self._hub = hub
        self._faults = GatewayFaults(world, hub)
        self._open: set[Socket] = set()

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one websocket until it closes."""
        silence = self._world.heartbeat_interval * _PATIENCE
        websocket = web.WebSocketResponse(receive_timeout=silence)
        await websocket.prepare(request)
        compress = open_stream(request.query.get("compress"))
        socket = Socket(websocket, compress, request.transport)
        address = f"ws://{request.host}/gateway"
        dialogue = Dialogue(self._world, self._hub, self._faults, socket, address)
        self._open.add(socket)
        hearing = asyncio.create_task(self._converse(websocket, dialogue, request))
        writing = asyncio.create_task(socket.write())
        try:
            await asyncio.wait({hearing, writing}, return_when=asyncio.FIRST_COMPLETED)
            if socket.is_closing and (farewell := await writing) is not None:
                dialogue.left(farewell.code, by_client=False)
                await _part(websocket, hearing, farewell)
            if hearing.done() and not hearing.cancelled():
                hearing.result()
        finally:
            self._open.discard(socket)
            hearing.cancel()
            writing.cancel()
            code = socket.closed_with or websocket.close_code or _BROKEN
            dialogue.left(code, by_client=socket.closed_with is None)
            self._world.traffic.closed(dialogue.bot, code)
        return websocket

    async def _converse(
        self, websocket: web.WebSocketResponse, dialogue: Dialogue, request: web.Request
    ) -> None:
        try:
            dialogue.greet(request.query.get("v", "10"), request.query.get("encoding", "json"))
            async for message in websocket:
                if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    dialogue.hear(message.data)
        except GatewayCloseError as close:
            dialogue.close(close)
        except TimeoutError:
            dialogue.close(GatewayCloseError(4009, "Session timed out."))

    def close(self) -> None:
        """Close every connection, as a server that goes away does."""
        self._faults.close()
        for socket in self._open:
            socket.close(1001, "The sandbox is closing.")


async def _part(
    websocket: web.WebSocketResponse, hearing: asyncio.Task[None], farewell: Farewell
) -> None:
    """Close, and wait for the client's goodbye: it would not read our code from a dead socket.

    aiohttp waits for that only while nobody else listens.
    """
    hearing.cancel()
    await asyncio.wait({hearing})
    await websocket.close(code=farewell.code, message=farewell.reason.encode())
