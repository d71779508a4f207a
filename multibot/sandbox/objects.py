"""Users, applications, guilds, roles and members, in the shapes Discord documents."""

from datetime import datetime

from multibot.sandbox import permissions
from multibot.sandbox.entities import (
    Application,
    Guild,
    Json,
    Member,
    Role,
    User,
)
from multibot.sandbox.world import MEMBERS, MESSAGE_CONTENT, PRESENCES, World, digest

# Application flags: the limited form is what an application of few users has.
_INTENT_FLAGS = {PRESENCES: 1 << 13, MEMBERS: 1 << 15, MESSAGE_CONTENT: 1 << 19}
_DISCRIMINATORS = 9999


def moment(at: datetime | None) -> str | None:
    """Write a time the way Discord does."""
    return None if at is None else at.isoformat(timespec="microseconds")


def user(who: User) -> Json:
    """Return a user object."""
    shown: Json = {
        "id": who.id,
        "username": who.name,
        "discriminator": f"{int(who.id) % _DISCRIMINATORS + 1:04}" if who.bot else "0",
        "global_name": None if who.bot else who.name,
        "avatar": None,
        "avatar_decoration_data": None,
        "banner": None,
        "accent_color": None,
        "collectibles": None,
        "primary_guild": None,
        "public_flags": 0,
    }
    return {**shown, "bot": True} if who.bot else shown


def current_user(who: User) -> Json:
    """Return a bot's own user object."""
    return {
        **user(who),
        "email": None,
        "flags": 0,
        "locale": "en-US",
        "mfa_enabled": True,
        "premium_type": 0,
        "verified": True,
    }


def application_flags(world: World, application: Application) -> int:
    """Return the public flags, which tell the privileged intents that are switched on."""
    allowed = world.allowed_intents(application)
    return sum(flag for intent, flag in _INTENT_FLAGS.items() if allowed & intent)


def application(world: World, app: Application) -> Json:
    """Return an application object as its own bot sees it."""
    install = {
        "scopes": ["applications.commands", "bot"],
        "permissions": str(permissions.APPLICATION_ROLE),
    }
    guilds = [guild for guild in world.guilds.values() if app.id in guild.members]
    return {
        "id": app.id,
        "name": app.name,
        "icon": None,
        "description": app.description,
        "summary": "",
        "type": None,
        "bot": user(app.user),
        "bot_public": False,
        "bot_require_code_grant": False,
        "owner": user(world.owner),
        "team": None,
        "verify_key": digest("verify", app.id) * 2,
        "flags": application_flags(world, app),
        "hook": True,
        "tags": [],
        "rpc_origins": [],
        "redirect_uris": [],
        "install_params": install,
        "integration_types_config": {"0": {"oauth2_install_params": install}},
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "event_webhooks_url": None,
        "event_webhooks_status": 1,
        "approximate_guild_count": len(guilds),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
    }


def role(one: Role) -> Json:
    """Return a role object."""
    shown: Json = {
        "id": one.id,
        "name": one.name,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "icon": None,
        "unicode_emoji": None,
        "position": one.position,
        "permissions": str(one.permissions),
        "managed": one.bot_id is not None,
        "mentionable": False,
        "flags": 0,
    }
    return {**shown, "tags": {"bot_id": one.bot_id}} if one.bot_id else shown


def partial_member(one: Member) -> Json:
    """Return a member object without its user, as messages carry it."""
    return {
        "nick": one.nick,
        "avatar": None,
        "banner": None,
        "roles": list(one.roles),
        "joined_at": moment(one.joined_at),
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
        "communication_disabled_until": None,
        "collectibles": None,
        "avatar_decoration_data": None,
    }


def member(one: Member) -> Json:
    """Return a member object."""
    return {**partial_member(one), "user": user(one.user)}


def guild(one: Guild) -> Json:
    """Return a guild object."""
    return {
        "id": one.id,
        "name": one.name,
        "icon": None,
        "icon_hash": None,
        "splash": None,
        "discovery_splash": None,
        "banner": None,
        "description": None,
        "owner_id": one.owner_id,
        "application_id": None,
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "widget_enabled": False,
        "widget_channel_id": None,
        "verification_level": 0,
        "default_message_notifications": 0,
        "explicit_content_filter": 0,
        "mfa_level": 0,
        "nsfw_level": 0,
        "nsfw": False,
        "roles": [role(known) for known in one.roles.values()],
        "emojis": [],
        "stickers": [],
        "features": [],
        "system_channel_id": _system_channel(one),
        "system_channel_flags": 0,
        "rules_channel_id": None,
        "public_updates_channel_id": None,
        "safety_alerts_channel_id": None,
        "max_presences": None,
        "max_members": 500_000,
        "max_video_channel_users": 25,
        "max_stage_video_channel_users": 50,
        "vanity_url_code": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "premium_progress_bar_enabled": False,
        "preferred_locale": "en-US",
        "incidents_data": None,
    }


def _system_channel(one: Guild) -> str | None:
    named = (channel.id for channel in one.channels.values() if channel.name == "general")
    return next(named, None)


def presence(app: Application, guild_id: str) -> Json:
    """Return the presence of a bot as one guild sees it."""
    status = app.shown_status
    return {
        "user": {"id": app.id},
        "guild_id": guild_id,
        "status": status,
        "activities": list(app.activities) if status != "offline" else [],
        "client_status": {"web": status} if status != "offline" else {},
    }
