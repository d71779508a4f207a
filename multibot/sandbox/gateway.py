"""Discord's gateway as a websocket endpoint: sockets, compression, opening and closing."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import orjson
from aiohttp import WSMsgType, web

from multibot.sandbox.compression import Compress, open_stream
from multibot.sandbox.entities import Json
from multibot.sandbox.gateway_dialogue import Dialogue, GatewayCloseError
from multibot.sandbox.gateway_session import Hub
from multibot.sandbox.world import World


@dataclass(frozen=True, slots=True)
class _Close:
    code: int
    reason: str


# How many heartbeat intervals without a word end a connection.
_PATIENCE = 1.5


class Socket:
    """One websocket; the one place a payload passes on its way to a client."""

    def __init__(self, websocket: web.WebSocketResponse, compress: Compress | None) -> None:
        self._websocket = websocket
        self._compress = compress
        self._queue: asyncio.Queue[Json | _Close] = asyncio.Queue()

    def send(self, payload: Json) -> None:
        """Queue one gateway payload."""
        self._queue.put_nowait(payload)

    def close(self, code: int, reason: str) -> None:
        """Close after what is queued."""
        self._queue.put_nowait(_Close(code, reason))

    async def write(self) -> None:
        """Send what is queued, in order, until told to close or the client has gone."""
        with suppress(ConnectionError):
            while isinstance(item := await self._queue.get(), dict):
                await self._send(orjson.dumps(item))
            await self._websocket.close(code=item.code, message=item.reason.encode())

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
        self._open: set[web.WebSocketResponse] = set()

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one websocket until it closes."""
        silence = self._world.heartbeat_interval * _PATIENCE
        websocket = web.WebSocketResponse(receive_timeout=silence)
        await websocket.prepare(request)
        socket = Socket(websocket, open_stream(request.query.get("compress")))
        writer = asyncio.create_task(socket.write())
        dialogue = Dialogue(self._world, self._hub, socket, f"ws://{request.host}/gateway")
        self._open.add(websocket)
        try:
            await self._converse(websocket, dialogue, request)
            if dialogue.is_closing:
                await writer
        finally:
            self._open.discard(websocket)
            dialogue.left(websocket.close_code)
            writer.cancel()
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

    async def close(self) -> None:
        """Close every websocket, as a server that goes away does."""
        for websocket in list(self._open):
            await websocket.close(code=1001, message=b"The sandbox is closing.")
