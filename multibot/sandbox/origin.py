"""Keeps other web sites out of a server that trusts whoever can reach it."""

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

# Bots come from anywhere and bring a token, which no foreign page knows.
_GUARDED_BY_TOKEN = ("/api/", "/gateway")


def guard(host: str) -> Middleware:
    """Return a middleware that serves only our own names and our own pages.

    A foreign page can resolve its own name to this machine (DNS rebinding), but then it sends
    that name as Host; without the trick it sends itself as Origin.
    """
    names = _LOOPBACK | {host}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith(_GUARDED_BY_TOKEN) and not _is_ours(request, names):
            return web.json_response({"error": "This host or origin is not allowed."}, status=403)
        return await handler(request)

    return check


def _is_ours(request: web.Request, names: frozenset[str]) -> bool:
    if _name(request.host) not in names:
        return False
    origin = request.headers.get("Origin")
    return origin is None or origin == f"http://{request.host}"


def _name(host: str) -> str | None:
    try:
        return URL(f"http://{host}").host
    except ValueError:
        return None
