"""REST v10: the one place where a request comes in and an answer goes out."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import BodyPartReader, web

from multibot.sandbox import permissions
from multibot.sandbox.channel_objects import can_see
from multibot.sandbox.entities import Application, Channel, Guild, Json, Message
from multibot.sandbox.gateway_session import Hub
from multibot.sandbox.ratelimit import Limit, RateLimits
from multibot.sandbox.refusal import (
    RefusalError,
    missing_access,
    missing_permissions,
    no_route,
    unauthorized,
    unknown,
)
from multibot.sandbox.rest_faults import Request, RestFaults
from multibot.sandbox.world import World

BASE = "/api/v10"

Result = Json | list[Json] | None

# Limits of routes that name none: what a bot of ordinary size never meets.
_ORDINARY: Limit = (100, 1.0)
_RESOURCES = ("channel_id", "guild_id", "webhook_id", "webhook_token")


@dataclass(slots=True)
class Call:
    """One request, after its token and rate limit were checked."""

    world: World
    hub: Hub
    request: web.Request
    application: Application | None
    attachments: list[Json] = field(default_factory=list)

    @property
    def caller(self) -> Application:
        """The application whose token came with the request."""
        assert self.application is not None  # noqa: S101 - routes that call this need a token
        return self.application

    def path(self, name: str) -> str:
        """Return a part of the path."""
        return self.request.match_info[name]

    def channel(self, needed: int = permissions.VIEW_CHANNEL) -> Channel:
        """Return the channel in the path, if the caller may see it and do this there."""
        channel = self.world.channels.get(self.path("channel_id"))
        if channel is None:
            raise unknown("Channel")
        if not can_see(channel, self.caller.user):
            raise missing_access()
        self.require(channel, needed)
        return channel

    def require(self, channel: Channel, needed: int) -> None:
        """Refuse unless the caller has all these permissions there."""
        if needed & ~permissions.in_channel(channel, self.caller.user):
            raise missing_permissions()

    def message(self, channel: Channel) -> Message:
        """Return the message in the path."""
        message = channel.messages.get(self.path("message_id"))
        if message is None:
            raise unknown("Message")
        return message

    def guild(self) -> Guild:
        """Return the guild in the path, if the caller is in it."""
        guild = self.world.guilds.get(self.path("guild_id"))
        if guild is None or self.caller.id not in guild.members:
            raise unknown("Guild")
        return guild

    async def body(self) -> Json:
        """Return the JSON object that was sent; of a form, its `payload_json`."""
        is_form = self.request.content_type.startswith("multipart/")
        value = await self._form() if is_form else _loaded(await self.request.read() or b"{}")
        if not isinstance(value, dict):
            raise RefusalError(400, 50109, "The request body contains invalid JSON.")
        return value

    async def items(self) -> list[Json]:
        """Return the JSON array of objects that was sent."""
        value = _loaded(await self.request.read() or b"[]")
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            raise RefusalError(400, 50109, "The request body contains invalid JSON.")
        return value

    async def _form(self) -> Any:
        """Read a form; of its files only name, type and size are kept."""
        payload: Any = {}
        async for part in await self.request.multipart():
            if not isinstance(part, BodyPartReader):
                continue
            data = bytes(await part.read(decode=True))
            if part.name == "payload_json":
                payload = _loaded(data)
            else:
                self.attachments.append(self._attachment(part, len(data)))
        return payload

    def _attachment(self, part: BodyPartReader, size: int) -> Json:
        name = part.filename or "file"
        attachment_id = self.world.ids.next()
        url = f"http://{self.request.host}/attachments/{attachment_id}/{name}"
        return {
            "id": attachment_id,
            "filename": name,
            "size": size,
            "url": url,
            "proxy_url": url,
            "content_type": part.headers.get("Content-Type", "application/octet-stream"),
        }


def _loaded(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise RefusalError(400, 50109, "The request body contains invalid JSON.") from error


Answer = Callable[[Call], Awaitable[Result]]
LimitOf = Callable[[World], Limit]


def ordinary(_: World) -> Limit:
    """Return the limit of a route that has none of its own."""
    return _ORDINARY


@dataclass(frozen=True, slots=True)
class Route:
    """One REST route; an open one needs no token because its path holds a secret."""

    method: str
    path: str
    answer: Answer
    limit: LimitOf = ordinary
    is_open: bool = False
    status: int = 200


class Api:
    """Serves a table of routes."""

    def __init__(self, world: World, hub: Hub) -> None:
        self._world = world
        self._hub = hub
        self._limits = RateLimits(world)
        self._faults = RestFaults(world)

    def add_to(self, app: web.Application, routes: Iterable[Route]) -> None:
        """Register the routes, and Discord's answer for every other path."""
        for route in routes:
            app.router.add_route(route.method, BASE + route.path, self._served(route))
        nothing = Route("*", "/{tail:.*}", _no_route, is_open=True)
        app.router.add_route("*", "/api{tail:.*}", self._served(nothing))

    def _served(self, route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def serve(request: web.Request) -> web.Response:
            return await self._serve(route, request)

        return serve

    async def _serve(self, route: Route, request: web.Request) -> web.Response:
        """Take one request through the faults; note it and how it was answered."""
        asked = self._asked(route, request)
        traffic = self._world.traffic
        note = traffic.asked(
            asked.bot, request.method, asked.path, request.query_string, route.path
        )

        async def answer(instead: RefusalError | None) -> web.Response:
            return await self._answer(route, request, instead)

        response, note.fault = await self._faults.serve(asked, answer)
        if response is None:
            traffic.answered(note, None)
            return web.Response()
        shared = response.headers.get("X-RateLimit-Scope") == "shared"
        traffic.answered(note, response.status, counts=not shared)
        return response

    def _asked(self, route: Route, request: web.Request) -> Request:
        token = request.headers.get("Authorization", "").partition(" ")[2].strip()
        application = self._world.owner_of(token) or self._addressed(request)
        resource = "/".join(request.match_info.get(name, "") for name in _RESOURCES)
        path = request.path.removeprefix(BASE)
        return Request(request, application, f"{route.method} {route.path}", path, resource)

    def _addressed(self, request: web.Request) -> Application | None:
        """Return whose secret is in the path of an open route."""
        interaction = self._world.interactions.get(request.match_info.get("interaction_id", ""))
        webhook = request.match_info.get("webhook_id", "")
        return interaction.application if interaction else self._world.applications.get(webhook)

    async def _answer(
        self, route: Route, request: web.Request, instead: RefusalError | None
    ) -> web.Response:
        """Take one request through token, rate limit and answer."""
        headers: dict[str, str] = {}
        try:
            application = None if route.is_open else self._authenticated(request)
            headers = self._counted(route, request, application)
            if instead is not None:
                raise instead
            result = await route.answer(Call(self._world, self._hub, request, application))
        except RefusalError as refusal:
            return respond(refusal.status, refusal.body, {**headers, **refusal.headers})
        if result is None:
            return respond(204, None, headers)
        return respond(route.status, result, headers)

    def _authenticated(self, request: web.Request) -> Application:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        application = self._world.application_by_token(token.strip())
        if kind != "Bot" or application is None:
            raise unauthorized()
        return application

    def _counted(
        self, route: Route, request: web.Request, application: Application | None
    ) -> dict[str, str]:
        resource = "/".join(request.match_info.get(name, "") for name in _RESOURCES)
        caller = application.id if application else f"open {resource}"
        limit = route.limit(self._world)
        return self._limits.take(caller, f"{route.method} {route.path}", resource, limit)


async def _no_route(_: Call) -> Result:
    raise no_route()


def respond(status: int, body: object, headers: dict[str, str]) -> web.Response:
    """Return an answer whose content type is exactly `application/json`."""
    if status == 204:  # noqa: PLR2004 - no content
        return web.Response(status=status, headers=headers)
    return web.Response(
        status=status,
        body=orjson.dumps(body),
        headers={**headers, "Content-Type": "application/json"},
    )
