"""Who may answer whom, by the book: claims, bursts, pairs and rolls beside the counts of the model."""

from dataclasses import dataclass, field
from typing import Literal

from multibot.conversation.ruling import How
from tests.store import chain_model as by_book
from tests.store.chain_model import Model, Name

Again = Literal["", "retry", "resume", "takeover"]
Verdict = tuple[str, str]
YES = ("answer", "answered")


@dataclass(frozen=True)
class Post:
    """One message on Discord; `to` are the bots it speaks to, `name` is the turn it makes."""

    number: int
    author: str = ""
    to: tuple[str, ...] = ()
    how: How = How.MENTION
    name: Name = ("", "")
    reply_to: int | None = None


@dataclass
class Hold:
    """A claim."""

    bot: str
    fence: int
    expires_at: float
    is_settled: bool = False


@dataclass
class Book:
    """What all bots should know of one channel, and of each other."""

    delay: float
    model: Model = field(default_factory=Model)
    holds: dict[Name, Hold] = field(default_factory=dict)
    bursts: dict[tuple[str, str], tuple[int, float]] = field(default_factory=dict)
    pairs: dict[frozenset[str], float] = field(default_factory=dict)

    def meeting(self, bot: str, post: Post, roll: float, again: Again, now: float) -> Verdict:
        """Say what a bot decides about a message that speaks to it."""
        if again == "resume":
            return ("no", "claimed_by") if self.is_held(post, bot, now) else YES
        reason = self.model.refusal(post.name, now, was_held=again == "takeover")
        reason = reason or self._burst(bot, post, now) or self.model.limit(bot)
        if reason is None and self.is_held(post, bot, now):
            reason = "claimed_by"
        if reason is not None:
            return "no", reason
        spoke_at = self.model.spoke_at
        if spoke_at is not None and now - spoke_at < self.delay:
            return ("no", "delay") if again == "retry" else ("later", "delay")
        is_sure = post.how is How.REPLY or len(self.model.chain) > 1 or self.model.is_opened
        chance = 0.25 if post.how is How.NAME else 0.5
        return YES if is_sure or roll < chance else ("no", "chance")

    def claim(self, bot: str, post: Post, now: float) -> int:
        """Give a message to a bot; return the fence."""
        hold = self.holds.get(post.name)
        fence = 1 if hold is None else hold.fence + 1
        self.holds[post.name] = Hold(bot, fence, now + by_book.LEASE)
        return fence

    def sending(
        self, bot: str, post: Post, fence: int, now: float, *, again: bool = False
    ) -> Verdict:
        """Say whether an answer may be sent, or has to wait first."""
        hold, name = self.holds[post.name], (bot, str(post.number))
        if hold.bot != bot or hold.fence != fence:
            return "no", "claimed_by"
        self.model.withdraw(name)
        refused = self._unsent(bot, post, now) or self._pace(post, now, again=again)
        if refused is None:
            self.model.allow(name, now)
        return refused or YES

    def _unsent(self, bot: str, post: Post, now: float) -> Verdict | None:
        model = self.model
        if model.cool_until is not None:
            return "no", "cooldown"
        if len(model.row) >= by_book.MAX_ROW or len(model.chain) >= by_book.MAX_CHAIN:
            return "no", "chain_limit"
        if not model.chain or model.turns[post.name].chain != model.chain_number:
            return "no", "expired"
        speakers = {model.last_bot, *(turn.bot for turn in model.underway(now))}
        return ("no", "spoke_last") if bot in speakers else None

    def _pace(self, post: Post, now: float, *, again: bool) -> Verdict | None:
        free_at = max((at + self.delay for at in self.model.spoken(now)), default=now)
        age = max(free_at, now) - min(self.model.turns[post.name].at, now)
        if (again or free_at > now) and age > by_book.WINDOW:
            return "no", "delay"
        if free_at > now:
            return ("no" if again else "later"), "delay"
        return None

    def opening(self, bot: str, partner: str, now: float) -> str:
        """Say whether two bots may begin a conversation."""
        began_at = self.pairs.get(frozenset({bot, partner}))
        if began_at is not None and -by_book.PAIR <= now - began_at < by_book.PAIR:
            return "cooldown"
        if self.model.cool_until is not None:
            return "cooldown"
        is_full = len(self.model.row) >= by_book.MAX_ROW
        return "chain_limit" if is_full or self.model.chain else "answered"

    def clean(self, now: float) -> None:
        """Forget what is over."""
        cool_until = self.model.cool_until
        self.model.cool_until = None if cool_until is None or cool_until <= now else cool_until
        self.pairs = {pair: at for pair, at in self.pairs.items() if now - at < by_book.PAIR}
        self.bursts = {
            key: mark for key, mark in self.bursts.items() if now - mark[1] < by_book.BURST
        }

    def is_held(self, post: Post, bot: str, now: float) -> bool:
        """Say whether another bot has a message."""
        hold = self.holds.get(post.name)
        if hold is None or hold.bot == bot:
            return False
        return hold.is_settled or now < hold.expires_at <= now + by_book.LONGEST_LEASE

    def _burst(self, bot: str, post: Post, now: float) -> str | None:
        if post.how is How.REPLY:
            return None
        at = min(self.model.turns[post.name].at, now)
        number, began_at = self.bursts.get((post.author, bot), (0, now + 1))
        if number == post.number:
            return None
        if began_at <= now and max(at - began_at, 0.0) < by_book.BURST:
            return "burst"
        self.bursts[post.author, bot] = (post.number, at)
        return None
