"""What the housekeeper does, and how often."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from multibot.clock import Clock
from multibot.config import load
from multibot.config.fleet import Bot, Fleet
from multibot.conversation.session import SessionRules
from multibot.errors import ConfigError, PermanentError
from multibot.runtime.aside import stand_back
from multibot.runtime.hand import Hand
from multibot.runtime.housekeeper import Report, Task
from multibot.store import activity, chains, integrity
from multibot.store.archive import (
    backup,
    checkpoint,
    cleaning,
    closing,
    condition,
    forgetting,
    remnants,
    retention,
    search,
    tuning,
)
from multibot.store.incidents import Kind
from multibot.store.stores import BotStore
from multibot.wording import counted

if TYPE_CHECKING:
    from multibot.store.driver import sqlite

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CLOSED_AT_ONCE = 100
_IN_THE_LOG = (
    "what was removed of a user is in the write-ahead log, which some program reads for long"
)
_IN_UNUSED_SPACE = (
    "the id of somebody who was forgotten is in unused space of the database, where no query finds"
    " it; `multibot forget --vacuum` writes the file anew, for which bots wait some seconds"
)


class Chores:
    """The tasks, with what they need to know of the fleet.

    `discord_time` is None until Discord has said what time it is: nobody's words are deleted by a
    clock that nobody has confirmed.
    """

    def __init__(
        self,
        *,
        bot: Bot,
        fleet: Fleet,
        store: BotStore,
        clock: Clock,
        discord_time: Callable[[], datetime | None],
    ) -> None:
        self._bot = bot
        self._fleet = fleet
        self._store = store
        self._clock = clock
        self._discord_time = discord_time

    def tasks(self) -> tuple[Task, ...]:
        """Return everything that there is to do."""
        backups = self._bot.backup
        back_up = Task(name="backup", period=backups.every, work=self._back_up)
        return (
            Task(name="search", period=2 * SECOND, work=self._index),
            Task(name="sessions", period=MINUTE, work=self._close_sessions),
            Task(name="checkpoint", period=MINUTE, work=self._checkpoint),
            Task(name="forgetting", period=MINUTE, work=self._finish_forgetting),
            Task(name="size", period=5 * MINUTE, work=self._measure),
            Task(name="talk", period=10 * MINUTE, work=self._clean_talk, deletes=True),
            Task(name="cleaning", period=HOUR, work=self._clean, deletes=True),
            Task(name="retention", period=HOUR, work=self._let_go, deletes=True),
            Task(name="optimize", period=DAY, work=self._optimize),
            Task(name="check", period=DAY, work=self._check),
            *([back_up] if backups.enabled else []),
        )

    async def _index(self, hand: Hand) -> Report:
        """Make new turns findable."""
        indexed = 0
        while search.behind(self._store.reader):
            taken = await hand.write(search.fill)
            indexed += taken
            if not taken:
                break
        return Report(detail=f"{indexed} indexed" if indexed else "")

    async def _close_sessions(self, hand: Hand) -> Report:
        """Close sessions that no message would continue."""
        now = self._discord_time() or self._clock.now()
        rules = {str(each.name): _rules(each) for each in self._fleet.bots}
        close = partial(closing.close_lapsed, now=now, limit=CLOSED_AT_ONCE, rules=rules)
        closed = more = await hand.write(close)
        while more == CLOSED_AT_ONCE:
            more = await hand.write(close)
            closed += more
        return Report(detail=f"{closed} closed" if closed else "")

    async def _checkpoint(self, hand: Hand) -> Report:
        """Keep the log short."""
        home = self._store.home
        trouble = await hand.aside(lambda: condition.shorten_log(home))
        return Report(trouble=trouble, kind=Kind.SPACE)

    async def _finish_forgetting(self, hand: Hand) -> Report:
        """Remove what a kill has left of users who asked to be forgotten."""
        if not forgetting.are_unfinished(self._store.reader):
            return Report(trouble=self._unused())
        home, clock = self._store.home, self._clock
        done, left = await hand.aside_writing(lambda write: forgetting.finish(home, clock, write))
        return Report(
            detail=f"{done} finished" if done else "",
            trouble=f"{left} not yet complete: {_IN_THE_LOG}" if left else self._unused(),
        )

    def _unused(self) -> str:
        return _IN_UNUSED_SPACE if remnants.are_noted(self._store.reader) else ""

    async def _measure(self, hand: Hand) -> Report:
        """Warn before something is full."""
        home = self._store.home
        sizes = await hand.aside(lambda: condition.measure(home))
        return Report(trouble=sizes.trouble(), kind=Kind.SPACE)

    async def _clean(self, hand: Hand) -> Report:
        """Delete rows that nobody needs any more."""
        gap = max(each.storage.session_gap for each in self._fleet.bots)
        agreed = max(cleaning.AGREED, self._bot.catchup.max_age + cleaning.AFTER_CATCHUP, gap)
        try:
            bots = set(await hand.aside(self._listed))
        except ConfigError:
            # Nobody can say then which bots are gone.
            bots = set()
        return _gone(await hand.sweep(cleaning.sweeps(self._clock.now(), agreed=agreed, bots=bots)))

    async def _clean_talk(self, hand: Hand) -> Report:
        """Delete what bots agreed on among themselves once it is over."""
        talk = self._bot.cross_bot.rules
        rules = self._bot.activity.rules(talk.pair_cooldown)

        def job(writing: "sqlite.Connection") -> int:
            now = self._clock.now()
            return chains.clean(writing, talk, now=now) + activity.clean(writing, rules, now=now)

        gone = 0
        while removed := await hand.write(job):
            gone += removed
        return Report(detail=counted(gone, "row") if gone else "")

    async def _let_go(self, hand: Hand) -> Report:
        """Delete turns that are older than their bot keeps them."""
        published = self._store.fleet.retention()
        configured = {each.name: each.storage.retention_days for each in self._fleet.bots}
        if not any((*published.values(), *configured.values())):
            return Report()
        now = self._discord_time()
        if now is None:
            return Report(detail="waits for Discord to say what time it is")
        days = retention.in_effect(await hand.aside(self._listed), published)
        gone = await hand.sweep(retention.sweeps(now, days))
        if gone:
            # What was said must not stay in the log either.
            await hand.aside(lambda: checkpoint.truncate(self._store.home))
        return _gone(gone)

    def _listed(self) -> Mapping[str, load.Listed]:
        return load.listed_now(self._store.home, self._fleet.file)

    async def _optimize(self, hand: Hand) -> Report:
        """Let SQLite look at how its tables have grown."""
        indexes = await hand.write(tuning.outdated)
        for index in indexes:
            await hand.write(partial(tuning.look_at, index=index))
        return Report(detail=counted(len(indexes), "index", "indexes") if indexes else "")

    async def _check(self, hand: Hand) -> Report:
        """Look for damage in every page."""

        def work() -> str:
            stand_back()
            return integrity.quick_check(self._store.home.database)

        try:
            damage = await hand.aside(work)
        except PermanentError as error:
            damage = str(error)
        if not damage:
            return Report(detail="no damage")
        trouble = f"the database is damaged: {damage}; `multibot db check` says more"
        return Report(trouble=trouble, kind=Kind.DAMAGED)

    async def _back_up(self, hand: Hand) -> Report:
        """Copy the file."""

        def work() -> backup.Backup:
            condition.require_room(home)
            stand_back()
            return backup.backup(home, self._clock, keep=self._bot.backup.keep)

        home = self._store.home
        taken = await hand.aside(work)
        return Report(detail=f"{taken.path.name}: {taken.size} bytes in {taken.seconds:.1f} s")


def _rules(bot: Bot) -> SessionRules:
    kept = bot.storage
    return SessionRules(kept.session_scope, kept.session_gap, kept.session_timeout)


def _gone(removed: Mapping[str, int]) -> Report:
    return Report(detail=", ".join(f"{what}: {count}" for what, count in removed.items()))
