"""The chat page's websocket: what happens, as it happens."""

import asyncio

import orjson
from aiohttp import web

from multibot.sandbox import page_objects
from multibot.sandbox.world import Event, World


class Events:
    """Everybody who watches."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._watchers: dict[web.WebSocketResponse, asyncio.Queue[str]] = {}
        world.subscribe(self._tell)

    def _tell(self, event: Event) -> None:
        if not self._watchers:
            return
        for happening in page_objects.happening(self._world, event):
            text = orjson.dumps(happening).decode()
            for queue in self._watchers.values():
                queue.put_nowait(text)

    async def watch(self, request: web.Request) -> web.WebSocketResponse:
        """Serve one watcher until it leaves; what it says is not listened to."""
        websocket = web.WebSocketResponse(heartbeat=30)
        await websocket.prepare(request)
        queue = self._watchers[websocket] = asyncio.Queue()
        writer = asyncio.create_task(_write(websocket, queue))
        try:
            async for _ in websocket:
                pass
        finally:
            del self._watchers[websocket]
            writer.cancel()
        return websocket

    async def close(self) -> None:
        """Close every websocket."""
        for websocket in list(self._watchers):
            await websocket.close(code=1001, message=b"The sandbox is closing.")


async def _write(websocket: web.WebSocketResponse, queue: asyncio.Queue[str]) -> None:
    while not websocket.closed:
        try:
            await websocket.send_str(await queue.get())
        except ConnectionError:
            return
