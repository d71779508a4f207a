"""The sandbox's own API: speak as people, and see what the bots asked for."""

import asyncio

from aiohttp import web

from multibot.sandbox import drafts, fields, interactions, messages, page_objects, threads
from multibot.sandbox.admin_requests import BASE, RequestError, body_of, number, served, text
from multibot.sandbox.entities import EPHEMERAL, FORUM, Channel, Guild, Json, Message, User
from multibot.sandbox.rest_messages import announce_typing
from multibot.sandbox.world import Event, World

_ANSWER_TIMEOUT = 3.0
_USUAL_LIMIT = 50


class Admin:
    """Serves `/sandbox/...` to the chat page, the commands and the tests."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._waiting: dict[str, asyncio.Future[Message]] = {}
        world.subscribe(self._answered)

    def add_to(self, app: web.Application) -> None:
        """Register the routes."""
        for method, path, answer in (
            ("GET", "/state", self._state),
            ("GET", "/messages", self._messages),
            ("POST", "/messages", self._say),
            ("GET", "/received", self._received),
            ("POST", "/users", self._add_user),
            ("POST", "/channels", self._add_channel),
            ("POST", "/threads", self._add_thread),
            ("POST", "/typing", self._type),
            ("GET", "/commands", self._commands),
            ("POST", "/interactions", self._use),
        ):
            app.router.add_route(method, BASE + path, served(answer))

    async def _state(self, _: web.Request) -> Json:
        return page_objects.state(self._world)

    async def _messages(self, request: web.Request) -> Json:
        query = request.query
        viewer = self._speaker(query["user"]) if "user" in query else None
        channel = self._channel(query.get("channel", ""), viewer)
        limit = number(query.get("limit"), _USUAL_LIMIT)
        if "after" in query:
            newer = messages.following(channel, len(channel.messages), str(number(query["after"])))
            found = newer[::-1][:limit]
        else:
            found = messages.newest(channel, limit)[::-1]
        return {"messages": [page_objects.message(one) for one in found]}

    async def _say(self, request: web.Request) -> Json:
        body = await body_of(request)
        author = self._speaker(text(body, "author"))
        channel = self._channel(text(body, "channel"), author)
        if channel.type == FORUM:
            raise RequestError(400, f"#{channel.name} is a forum: start a thread in it.")
        sent: Json = {"content": body.get("content"), "nonce": body.get("nonce")}
        if body.get("reply_to"):
            sent["message_reference"] = {"message_id": str(body["reply_to"])}
        draft = drafts.read(channel, sent, [])
        return page_objects.message(messages.post(self._world, channel, author, draft))

    async def _received(self, request: web.Request) -> Json:
        after = number(request.query.get("after"))
        return {"received": [one for one in self._world.received if one["n"] > after]}

    async def _add_user(self, request: web.Request) -> Json:
        user = self._speaker(text(await body_of(request), "name"))
        return {"id": user.id, "name": user.name}

    async def _add_channel(self, request: web.Request) -> Json:
        body = await body_of(request)
        parent = body.get("parent_id")
        channel = self._world.add_channel(
            text(body, "name"),
            guild=self._guild(body.get("guild")),
            type=fields.whole(body, "type"),
            parent=self._channel(str(parent), None) if parent else None,
            topic=body.get("topic"),
        )
        return page_objects.channel(channel)

    async def _add_thread(self, request: web.Request) -> Json:
        body = await body_of(request)
        author = self._speaker(text(body, "author"))
        channel = self._channel(text(body, "channel"), author)
        content = drafts.checked_content(body.get("content"))
        name = text(body, "name")
        thread = threads.start(self._world, channel, author, name, content=content)
        return page_objects.channel(thread)

    async def _type(self, request: web.Request) -> Json:
        body = await body_of(request)
        author = self._speaker(text(body, "author"))
        announce_typing(self._world, self._channel(text(body, "channel"), author), author)
        return {}

    async def _commands(self, request: web.Request) -> Json:
        bot = self._bot(request.query.get("bot", ""))
        scopes = self._world.applications[bot.id].commands.values()
        return {"commands": [command for scope in scopes for command in scope]}

    async def _use(self, request: web.Request) -> Json:
        body = await body_of(request)
        bot, user = self._bot(text(body, "bot")), self._speaker(text(body, "author"))
        channel = self._channel(text(body, "channel"), user)
        interaction = interactions.use(
            self._world,
            self._world.applications[bot.id],
            channel,
            user,
            text(body, "command"),
            fields.part(body, "options") or {},
        )
        response = await self._response(interaction.id)
        return {"id": interaction.id, "response": response, "pending": response is None}

    async def _response(self, interaction_id: str) -> Json | None:
        waiting = self._waiting[interaction_id] = asyncio.get_running_loop().create_future()
        try:
            message = await asyncio.wait_for(waiting, _ANSWER_TIMEOUT)
        except TimeoutError:
            return None
        finally:
            del self._waiting[interaction_id]
        return {"content": message.content, "ephemeral": bool(message.flags & EPHEMERAL)}

    def _answered(self, event: Event) -> None:
        if event.name != "INTERACTION_RESPONSE" or event.message is None:
            return
        waiting = self._waiting.get(event.data["interaction_id"])
        if waiting is not None and not waiting.done():
            waiting.set_result(event.message)

    def _speaker(self, name: str) -> User:
        """Return a person; a name nobody has becomes a new one."""
        user = self._world.find_user(name) or self._world.add_user(name)
        if user.bot:
            raise RequestError(400, f"{user.name} is a bot and speaks for itself.")
        return user

    def _bot(self, name: str) -> User:
        user = self._world.find_user(name.removeprefix("@"))
        if user is None or not user.bot:
            raise RequestError(404, f"There is no bot {name}.")
        return user

    def _channel(self, name: str, speaker: User | None) -> Channel:
        """Return a channel by id or #name, or this speaker's DM with @bot."""
        if name.startswith("@"):
            if speaker is None:
                raise RequestError(400, f"Whose conversation with {name}? Name a user.")
            return self._world.direct(speaker, self._bot(name))
        channel = self._world.find_channel(name.removeprefix("#"))
        if channel is None:
            raise RequestError(404, f"There is no channel {name or '(none named)'}.")
        return channel

    def _guild(self, guild_id: str | None) -> Guild | None:
        if guild_id is None and self._world.guilds:
            return None
        if guild_id not in self._world.guilds:
            raise RequestError(404, f"There is no guild {guild_id}.")
        return self._world.guilds[guild_id]
