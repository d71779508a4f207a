"""Bots that talk with each other in one channel, each over its own store and all over one file."""

import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from multibot.conversation.chain import ChainRules, Exchange
from multibot.conversation.message import BotName, ChannelId, InboundMessage
from multibot.conversation.overhearing import Heard
from multibot.conversation.ruling import How, Outcome, Ruling
from multibot.store.chains import Chains, Sent
from multibot.store.exchanges import Place
from multibot.store.stores import BotStore
from tests.fakes import FakeClock
from tests.store.material import SAGE, SPARK, message

LOGIC = BotName("logic")
Stores = dict[BotName, BotStore]
BOTS = (SAGE, SPARK, LOGIC)
USERS = {name: str(900 + number) for number, name in enumerate(BOTS)}
RULES = ChainRules(enabled=True)
# Answers follow at once: for tests of everything but the pace.
BRISK = ChainRules(enabled=True, inter_bot_delay=timedelta())
ALWAYS = 0.0

_ids = itertools.count(1_000_000)


def heard(bot: BotName, author: BotName, to: Sequence[BotName], how: How = How.MENTION) -> Heard:
    """Say what a message of one bot to some others is for one of them."""
    return Heard(
        author=author,
        how=how if bot in to else None,
        others=tuple(each for each in to if each != bot),
    )


class Talk:
    """One channel; what is said in it is seen by every bot, in the order of the stores."""

    def __init__(
        self,
        stores: Mapping[BotName, BotStore],
        clock: FakeClock,
        rules: ChainRules = BRISK,
        channel: str = "10",
    ) -> None:
        self.stores = stores
        self.clock = clock
        self.rules = rules
        self.place = Place(channel, "1")

    def chains(self, bot: BotName = SAGE) -> Chains:
        return self.stores[bot].chains

    @property
    def exchange(self) -> Exchange:
        """What the shared file says of the channel just now."""
        return self.chains().exchange(self.place.channel_id, self.rules)

    def write(
        self, author: str, at: datetime | None = None, reply_to: str | None = None
    ) -> InboundMessage:
        """Make a message that nobody has seen yet."""
        return message(
            message_id=str(next(_ids)),
            channel_id=ChannelId(self.place.channel_id),
            author_id=USERS.get(BotName(author), author),
            author_is_bot=author in USERS,
            created_at=at or self.clock.now(),
            reply_to_message_id=reply_to,
        )

    async def say(
        self,
        author: BotName,
        *to: BotName,
        how: How = How.MENTION,
        roll: float = ALWAYS,
        said: InboundMessage | None = None,
    ) -> dict[BotName, Ruling | None]:
        """Let a bot say something to others, and all others meet it."""
        self.last = said or self.write(author)
        return {
            bot: await self.meet(bot, self.last, heard(bot, author, to, how), roll=roll)
            for bot in self.stores
            if bot != author
        }

    async def ask(
        self,
        author: BotName,
        to: BotName,
        *,
        how: How = How.MENTION,
        roll: float = ALWAYS,
        said: InboundMessage | None = None,
    ) -> Ruling:
        """Let a bot speak to one other, all meet it, and return what that one decides."""
        found = (await self.say(author, to, how=how, roll=roll, said=said))[to]
        assert found is not None
        return found

    async def judged(
        self,
        bot: BotName,
        said: InboundMessage,
        spoken: Heard,
        *,
        roll: float = ALWAYS,
        age: float = 0,
        again: bool = False,
    ) -> Ruling:
        """Let one bot meet a message that it has not decided about."""
        found = await self.meet(bot, said, spoken, roll=roll, age=age, again=again)
        assert found is not None
        return found

    async def meet(
        self,
        bot: BotName,
        said: InboundMessage,
        spoken: Heard,
        *,
        roll: float = ALWAYS,
        age: float = 0,
        again: bool = False,
    ) -> Ruling | None:
        return await self.chains(bot).meet(
            said, spoken, self.rules, roll=roll, age=timedelta(seconds=age), again=again
        )

    async def answer(
        self, bot: BotName, said: InboundMessage, given: Ruling
    ) -> InboundMessage | None:
        """Send an answer as a runtime does; none when it may not be sent any more."""
        asked = await self.chains(bot).may_send(said, given, self.rules)
        if asked.outcome is not Outcome.ANSWER:
            return None
        answer = self.write(bot, reply_to=said.message_id)
        await self.sent(bot, answer, turn=said.message_id)
        return answer

    async def sent(self, bot: BotName, said: InboundMessage, turn: str | None = None) -> None:
        await self.chains(bot).sent(
            Sent(
                place=self.place,
                turn=turn or said.message_id,
                message_id=said.message_id,
            ),
            self.rules,
        )

    async def exchange_of_answers(self, *bots: BotName, gap: float = 10) -> list[Ruling]:
        """Let two bots answer each other for as long as they may; the last ruling is a refusal."""
        author, other = bots
        found = await self.say(author, other)
        rulings: list[Ruling] = []
        while True:
            given = found[other]
            assert given is not None
            rulings.append(given)
            if given.outcome is not Outcome.ANSWER:
                return rulings
            self.clock.tick(gap)
            answer = await self.answer(other, self.last, given)
            assert answer is not None
            author, other = other, author
            found = await self.say(author, other, how=How.REPLY, said=answer)

    async def person(self, bot: BotName | None = None) -> InboundMessage:
        """Let a person speak, seen by one bot or by all."""
        said = self.write("7")
        for each in [bot] if bot else self.stores:
            await self.chains(each).person_spoke(said, self.rules)
        return said
