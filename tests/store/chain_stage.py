"""Three bots and a person in one channel, over one file, with the book beside them."""

import itertools
from collections import defaultdict, deque
from collections.abc import Mapping, Sized
from dataclasses import replace
from datetime import timedelta

from multibot.conversation.chain import ChainRules
from multibot.conversation.message import BotName, ChannelId, InboundMessage
from multibot.conversation.overhearing import Heard
from multibot.conversation.ruling import How, Outcome, Ruling
from multibot.home import Home
from multibot.store import connection
from multibot.store.chains import Chains, Sent
from multibot.store.claims import Claims
from multibot.store.cursors import Cursors
from multibot.store.exchanges import Place
from tests.fakes import FakeClock
from tests.store import chain_model as by_book
from tests.store.chain_book import YES, Again, Book, Post
from tests.store.chain_model import Model
from tests.store.direct import DirectWriter, done
from tests.store.material import START, message

LIMITS = ChainRules(
    enabled=True,
    max_chain=by_book.MAX_CHAIN,
    max_bot_turns=by_book.MAX_ROW,
    response_chance=0.5,
    name_factor=0.5,
)
# What is answered, the claim, and whether it has waited at sending.
Held = tuple[Post, Ruling, bool]
EXAMPLES = itertools.count(1)
# So many messages an example may have; what is rolled goes by the rest when divided by three.
ROOM = 3_000_000
MOST_ANSWERS = 2


class ChainStage:
    """What the rules of the machine are made of; the file is the same for all examples."""

    home: Home

    def set_up(self, delay: int) -> None:
        """Begin an example."""
        self.limits = replace(LIMITS, inter_bot_delay=timedelta(seconds=delay))
        example = next(EXAMPLES)
        self.numbers = itertools.count(example * ROOM)
        self.channel = ChannelId(f"c{example}")
        self.place = Place(self.channel, "1")
        self.bots = [BotName(f"{name}{example}") for name in ("sage", "spark", "logic")]
        self.clock = FakeClock()
        self.writer = DirectWriter(self.home.database)
        self.reader = connection.open_reader(self.home.database)
        parts = {"reader": self.reader, "writer": self.writer, "path": self.home.database}
        self.chains = {
            bot: Chains(
                bot,
                self.clock,
                cursors=Cursors(bot, self.clock, **parts),  # type: ignore[arg-type]
                **parts,  # type: ignore[arg-type]
            )
            for bot in self.bots
        }
        self.book = Book(delay)
        self.posts: list[Post] = []
        self.events: dict[str, deque[Post]] = {bot: deque() for bot in self.bots}
        self.waiting: dict[str, list[Post]] = defaultdict(list)
        self.lost: dict[str, list[Post]] = defaultdict(list)
        self.holding: dict[str, list[Held]] = defaultdict(list)
        self.unsaid: list[Post] = []
        self.slow: list[tuple[BotName, Post]] = []
        self.flying: list[tuple[BotName, Post]] = []
        self.answered: list[int] = []

    def take_down(self) -> None:
        """End an example."""
        done(self.writer.close())
        self.reader.close()

    @property
    def may_answer(self) -> bool:
        """Whether the newest message of a person has not many answers yet."""
        row = list(itertools.takewhile(lambda post: post.author, reversed(self.posts)))
        return len(row) < min(len(self.posts), MOST_ANSWERS)

    @property
    def has_put_off(self) -> bool:
        """Whether an answer that is made waits to be asked for again."""
        return any(again for held in self.holding.values() for _, _, again in held)

    def one_of(self, index: int, things: Mapping[str, Sized]) -> BotName:
        """Choose a bot that has something."""
        having = [bot for bot in self.bots if things[bot]]
        return having[index % len(having)]

    @property
    def model(self) -> Model:
        return self.book.model

    @property
    def now(self) -> float:
        return (self.clock.now() - START).total_seconds()

    def post(self, post: Post) -> None:
        self.posts.append(post)
        for bot in self.bots:
            if bot != post.author:
                self.events[bot].append(post)

    def written(self, post: Post) -> InboundMessage:
        return message(
            message_id=str(post.number),
            channel_id=self.channel,
            author_id="5",
            reply_to_message_id=None if post.reply_to is None else str(post.reply_to),
        )

    def record(self, post: Post) -> None:
        """Let its author note that it stands."""
        bot, turn = post.name
        sent = Sent(place=self.place, turn=turn, message_id=str(post.number))
        done(self.chains[BotName(bot)].sent(sent, self.limits))
        self.model.tell_time(self.now)
        self.model.see(post.name, post.number, self.now, to_bots=False)

    def ask(self, bot: str, post: Post, roll: float, *, again: bool) -> Ruling | None:
        heard = Heard(
            author=BotName(post.author),
            how=post.how if bot in post.to else None,
            others=tuple(BotName(each) for each in post.to if each != bot),
        )
        work = self.chains[BotName(bot)].meet(
            self.written(post), heard, self.limits, roll=roll, again=again
        )
        return done(work)

    def meet(self, bot: str, post: Post, roll: float, again: Again = "") -> None:
        found = self.ask(bot, post, roll, again=bool(again))
        assert found is not None
        self.model.tell_time(self.now)
        self.model.see(post.name, post.number, self.now, to_bots=bool(post.to))
        self.model.tell_time(self.now)
        if bot not in post.to:
            assert found.reason == "not_addressed"
            return
        expected = self.book.meeting(bot, post, roll, again, self.now)
        assert (found.outcome.value, found.reason.value) == expected
        if expected == YES:
            assert found.fence == self.book.claim(bot, post, self.now)
            self.holding[bot].append((post, found, False))
        elif found.outcome is Outcome.LATER:
            self.waiting[bot].append(post)
        elif expected[1] == "claimed_by":
            self.lost[bot].append(post)

    def may_send(self, bot: BotName, post: Post, given: Ruling, again: bool) -> Post | None:  # noqa: FBT001
        """Ask for an answer that is made; what comes too soon is held a second time."""
        work = self.chains[bot].may_send(self.written(post), given, self.limits, again=again)
        asked = done(work)
        self.model.tell_time(self.now)
        expected = self.book.sending(bot, post, given.fence, self.now, again=again)
        assert (asked.outcome.value, asked.reason.value) == expected
        if asked.outcome is Outcome.LATER:
            self.holding[bot].append((post, given, True))
        return post if asked.outcome is Outcome.ANSWER else None

    def stands(self, bot: str, post: Post, *, at_once: bool) -> None:
        """Let an answer stand on Discord; its author notes that at once, or later."""
        name = (bot, str(post.number))
        answer = Post(next(self.numbers), bot, (post.author,), How.REPLY, name, post.number)
        self.post(answer)
        if at_once:
            self.record(answer)
        else:
            self.unsaid.append(answer)

    def settle(self, bot: str, post: Post) -> None:
        """Close a claim, as finishing the message does."""
        self.book.holds[post.name].is_settled = True
        done(
            self.writer.run(
                lambda writing: Claims(BotName(bot)).settle(
                    writing, str(post.number), self.clock.now(), "answered"
                )
            )
        )
