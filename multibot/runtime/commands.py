"""The slash commands each bot registers."""

import discord
import structlog
from discord import app_commands

from multibot.clock import to_text
from multibot.conversation import account, chunking, recap
from multibot.conversation import session as sessions
from multibot.conversation.session import SessionRules
from multibot.errors import MultibotError, StoreUnavailableError
from multibot.runtime.oblivion import Oblivion
from multibot.store.history import History
from multibot.store.insight import Insight, LastDecision
from multibot.wording import counted

HELP = """**{name}** is here. {description}

• Write to me in {channels}, or mention me anywhere.
• A private message always reaches me.
• `/session` shows what I count as this conversation.
• `/history` shows what was said lately, to you alone.
• `/why` says why I answered the last message here, or did not.
• `/clear` starts a new one; what was said is kept, but I no longer look at it.
• `/forget me` removes what I keep of you."""

CLEARED = "Cleared. Your next message starts a new session."
UNDECIDED = "There is nothing here lately that I had to decide about."
NOT_NOW = "That did not work just now. Please try again."

FORGET = """{who} keep {turns} of our conversations: what you wrote, and what was answered to you.
• `/forget me` with `confirm: True` removes them for good, from every channel and from private \
messages. What stands on Discord stays there.
• With `everywhere: True` as well, every bot that runs together with me forgets you; without it, \
only I do.
• What you write to me afterwards is kept again."""
FORGOTTEN = """Done: {turns} removed. Backups that were made before do not bring them back.
What you write from now on is kept again."""

# More do not fit into a message anyway.
RECALLED = 40

log = structlog.get_logger(__name__)


class Commands:
    """What the commands need; registers them on a tree."""

    def __init__(  # noqa: PLR0913 - the parts of one bot, wired once, by keyword
        self,
        *,
        name: str,
        description: str,
        channels: tuple[str, ...],
        history: History,
        insight: Insight,
        rules: SessionRules,
        oblivion: Oblivion,
    ) -> None:
        self._name = name
        self._oblivion = oblivion
        self._help = HELP.format(
            name=name,
            description=description,
            channels=", ".join(f"`#{pattern}`" for pattern in channels) or "no channel of my own",
        ).replace(". \n", ".\n")
        self._history = history
        self._insight = insight
        self._rules = rules

    def register(self, tree: app_commands.CommandTree) -> None:
        """Add every command to the tree."""
        for name, description, callback in (
            ("help", "What this bot does and how to talk to it", self._on_help),
            ("session", "Show the current conversation session", self._on_session),
            ("history", "Show what was said here lately, to you alone", self._on_history),
            ("why", "Why I answered the last message here, or did not", self._on_why),
            ("clear", "Start over: the next message begins a new session", self._on_clear),
        ):
            tree.add_command(
                app_commands.Command(name=name, description=description, callback=callback)
            )
        forget = app_commands.Group(name="forget", description="Remove what is kept of you")
        me = "Remove what this bot keeps of you"
        forget.add_command(
            app_commands.Command(name="me", description=me, callback=self._on_forget_me)
        )
        tree.add_command(forget)

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
            f"Started {to_text(session.started_at)}, {counted(session.turns, 'turn')} so far.",
        )

    async def _on_history(self, interaction: discord.Interaction) -> None:
        channel_id, user_id = _place(interaction)
        try:
            turns = self._history.lately(channel_id, user_id, RECALLED)
        except StoreUnavailableError as error:
            log.warning("history_not_read", error=str(error))
            await self._say(interaction, NOT_NOW)
        else:
            await self._say(interaction, recap.recap(turns))

    async def _on_why(self, interaction: discord.Interaction) -> None:
        try:
            last = self._insight.last_decision(str(interaction.channel_id))
        except StoreUnavailableError as error:
            log.warning("decision_not_read", error=str(error))
            await self._say(interaction, NOT_NOW)
        else:
            channel_id = str(interaction.channel_id)
            await self._say(interaction, UNDECIDED if last is None else _why(last, channel_id))

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

    @app_commands.describe(
        confirm="Without it I only say what would be removed",
        everywhere="Also from the other bots that run together with me",
    )
    async def _on_forget_me(
        self, interaction: discord.Interaction, *, confirm: bool = False, everywhere: bool = False
    ) -> None:
        await interaction.response.defer(ephemeral=True)
        user_id = str(interaction.user.id)
        try:
            text = await self._forget(user_id, confirm=confirm, everywhere=everywhere)
        except MultibotError as error:
            log.warning("not_forgotten", error=str(error))
            text = NOT_NOW
        await interaction.followup.send(text, ephemeral=True)

    async def _forget(self, user_id: str, *, confirm: bool, everywhere: bool) -> str:
        if confirm:
            count = await self._oblivion.forget(user_id, everywhere=everywhere)
            return FORGOTTEN.format(turns=_turns(count))
        count = await self._oblivion.kept(user_id, everywhere=everywhere)
        who = "All of us together" if everywhere else f"I, {self._name},"
        return FORGET.format(who=who, turns=_turns(count))

    async def _say(self, interaction: discord.Interaction, text: str) -> None:
        await interaction.response.send_message(
            chunking.split(text)[0],
            ephemeral=True,
            allowed_mentions=discord.AllowedMentions.none(),
        )


def _why(last: LastDecision, channel_id: str) -> str:
    place = f"{last.guild_id or '@me'}/{channel_id}/{last.message_id}"
    made = last.made
    said = account.in_words(made.state, made.reason, discord.utils.escape_markdown(made.detail))
    return (
        f"The last message here: https://discord.com/channels/{place}"
        f" (<t:{int(made.received_at.timestamp())}:R>)\n{said}"
    )


def _turns(count: int) -> str:
    return f"{count} turn{'' if count == 1 else 's'}"


def _place(interaction: discord.Interaction) -> tuple[str, str]:
    return str(interaction.channel_id), str(interaction.user.id)
