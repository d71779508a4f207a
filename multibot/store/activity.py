"""How lively each guild is, and which bot's round it is: counted once for the whole fleet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from multibot.clock import Clock, from_text, to_text
from multibot.conversation import activity
from multibot.conversation.activity import Act, ActivityRules, Move, Reading
from multibot.conversation.message import BotName, InboundMessage
from multibot.store import connection, statements
from multibot.store.envelope import storable
from multibot.store.transaction import Durability
from multibot.store.writer import Writer

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

# So long rounds are kept for whoever asks why a bot spoke up.
ROUNDS_KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one bot did in its round of a guild."""

    guild_id: str
    number: int
    bot_name: BotName
    level: str
    rate: float
    roll: float
    act: Act
    outcome: str
    taken_at: datetime


class Spoken(NamedTuple):
    """A message of a person that counts for its guild."""

    message_id: str
    guild_id: str
    at: datetime


class Activity:
    """One bot's hand in the counting of people's messages and in the rounds of guilds."""

    def __init__(
        self,
        bot_name: BotName,
        clock: Clock,
        *,
        reader: "sqlite.Connection",
        writer: Writer,
        path: Path,
    ) -> None:
        self._bot_name = bot_name
        self._clock = clock
        self._reader = reader
        self._writer = writer
        self._path = path
        self._sql = statements.load()

    async def person_spoke(
        self, message: InboundMessage, rules: ActivityRules, *, age: timedelta = timedelta()
    ) -> None:
        """Count a person's message for its guild; private and old ones count for nothing.

        `age` is how old it is by Discord's clock, where that is worth mentioning.
        """
        if (spoken := spoken_of(message, rules, self._clock.now(), age)) is not None:
            await self.people_spoke([spoken])

    async def people_spoke(self, spoken: Sequence[Spoken]) -> None:
        """Count messages of people in one write."""

        def job(writing: "sqlite.Connection") -> None:
            for each in spoken:
                self._sql.count_person(
                    writing,
                    message_id=each.message_id,
                    guild_id=each.guild_id,
                    at=to_text(each.at),
                )

        if spoken:
            await self._writer.run(job, Durability.SOFT)

    async def watch(self, guild_ids: Iterable[str], rules: ActivityRules) -> None:
        """Note that these guilds are watched just now; say so again before the gap is over."""
        watched = tuple(guild_ids)

        def job(writing: "sqlite.Connection") -> None:
            now = self._clock.now()
            for guild_id in watched:
                self._sql.watch_guild(
                    writing, guild_id=guild_id, at=to_text(now), **_unbroken(now, rules)
                )

        if watched:
            await self._writer.run(job, Durability.SOFT)

    def reading(self, guild_id: str, rules: ActivityRules) -> Reading:
        """Return what is known of a guild."""
        with connection.errors_of(self._path):
            return self._read(self._reader, guild_id, rules, self._clock.now())

    async def take_round(self, guild_id: str, rules: ActivityRules, *, roll: float) -> Move:
        """Take the guild's round and say what to do in it; nothing when another bot has it.

        It is taken before the roll counts, so that more bots do not speak up more often.
        """

        def job(writing: "sqlite.Connection") -> Move:
            now = self._clock.now()
            reading = self._read(writing, guild_id, rules, now)
            hindered = activity.consider(reading, rules, now=now)
            if hindered is not None:
                return hindered
            move = activity.decide(reading, rules, roll=roll)
            return self._take(writing, guild_id, move, activity.round_of(now, rules), now)

        return await self._writer.run(job)

    async def note(self, guild_id: str, number: int, outcome: str) -> None:
        """Write down what came of this bot's round."""
        await self._writer.run(
            lambda writing: self._sql.note_round(
                writing,
                guild_id=guild_id,
                round=number,
                bot_name=self._bot_name,
                outcome=storable(outcome),
            ),
            Durability.SOFT,
        )

    async def close_rounds(self) -> None:
        """Write down what came of rounds that an earlier process of this bot left.

        What that process had begun to say is taken up by itself, and noted then.
        """
        await self._writer.run(
            lambda writing: self._sql.close_rounds(writing, bot_name=self._bot_name),
            Durability.SOFT,
        )

    def rounds(self, since: datetime) -> tuple[Round, ...]:
        """Return what the fleet did in its rounds, newest first."""
        with connection.errors_of(self._path):
            return rounds(self._reader, since)

    def _take(
        self, writing: "sqlite.Connection", guild_id: str, move: Move, number: int, now: datetime
    ) -> Move:
        key = {"guild_id": guild_id, "round": number}
        taken = self._sql.take_round(
            writing,
            **key,
            bot_name=self._bot_name,
            level=str(move.level),
            rate=move.rate,
            roll=move.roll,
            act=move.act.value,
            at=to_text(now),
        )
        if taken:
            return replace(move, round=number)
        holder = self._sql.round_holder(writing, **key)
        return replace(move, act=Act.NOTHING, roll=None, detail=f"round taken by {holder}")

    def _read(
        self, reading: "sqlite.Connection", guild_id: str, rules: ActivityRules, now: datetime
    ) -> Reading:
        messages = self._sql.count_events(
            reading,
            guild_id=guild_id,
            since=to_text(now - rules.window),
            latest=to_text(now + rules.window),
        )
        since = self._sql.watched_since(reading, guild_id=guild_id, **_unbroken(now, rules))
        return Reading(messages=messages, watched_since=None if since is None else from_text(since))


def rounds(reader: "sqlite.Connection", since: datetime) -> tuple[Round, ...]:
    """Return what was done in the rounds of every guild, newest first."""
    rows = list(statements.load().rounds_since(reader, since=to_text(since)))
    return tuple(
        Round(
            guild_id=row[0],
            number=row[1],
            bot_name=BotName(row[2]),
            level=row[3],
            rate=row[4],
            roll=row[5],
            act=Act(row[6]),
            outcome=row[7],
            taken_at=from_text(row[8]),
        )
        for row in rows
    )


def clean(
    writing: "sqlite.Connection", rules: ActivityRules, *, now: datetime, limit: int = 500
) -> int:
    """Delete what is over, up to `limit` rows of a table; a job for the housekeeper."""
    sql = statements.load()
    bounds = {"before": to_text(now - rules.window), "latest": to_text(now + rules.window)}
    kept_since = to_text(now - ROUNDS_KEPT)
    deleted: int = sql.clean_events(writing, **bounds, limit=limit)
    deleted += sql.clean_watches(writing, before=kept_since, limit=limit)
    deleted += sql.clean_rounds(writing, before=kept_since, limit=limit)
    return deleted


def spoken_of(
    message: InboundMessage, rules: ActivityRules, now: datetime, age: timedelta = timedelta()
) -> Spoken | None:
    """Say what of a message counts for its guild; nothing of a bot's, a private or an old one."""
    is_person = not (message.author_is_bot or message.is_webhook or message.is_system)
    if message.guild_id is None or not is_person or age >= rules.window:
        return None
    return Spoken(message.message_id, message.guild_id, now - max(age, timedelta()))


def _unbroken(now: datetime, rules: ActivityRules) -> dict[str, str]:
    return {"unbroken_since": to_text(now - rules.gap), "latest": to_text(now + rules.gap)}
