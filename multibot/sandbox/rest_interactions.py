"""REST: answers to interactions and the webhook of an interaction's token."""

from multibot.sandbox import channel_objects, interactions, messages
from multibot.sandbox.entities import EPHEMERAL, Interaction, Message
from multibot.sandbox.refusal import unknown
from multibot.sandbox.rest import Call, Result, Route

_TRUE = frozenset({"1", "true", "True"})


async def callback(call: Call) -> Result:
    """Create Interaction Response."""
    interaction = call.world.interactions.get(call.path("interaction_id"))
    if interaction is None or interaction.token != call.path("interaction_token"):
        raise unknown("Interaction")
    shown = interactions.answer(call.world, interaction, await call.body(), call.attachments)
    return shown if call.request.query.get("with_response") in _TRUE else None


def _interaction(call: Call) -> Interaction:
    return interactions.by_token(call.world, call.path("webhook_id"), call.path("webhook_token"))


async def follow_up(call: Call) -> Result:
    """Create Followup Message."""
    interaction = _interaction(call)
    message = interactions.follow_up(call.world, interaction, await call.body(), call.attachments)
    return _shown(interaction, message)


async def get_answer(call: Call) -> Result:
    """Get Original Interaction Response, or a followup."""
    interaction = _interaction(call)
    return _shown(interaction, _message(call, interaction))


async def edit_answer(call: Call) -> Result:
    """Edit Original Interaction Response, or a followup."""
    interaction = _interaction(call)
    message = _message(call, interaction)
    interactions.edit(call.world, interaction, message, await call.body())
    return _shown(interaction, message)


async def delete_answer(call: Call) -> Result:
    """Delete Original Interaction Response, or a followup."""
    interaction = _interaction(call)
    message = _message(call, interaction)
    if message.flags & EPHEMERAL:
        message.deleted = True
    else:
        messages.delete(call.world, message)
    return None


def _message(call: Call, interaction: Interaction) -> Message:
    wanted = call.path("message_id")
    message = interaction.response if wanted == "@original" else interaction.followups.get(wanted)
    if message is None and interaction.response and interaction.response.id == wanted:
        message = interaction.response
    if message is None or message.deleted:
        raise unknown("Message")
    return message


def _shown(interaction: Interaction, message: Message) -> Result:
    return channel_objects.message(message, interaction.application.user)


_WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"

ROUTES = (
    Route(
        "POST",
        "/interactions/{interaction_id}/{interaction_token}/callback",
        callback,
        is_open=True,
    ),
    Route("POST", _WEBHOOK, follow_up, is_open=True),
    Route("GET", _WEBHOOK + "/messages/{message_id}", get_answer, is_open=True),
    Route("PATCH", _WEBHOOK + "/messages/{message_id}", edit_answer, is_open=True),
    Route("DELETE", _WEBHOOK + "/messages/{message_id}", delete_answer, is_open=True),
)
