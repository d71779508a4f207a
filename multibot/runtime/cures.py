"""What a person has to do when Discord does not want a bot as it is."""

from multibot.config.fleet import Bot
from multibot.errors import TokenError

UNAUTHORIZED = 401
_TOKEN = "put this application's token (developer portal, Bot, Reset Token) into {variable}"  # noqa: S105 - words
_INTENT = "switch on `Message Content Intent` (developer portal, Bot, Privileged Gateway Intents)"

# HTTP status or close code -> what is wrong, and what to do before the restart.
# https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes
_CURES = {
    UNAUTHORIZED: ("Discord refuses the token in {variable}", _TOKEN),
    4004: ("Discord refuses the token in {variable}", _TOKEN),
    4010: ("Discord does not accept the shard", "upgrade multibot"),
    4011: ("the bot is in more guilds than one connection may serve", "take it out of some"),
    4012: ("Discord no longer speaks this gateway version", "upgrade multibot"),
    4013: ("Discord does not know the intents that were asked for", "upgrade multibot"),
    4014: ("Discord does not allow this application to read messages", _INTENT),
}

_OF_TOKEN = frozenset({UNAUTHORIZED, 4004})
CLOSE_CODES = frozenset(_CURES) - {UNAUTHORIZED}


class RefusedError(Exception):
    """Discord wants no further attempt; `code` is the HTTP status or the close code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"refused with {code}")
        self.code = code


def token_error(code: int, bot: Bot, *, from_elsewhere: bool = False) -> TokenError:
    """Say in one line which bot, what is wrong and what to do.

    `from_elsewhere` is whether the token is another one than that of `.env`.
    """
    problem, cure = (text.format(variable=_variable(bot)) for text in _CURES[code])
    origin, command = "", "restart"
    if from_elsewhere and code in _OF_TOKEN:
        # A restart goes on with what `up` has handed over.
        origin, command = " (taken from the environment, not from .env)", "up"
    return TokenError(
        f"{problem} ({code}){origin}:",
        where=bot.name,
        remedy=f"{cure}, then run `multibot {command} {bot.name}`.",
    )


def _variable(bot: Bot) -> str:
    return bot.variables[0] if bot.variables else "its discord_token"
