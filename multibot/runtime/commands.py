"""The slash commands each bot registers."""

import discord
import structlog
from discord import app_commands

from multibot.clock import to_text
from multibot.conversation import chunking
from multibot.conversation import session as sessions
from multibot.conversation.session import SessionRules
from multibot.errors import StoreUnavailableError
from multibot.store.history import History

HELP = """**{name}** is here. {description}

• Write to me in {channels}, or mention me anywhere.
• A private message always reaches me.
• `/session` shows what I count as this conversation.
• `/clear` starts a new one; what was said is kept, but I no longer look at it."""

CLEARED = "Cleared. Your next message starts a new session."
NOT_NOW = "That did not work just now. Please try again."

log = structlog.get_logger(__name__)


class Commands:
    """What the commands need; registers them on a tree."""

    def __init__(
        self,
        *,
        name: str,
        description: str,
        channels: tuple[str, ...],
        history: History,
        rules: SessionRules,
    ) -> None:
        self._help = HELP.format(
            name=name,
            description=description,
            channels=", ".join(f"`#{pattern}`" for pattern in channels) or "no channel of my own",
        ).replace(". \n", ".\n")
        self._history = history
        self._rules = rules

    def register(self, tree: app_commands.CommandTree) -> None:
        """Add every command to the tree."""
        for name, description, callback in (
            ("help", "What this bot does and how to talk to it", self._on_help),
            ("session", "Show the current conversation session", self._on_session),
            ("clear", "Start over: the next message begins a new session", self._on_clear),
        ):
            tree.add_command(
                app_commands.Command(name=name, description=description, callback=callback)
            )

    async def _on_help(self, interaction: discord.Interaction) -> None:
        await self._say(interaction, self._help)

    async def _on_session(self, interaction: discord.Interaction) -> None:
        channel_id, user_id = _place(interaction)
        session = self._history.current_session(channel_id, user_id, self._rules)
        if session is None:
            await self._say(interaction, "No session is open here. Your next message starts one.")
            return
        shown = sessions.display_id(session.started_at, self._rules.timeout)
        await self._say(
            interaction,
            f"Session `{shown}` (`{session.session_id}`)\n"
            f"Started {to_text(session.started_at)}, {session.turns} turns so far.",
        )

    async def _on_clear(self, interaction: discord.Interaction) -> None:
        # A write may wait for other processes longer than the 3 s Discord gives for an answer.
        await interaction.response.defer(ephemeral=True)
        channel_id, user_id = _place(interaction)
        try:
            await self._history.clear(channel_id, user_id, self._rules)
        except StoreUnavailableError as error:
            log.warning("not_cleared", error=str(error))
            await interaction.followup.send(NOT_NOW, ephemeral=True)
        else:
            await interaction.followup.send(CLEARED, ephemeral=True)

    async def _say(self, interaction: discord.Interaction, text: str) -> None:
        await interaction.response.send_message(
            chunking.split(text)[0],
            ephemeral=True,
            allowed_mentions=discord.AllowedMentions.none(),
        )


def _place(interaction: discord.Interaction) -> tuple[str, str]:
    return str(interaction.channel_id), str(interaction.user.id)
