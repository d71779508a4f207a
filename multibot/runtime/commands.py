"""The slash commands each bot registers."""

import discord
from discord import app_commands

from multibot.clock import to_text
from multibot.conversation import session as sessions
from multibot.conversation.session import SessionRules
from multibot.store.history import History

HELP = """**{name}** is here. {description}

• Write to me in {channels}, or mention me anywhere.
• A private message always reaches me.
• `/session` shows what I count as this conversation.
• `/clear` starts a new one; what was said is kept, but I no longer look at it."""


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
        channel_id, user_id = _place(interaction)
        await self._history.clear(channel_id, user_id, self._rules)
        await self._say(interaction, "Cleared. Your next message starts a new session.")

    async def _say(self, interaction: discord.Interaction, text: str) -> None:
        await interaction.response.send_message(
            text, ephemeral=True, allowed_mentions=discord.AllowedMentions.none()
        )


def _place(interaction: discord.Interaction) -> tuple[str, str]:
    return str(interaction.channel_id), str(interaction.user.id)
