"""What a responder is asked, for a person, for another bot, and for nobody."""

from dataclasses import dataclass, replace
from datetime import timedelta

import structlog

from multibot.config.fleet import Bot
from multibot.conversation import prompt
from multibot.conversation.message import InboundMessage, Turn
from multibot.conversation.names import with_mention
from multibot.conversation.prompt import Company, Prompt, Task
from multibot.conversation.session import SessionRules
from multibot.runtime.delivery import Delivery, DeliveryError
from multibot.runtime.floor import Floor
from multibot.runtime.overheard import Overheard
from multibot.store.history import History
from multibot.store.inbox import WithdrawnError

# What was said in a channel lately, as far as it may give a bot something to speak of.
RECENT_TURNS = 20
RECENT = timedelta(days=1)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Makes the prompts of one bot."""

    bot: Bot
    rules: SessionRules
    history: History
    delivery: Delivery
    overheard: Overheard

    async def prompt(self, message: InboundMessage, floor: Floor | None) -> Prompt:
        """Say what is asked: what the message says now, also if it has been edited."""
        if floor is not None and floor.task is not Task.ANSWER:
            return self._unprompted(message, floor.task)
        said = self.history.said(message.message_id)
        if said is None:
            raise WithdrawnError
        turns = self._context(message)
        company = None
        if floor is not None and floor.to_bot:
            whole = self.overheard.whole(replace(message, content=said.content))
            said = replace(said, content=whole)
            company = Company(phase=floor.phase, answers_to=await self._answered_to(message, turns))
        return prompt.build(
            bot_name=self.bot.name,
            system=self.bot.system_prompt,
            turns=turns,
            user_id=message.author_id,
            user_name=message.author_name,
            current=said,
            company=company,
        )

    def _unprompted(self, occasion: InboundMessage, task: Task) -> Prompt:
        recent = self.history.talk_of_channel(occasion.channel_id, RECENT_TURNS, RECENT)
        known = {each.message_id: each for each in (*recent, *self._context(occasion))}
        known.pop(occasion.message_id, None)
        return prompt.unprompted(
            task,
            bot_name=self.bot.name,
            system=self.bot.system_prompt,
            turns=sorted(known.values(), key=lambda turn: turn.at),
            user_id=occasion.author_id,
            user_name=occasion.author_name,
        )

    def _context(self, message: InboundMessage) -> tuple[Turn, ...]:
        kept = self.bot.storage
        return self.history.context(
            message.channel_id,
            message.author_id,
            self.rules,
            kept.max_history,
            kept.context_max_age,
        )

    async def _answered_to(self, message: InboundMessage, turns: tuple[Turn, ...]) -> str:
        """Return what a bot's message replies to, unless the prompt holds it anyway."""
        replied_to = message.reply_to_message_id
        if replied_to is None or any(turn.message_id == replied_to for turn in turns):
            return ""
        if (own := self.history.own_words(replied_to)) is not None:
            return own
        try:
            found = await self.delivery.fetch(message.channel_id, replied_to)
        except DeliveryError as error:
            log.debug("reply_not_read", message=replied_to, error=str(error))
            return ""
        return "" if found is None else found.content


def addressed(text: str, asked: Prompt) -> str:
    """Make what begins a conversation reach the one it is meant for."""
    if asked.task is not Task.OPEN:
        return text
    return with_mention(text, asked.user_id, (asked.user_name,))
