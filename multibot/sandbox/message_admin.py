"""The sandbox's own API for what people do to messages that stand: edit them, delete them."""

from collections.abc import Sequence

from aiohttp import web

from multibot.sandbox import drafts, mentions, messages, page_objects, permissions
from multibot.sandbox.admin_requests import BASE, RequestError, body_of, served, text
from multibot.sandbox.entities import Channel, Json, Message, User
from multibot.sandbox.refusal import RefusalError, missing_permissions, unknown
from multibot.sandbox.world import World

_BULK = 100


class MessageAdmin:
    """Serves what is done to `/sandbox/messages` that are there already."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add_to(self, app: web.Application) -> None:
        """Register the routes."""
        for method, path, answer in (
            ("PATCH", "/messages/{message_id}", self._edit),
            ("DELETE", "/messages", self._delete),
        ):
            app.router.add_route(method, BASE + path, served(answer))

    async def _edit(self, request: web.Request) -> Json:
        """Give a message another text, as the person who wrote it."""
        body = await body_of(request)
        person = self._person(text(body, "author"))
        message = self._message(request.match_info["message_id"])
        if message.author is not person:
            raise RefusalError(403, 50005, "Cannot edit a message authored by another user")
        changes = drafts.read_changes(message, {"content": body.get("content")})
        return page_objects.message(
            messages.edit(self._world, message, changes, mentions.EVERYTHING)
        )

    async def _delete(self, request: web.Request) -> Json:
        """Delete one message, or several at once as a ban or a purge does it."""
        person = self._person(request.query.get("author", ""))
        ids = list(dict.fromkeys(request.query.getall("id", [])))
        if not 1 <= len(ids) <= _BULK:
            raise RequestError(400, f"Name from 1 to {_BULK} messages with `id`.")
        found = [self._message(each) for each in ids]
        channel = _only_channel(found)
        for message in found:
            _require_may_delete(person, message, in_bulk=len(found) > 1)
        if len(found) == 1:
            messages.delete(self._world, found[0])
        else:
            messages.delete_many(self._world, channel, ids)
        return {"deleted": ids}

    def _person(self, name: str) -> User:
        user = self._world.find_user(name)
        if user is None or user.bot:
            raise RequestError(404, f"There is no person {name or '(none named)'}.")
        return user

    def _message(self, message_id: str) -> Message:
        for channel in self._world.channels.values():
            if message_id in channel.messages:
                return channel.messages[message_id]
        raise unknown("Message")


def _only_channel(found: Sequence[Message]) -> Channel:
    channels = {message.channel.id: message.channel for message in found}
    if len(channels) > 1:
        raise RequestError(400, "These messages are not all in one channel.")
    return found[0].channel


def _require_may_delete(person: User, message: Message, *, in_bulk: bool) -> None:
    """People delete what they wrote; the rest, and several at once, is for moderators."""
    if message.author is person and not in_bulk:
        return
    if not permissions.in_channel(message.channel, person) & permissions.MANAGE_MESSAGES:
        raise missing_permissions()
