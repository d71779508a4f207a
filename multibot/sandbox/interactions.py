"""Interactions: a user uses a command, the application answers it once, and may go on."""

from datetime import timedelta

from multibot.sandbox import (
    channel_objects,
    commands,
    drafts,
    fields,
    messages,
    objects,
    permissions,
)
from multibot.sandbox.entities import (
    CHAT_INPUT_COMMAND,
    EPHEMERAL,
    LOADING,
    Application,
    Channel,
    Interaction,
    Json,
    Message,
    User,
)
from multibot.sandbox.messages import Draft
from multibot.sandbox.refusal import RefusalError, unknown
from multibot.sandbox.world import Event, World, digest

PONG = 1
MESSAGE = 4
DEFERRED_MESSAGE = 5
DEFERRED_UPDATE = 6
UPDATE = 7
_CALLBACKS = frozenset({PONG, MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE})

# How long the continuation token of an interaction works.
_TOKEN_LIFE = timedelta(minutes=15)
_ATTACHMENT_LIMIT = 10 * 1024 * 1024


def use(
    world: World,
    application: Application,
    channel: Channel,
    user: User,
    name: str,
    options: Json,
) -> Interaction:
    """Let a user use a command (`"forum open"` names a subcommand) and tell its application."""
    top, *path = name.removeprefix("/").split()
    command = commands.find(application, channel.guild.id if channel.guild else None, top)
    if command is None:
        raise unknown("Application Command")
    data = commands.used(world, command, path, options)
    interaction_id = world.ids.next()
    token = digest("interaction", application.id, interaction_id)
    interaction = Interaction(
        interaction_id, token, application, command, data, channel, user, world.clock.now()
    )
    _forget_old(world)
    world.interactions[interaction.id] = interaction
    payload = _payload(interaction)
    world.announce(
        Event("INTERACTION_CREATE", channel.guild, channel, only=application, data=payload)
    )
    return interaction


def _forget_old(world: World) -> None:
    oldest = world.clock.now() - 2 * _TOKEN_LIFE
    for known in list(world.interactions.values()):
        if known.created_at >= oldest:
            return
        del world.interactions[known.id]


def _payload(one: Interaction) -> Json:
    granted = permissions.in_channel(one.channel, one.application.user)
    return {
        "id": one.id,
        "application_id": one.application.id,
        "type": 2,
        "data": one.data,
        "token": one.token,
        "version": 1,
        "channel_id": one.channel.id,
        "channel": channel_objects.channel(one.channel, one.application.user),
        "app_permissions": str(granted),
        "locale": "en-US",
        "entitlements": [],
        "entitlement_sku_ids": [],
        "attachment_size_limit": _ATTACHMENT_LIMIT,
        **_invoked_by(one),
    }


def _invoked_by(one: Interaction) -> Json:
    guild = one.channel.guild
    if guild is None:
        return {
            "user": objects.user(one.user),
            "context": 1,
            "authorizing_integration_owners": {"0": "0"},
        }
    granted = permissions.in_channel(one.channel, one.user)
    return {
        "guild_id": guild.id,
        "guild": {"id": guild.id, "locale": "en-US", "features": []},
        "guild_locale": "en-US",
        "member": {**objects.member(guild.members[one.user.id]), "permissions": str(granted)},
        "context": 0,
        "authorizing_integration_owners": {"0": guild.id},
    }


def answer(world: World, one: Interaction, body: Json, attachments: list[Json]) -> Json:
    """Take the first answer to an interaction; returns what `with_response` shows."""
    kind = body.get("type")
    if kind not in _CALLBACKS:
        raise RefusalError(400, 50035, "Invalid Form Body")
    if one.callback_type is not None:
        raise RefusalError(400, 40060, "Interaction has already been acknowledged.")
    if world.clock.now() - one.created_at > timedelta(seconds=world.interaction_window):
        raise unknown("Interaction")
    data = fields.part(body, "data") or {}
    if kind == MESSAGE:
        draft = drafts.read(one.channel, data, attachments, ephemeral=True)
        one.response = _post(world, one, draft)
        announce_answer(world, one, one.response)
    elif kind == DEFERRED_MESSAGE:
        flags = LOADING | fields.whole(data, "flags") & EPHEMERAL
        one.response = _post(world, one, Draft(flags=flags))
    one.callback_type = kind
    return _callback(one, kind)


def _post(world: World, one: Interaction, draft: Draft) -> Message:
    draft.type = CHAT_INPUT_COMMAND
    draft.interaction = one
    return messages.post(world, one.channel, one.application.user, draft)


def _callback(one: Interaction, kind: int) -> Json:
    shown: Json = {"interaction": {"id": one.id, "type": 2}}
    if one.response is None:
        return shown
    shown["interaction"] |= {
        "response_message_id": one.response.id,
        "response_message_loading": channel_objects.is_loading(one.response),
        "response_message_ephemeral": bool(one.response.flags & EPHEMERAL),
        "channel_id": one.channel.id,
        "guild_id": one.channel.guild.id if one.channel.guild else None,
    }
    message = channel_objects.message(one.response, one.application.user)
    shown["resource"] = {"type": kind, "message": message}
    return shown


def follow_up(world: World, one: Interaction, body: Json, attachments: list[Json]) -> Message:
    """Post a further message; after a deferred answer the first one takes its place."""
    original = one.response
    if original is not None and channel_objects.is_loading(original):
        return edit(world, one, original, body)
    draft = drafts.read(one.channel, body, attachments, ephemeral=True)
    draft.interaction = one
    if original is not None and not original.flags & EPHEMERAL:
        draft.reply_to = original
    message = messages.post(world, one.channel, one.application.user, draft)
    one.followups[message.id] = message
    announce_answer(world, one, message)
    return message


def edit(world: World, one: Interaction, message: Message, body: Json) -> Message:
    """Change an answer; a deferred one becomes the answer by this."""
    changes = {**drafts.read_changes(message, body), "flags": message.flags & ~LOADING}
    allowed = drafts.read_allowed(body)
    messages.edit(world, message, changes, allowed)
    announce_answer(world, one, message)
    return message


def announce_answer(world: World, one: Interaction, message: Message) -> None:
    """Tell the chat page, which also shows what only the user may see."""
    data = {"interaction_id": one.id, "ephemeral": bool(message.flags & EPHEMERAL)}
    world.announce(
        Event("INTERACTION_RESPONSE", one.channel.guild, one.channel, message, one.user, data=data)
    )


def by_token(world: World, application_id: str, token: str) -> Interaction:
    """Return the interaction a webhook path names."""
    found = next((one for one in world.interactions.values() if one.token == token), None)
    if found is None or found.application.id != application_id:
        raise unknown("Webhook")
    if world.clock.now() - found.created_at > _TOKEN_LIFE:
        raise RefusalError(401, 50027, "Invalid Webhook Token")
    return found
