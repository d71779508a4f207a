"""What the talk of bots in one channel should come to, by the book and with nothing but sets.

Written from the rules and not from the code: a turn is a name, a chain a set of names.
"""

from dataclasses import dataclass, field

MAX_CHAIN = 3
MAX_ROW = 7
EXPIRY = 600.0
COOLDOWN = 600.0
BURST = 30.0
DELAY = 5.0
WINDOW = 60.0
LEASE = 60.0
LONGEST_LEASE = 600.0
PAIR = 3600.0
# What set out longer ago never arrived.
WAY = 900.0

Name = tuple[str, str]


@dataclass
class Turn:
    """One thing a bot said, or may say; `number` is 0 until it stands on Discord.

    A person spoke before what `is_overtaken` arrived; it does not set out any more.
    """

    bot: str
    number: int
    at: float
    chain: int | None = None
    is_overtaken: bool = False


@dataclass
class Model:
    """One channel; times are what the clock on the wall says."""

    turns: dict[Name, Turn] = field(default_factory=dict)
    row: set[Name] = field(default_factory=set)
    chain: set[Name] = field(default_factory=set)
    chain_number: int = 0
    is_opened: bool = False
    active_at: float = 0.0
    spoke_at: float | None = None
    person: int = 0
    cool_until: float | None = None

    def tell_time(self, now: float) -> None:
        """Let silence and time do what they do."""
        self.active_at = min(self.active_at, now)
        self.spoke_at = None if self.spoke_at is None else min(self.spoke_at, now)
        if self.cool_until is not None:
            self.cool_until = min(self.cool_until, now + COOLDOWN)
        if self.chain and now - self.active_at > EXPIRY:
            if len(self.said()) >= 2:
                self.cool(self.active_at + EXPIRY)
            self.end()
        if self.cool_until is not None and self.cool_until <= now:
            self.cool_until = None

    def said(self) -> list[Turn]:
        """What of the chain stands on Discord."""
        return [self.turns[name] for name in self.chain if self.turns[name].number]

    @property
    def last_bot(self) -> str | None:
        said = self.said()
        return max(said, key=lambda turn: turn.number).bot if said else None

    def underway(self, now: float) -> list[Turn]:
        """What bots were allowed to say and may still arrive."""
        return [each for each in self.turns.values() if not each.number and each.at >= now - WAY]

    def spoken(self, now: float) -> list[float]:
        """When bots spoke, as far as the pace of the others goes."""
        seen = [] if self.spoke_at is None else [self.spoke_at]
        return seen + [min(each.at, now) for each in self.underway(now)]

    def see(self, name: Name, number: int, now: float, *, to_bots: bool) -> None:
        """Somebody sees it, or its author knows that it stands."""
        known = self.turns.get(name)
        if known is None:
            self.turns[name] = Turn(name[0], number, now)
            if number > self.person:
                self.row.add(name)
                self.spoke_at = now if self.spoke_at is None else max(now, self.spoke_at)
            if to_bots:
                self.join(name, now)
        elif not known.number:
            known.number, known.at = number, now
            if number < self.person:
                self.row.discard(name)
                self.leave_chain(name)
                known.chain = None
                return
            self.spoke_at = now if self.spoke_at is None else max(now, self.spoke_at)
            if name in self.chain:
                self.active_at = max(self.active_at, now)
                self.complete(now)
        elif to_bots and known.chain is None:
            self.join(name, now)

    def join(self, name: Name, at: float) -> None:
        turn = self.turns[name]
        is_full = len(self.chain) >= MAX_CHAIN
        if is_full or self.cool_until is not None or turn.number < self.person:
            return
        if not self.chain:
            self.chain_number += 1
            self.active_at = at
        self.chain.add(name)
        turn.chain = self.chain_number
        self.active_at = max(self.active_at, at)
        self.complete(at)

    def complete(self, at: float) -> None:
        if len(self.said()) >= MAX_CHAIN:
            self.end()
            self.cool(at)

    def cool(self, start: float) -> None:
        end = start + COOLDOWN
        self.cool_until = end if self.cool_until is None else max(end, self.cool_until)

    def end(self) -> None:
        self.chain = set()
        self.is_opened = False

    def allow(self, name: Name, now: float, *, in_chain: bool = True) -> None:
        """A bot may say it, and will."""
        self.turns[name] = Turn(name[0], 0, now, self.chain_number if in_chain else None)
        self.row.add(name)
        if in_chain:
            self.chain.add(name)

    def open(self, name: Name, now: float) -> None:
        """A bot begins a chain on purpose."""
        self.chain_number += 1
        self.active_at = now
        self.allow(name, now)
        self.is_opened = True

    def withdraw(self, name: Name) -> None:
        """A bot will not say it after all."""
        if name in self.turns and not self.turns[name].number:
            del self.turns[name]
            self.row.discard(name)
            self.leave_chain(name)

    def leave_chain(self, name: Name) -> None:
        self.chain.discard(name)
        if not self.chain:
            self.end()

    def leaving(self, name: Name, now: float) -> str:
        """Say whether what was allowed may set out; note that it does."""
        turn = self.turns.get(name)
        if turn is None or turn.is_overtaken:
            return "expired"
        if self.cool_until is not None:
            return "cooldown"
        if name not in self.chain:
            return "expired"
        turn.at = now
        self.active_at = max(self.active_at, now)
        return "answered"

    def person_spoke(self, number: int, now: float) -> None:
        if number <= self.person or not (self.row or self.chain):
            return
        self.tell_time(now)
        self.person, was_alive = number, bool(self.chain)
        underway = {name for name, turn in self.turns.items() if not turn.number}
        lost = {name for name in underway if self.turns[name].at < now - WAY}
        for name in lost:
            self.withdraw(name)
        later = {name for name, turn in self.turns.items() if turn.number > number}
        self.row = later | underway - lost
        left = {name for name in later if was_alive and self.turns[name].chain == self.chain_number}
        self.end()
        if self.cool_until is None:
            self.overtake({name for name in underway - lost if self.turns[name].chain}, left, now)
        elif left:
            self.overtake(set(), left, now)

    def overtake(self, places: set[Name], left: set[Name], now: float) -> None:
        """What comes after a person all the same begins the next chain."""
        if not places | left:
            return
        self.chain = places | left
        self.chain_number += 1
        if not left:
            self.active_at = now
        for name in left:
            self.turns[name].chain = self.chain_number
        for name in places:
            self.turns[name].chain, self.turns[name].is_overtaken = self.chain_number, True

    def refusal(self, name: Name, now: float, *, was_held: bool) -> str | None:
        """Say why nobody answers a message, before anything is asked of the bot itself."""
        turn = self.turns[name]
        longest = WINDOW + LEASE if was_held else WINDOW
        if turn.number < self.person or now - min(turn.at, now) > longest:
            return "expired"
        if self.cool_until is not None:
            return "cooldown"
        if not self.chain or turn.chain != self.chain_number:
            return "expired"
        return None

    def limit(self, me: str) -> str | None:
        """Say why a bot does not speak, as far as counts go."""
        if len(self.row) >= MAX_ROW or len(self.chain) >= MAX_CHAIN:
            return "chain_limit"
        return "spoke_last" if self.last_bot == me else None
