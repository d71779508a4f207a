"""The rules of one bot, as its configuration has them."""

from multibot.config.fleet import Bot
from multibot.conversation.addressing import Rules
from multibot.conversation.session import SessionRules


def of_listening(bot: Bot) -> Rules:
    """Say where a bot listens, and to whom."""
    return Rules(
        patterns=bot.channels,
        allow_dms=bot.limits.allow_dms,
        allowed_user_ids=bot.limits.allowed_user_ids,
        allowed_guild_ids=bot.limits.allowed_guild_ids,
        allowed_channel_ids=bot.limits.allowed_channel_ids,
    )


def of_sessions(bot: Bot) -> SessionRules:
    """Say what belongs to one session of a bot."""
    return SessionRules(
        scope=bot.storage.session_scope,
        gap=bot.storage.session_gap,
        timeout=bot.storage.session_timeout,
    )
