"""The sandbox as a running server."""

import email.utils
import errno
import functools
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from multibot.errors import TemporaryError
from multibot.sandbox import (
    rest_applications,
    rest_channels,
    rest_guilds,
    rest_interactions,
    rest_messages,
)
from multibot.sandbox.admin import Admin
from multibot.sandbox.events import Events
from multibot.sandbox.fault_admin import FaultAdmin
from multibot.sandbox.gateway import Gateway
from multibot.sandbox.gateway_session import Hub
from multibot.sandbox.message_admin import MessageAdmin
from multibot.sandbox.origin import guard
from multibot.sandbox.rest import Api
from multibot.sandbox.talk_admin import TalkAdmin
from multibot.sandbox.world import World

PAGE = Path(__file__).parent / "page"

_ROUTES = (
    *rest_messages.ROUTES,
    *rest_channels.ROUTES,
    *rest_guilds.ROUTES,
    *rest_applications.ROUTES,
    *rest_interactions.ROUTES,
)
# Of another machine, or of a kind that this one does not speak.
_ADDRESS = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EINVAL})
_LARGEST_REQUEST = 26 * 1024 * 1024
_PAGE_HEADERS = {
    "Cache-Control": "no-cache",
    # 'self' covers the page's own websocket too.
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; object-src 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(slots=True)
class RunningSandbox:
    """A sandbox that answers at `url` until it is closed."""

    url: str
    hub: Hub
    _world: World
    _runner: web.AppRunner
    _gateway: Gateway
    _events: Events

    @property
    def api_url(self) -> str:
        """The base address for `MULTIBOT_DISCORD_API`."""
        return f"{self.url}/api/v10"

    async def close(self) -> None:
        """Close every connection and stop listening; faults stay, but those to come do not."""
        self._world.faults.close()
        self._gateway.close()
        await self._events.close()
        await self._runner.cleanup()


async def start(world: World, host: str = "127.0.0.1", port: int = 0) -> RunningSandbox:
    """Serve a world; port 0 takes a free one, a port in use raises TemporaryError."""
    hub = Hub(world)
    gateway, events = Gateway(world, hub), Events(world)
    app = web.Application(middlewares=[guard(host)], client_max_size=_LARGEST_REQUEST)
    app.router.add_get("/", _index)
    app.router.add_get(r"/page/{file:[\w-]+(\.[\w-]+)+}", _page_file)
    app.router.add_get("/sandbox/events", events.watch)
    app.router.add_get("/gateway", gateway.connect)
    app.router.add_get("/gateway/", gateway.connect)
    Admin(world).add_to(app)
    MessageAdmin(world).add_to(app)
    FaultAdmin(world).add_to(app)
    TalkAdmin(world).add_to(app)
    Api(world, hub).add_to(app, _ROUTES)
    app.on_response_prepare.append(functools.partial(_date, world))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise _deaf(error, host, port) from error
    return RunningSandbox(_url(host, runner), hub, world, runner, gateway, events)


async def _date(world: World, request: web.Request, response: web.StreamResponse) -> None:
    """Say what time it is here: messages are dated by it."""
    del request
    response.headers["Date"] = email.utils.format_datetime(world.clock.now(), usegmt=True)


def _deaf(error: OSError, host: str, port: int) -> TemporaryError:
    by_name = isinstance(error, socket.gaierror)
    reason = os.strerror(error.errno) if error.errno and not by_name else error.strerror
    at_fault = "--host" if by_name or error.errno in _ADDRESS else "--port"
    return TemporaryError(
        f"Cannot listen on {host}:{port}: {reason or error}.",
        remedy=f"Choose another with {at_fault}.",
    )


def _url(host: str, runner: web.AppRunner) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{runner.addresses[0][1]}"


async def _index(_: web.Request) -> web.StreamResponse:
    return _file("index.html")


async def _page_file(request: web.Request) -> web.StreamResponse:
    return _file(request.match_info["file"])


def _file(name: str) -> web.StreamResponse:
    path = PAGE / name
    if not path.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(path, headers=_PAGE_HEADERS)
