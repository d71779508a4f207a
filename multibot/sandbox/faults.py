"""The faults that are asked for just now: which of them meets a request, an event or a login."""

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Protocol

from multibot.clock import Clock
from multibot.errors import UsageError
from multibot.sandbox import fault_spec
from multibot.sandbox.fault_spec import Spec

# Finished faults stay visible with their counts, but not without end.
_FINISHED_KEPT = 100


class Fault:
    """One fault, with how often it has happened."""

    def __init__(self, number: int, spec: Spec, clock: Clock) -> None:
        self.id = f"f{number}"
        self.spec = spec
        self.kind = fault_spec.kind_of(spec.kind)
        self.fired = 0
        self.is_cleared = False
        # Set for the requests that hang on it: they may go.
        self.let_go = asyncio.Event()
        self.added_at = clock.now()
        self._clock = clock
        self._start = clock.monotonic()
        self._turn = -1
        self._random = random.Random(spec.seed)  # noqa: S311 - reproducible, not secret

    @property
    def elapsed(self) -> float:
        """Seconds since it was added."""
        return self._clock.monotonic() - self._start

    @property
    def ends_after(self) -> float:
        """When it is over by itself, in seconds since it was added."""
        spec = self.spec
        own = spec.after + spec.reset_after if spec.kind == "session-limit" else float("inf")
        return own if spec.until is None else min(own, spec.until)

    @property
    def state(self) -> str:
        """`waiting`, `armed` or `over`."""
        used_up = self.spec.times is not None and self.fired >= self.spec.times
        done_once = self.is_deed and self.spec.every is None and self.fired > 0
        if self.is_cleared or used_up or done_once or self.elapsed >= self.ends_after:
            return "over"
        return "armed" if self.elapsed >= self.spec.after else "waiting"

    @property
    def is_armed(self) -> bool:
        """Tell whether it may happen just now."""
        return self.state == "armed"

    @property
    def is_deed(self) -> bool:
        """Tell whether it is done by itself, to connections that are open then."""
        return self.kind.where == "login" and self.spec.at == "now"

    @property
    def is_state(self) -> bool:
        """Tell whether it has no single occasions, but a beginning and an end."""
        return self.kind.where == "state"

    def meets(self, bot: str | None) -> bool:
        """Tell whether it concerns this bot; None is a caller nobody knows."""
        wanted = self.spec.bot
        return wanted is None or (bot is not None and fnmatchcase(bot, wanted))

    def happens(self) -> bool:
        """Tell whether it happens on this occasion, and count it if so."""
        turn = -1 if self.spec.every is None else self._current_turn()
        if not self.is_armed or (self.spec.every is not None and turn == self._turn):
            return False
        return self.roll(turn)

    def roll(self, turn: int = -1) -> bool:
        """Let chance decide, and count it if it happens."""
        if self._random.random() >= self.spec.probability:
            return False
        self._turn = turn
        self.fired += 1
        return True

    def shown(self) -> dict[str, Any]:
        """Return it for somebody outside."""
        return {
            "id": self.id,
            "state": self.state,
            "fired": self.fired,
            "age": round(self.elapsed, 3),
            **fault_spec.shown(self.spec),
        }

    def _current_turn(self) -> int:
        return int((self.elapsed - self.spec.after) // (self.spec.every or 1.0))


class Watcher(Protocol):
    """Somebody who does what a fault means when it begins, and undoes it when it ends."""

    def begin(self, fault: Fault) -> None:
        """Do it."""
        ...

    def end(self, fault: Fault) -> None:
        """Undo it; only states end."""
        ...


class Faults:
    """Every fault of one world; the clock's time decides when each is armed."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._count = 0
        self._all: dict[str, Fault] = {}
        self._begun: set[str] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._watchers: list[Watcher] = []

    def subscribe(self, watcher: Watcher) -> None:
        """Tell this one when a deed is due and when a state begins and ends."""
        self._watchers.append(watcher)

    def add(self, kind: str | int, **fields: object) -> Fault:
        """Add one fault, with the fields of its kind in `fault_spec`."""
        return self._keep(fault_spec.read({"kind": kind, **fields}))

    def play(self, scenario: Iterable[Mapping[str, object]]) -> list[Fault]:
        """Add several faults at once; none when one of them makes no sense."""
        specs = [fault_spec.read(said) for said in scenario]
        return [self._keep(spec) for spec in specs]

    def clear(self, *ids: str) -> list[Fault]:
        """Take away these faults, or all; whatever hangs on them is let go."""
        for unknown in set(ids) - self._all.keys():
            raise UsageError(f"There is no fault {unknown}.")
        gone = [self._all.pop(one) for one in ids or list(self._all)]
        for fault in gone:
            self._stop(fault)
        return gone

    def listed(self) -> list[Fault]:
        """Return the faults in the order they were added; the finished ones too."""
        return list(self._all.values())

    def met(
        self, where: str, bot: str | None, fits: Callable[[Spec], bool] = lambda _: True
    ) -> Fault | None:
        """Return the first fault that happens on this occasion, and count it."""
        for fault in self._all.values():
            if fault.kind.where != where or fault.is_deed or not fault.meets(bot):
                continue
            if fits(fault.spec) and fault.happens():
                return fault
        return None

    def standing(self, kind: str, bot: str | None) -> list[Fault]:
        """Return the states of this kind that this bot is in."""
        return [
            fault
            for fault in self._all.values()
            if fault.spec.kind == kind and fault.meets(bot) and fault.is_armed
        ]

    def close(self) -> None:
        """Stop what is scheduled and let go what hangs, as a server does that closes."""
        for task in list(self._tasks.values()):
            task.cancel()
        for fault in self._all.values():
            fault.let_go.set()
            fault.let_go = asyncio.Event()

    def _keep(self, spec: Spec) -> Fault:
        self._count += 1
        fault = self._all[f"f{self._count}"] = Fault(self._count, spec, self._clock)
        if fault.is_deed or fault.is_state:
            self._schedule(fault)
        self._tidy()
        return fault

    def _schedule(self, fault: Fault) -> None:
        """Do it now if it is time; a task does what is due later."""
        if fault.spec.after == 0:
            self._begin(fault)
        later = fault.spec.every if fault.is_deed else None
        if fault.spec.after > 0 or later is not None or fault.ends_after < float("inf"):
            task = asyncio.get_running_loop().create_task(self._act(fault))
            self._tasks[fault.id] = task
            task.add_done_callback(lambda _: self._tasks.pop(fault.id, None))

    async def _act(self, fault: Fault) -> None:
        """Follow one fault from its beginning to its end."""
        spec = fault.spec
        due = spec.after
        if due > 0:
            await self._wait(fault, due)
            self._begin(fault)
        while fault.is_deed and spec.every is not None and fault.state != "over":
            due += spec.every
            await self._wait(fault, min(due, fault.ends_after))
            if fault.state != "over":
                self._begin(fault)
        if fault.is_state and fault.ends_after < float("inf"):
            await self._wait(fault, fault.ends_after)
            self._end(fault)

    async def _wait(self, fault: Fault, until: float) -> None:
        while (left := until - fault.elapsed) > 0:
            await self._clock.sleep(left)

    def _begin(self, fault: Fault) -> None:
        if not fault.roll():
            return
        self._begun.add(fault.id)
        for watcher in self._watchers:
            watcher.begin(fault)

    def _end(self, fault: Fault) -> None:
        if fault.id not in self._begun:
            return
        self._begun.discard(fault.id)
        for watcher in self._watchers:
            watcher.end(fault)

    def _stop(self, fault: Fault) -> None:
        if fault.id in self._tasks:
            self._tasks[fault.id].cancel()
        fault.is_cleared = True
        fault.let_go.set()
        if fault.is_state:
            self._end(fault)

    def _tidy(self) -> None:
        finished = [one for one in self._all.values() if self._is_forgettable(one)]
        for fault in finished[:-_FINISHED_KEPT]:
            del self._all[fault.id]

    def _is_forgettable(self, fault: Fault) -> bool:
        """Tell whether nothing hangs on it any more."""
        hangs = fault.spec.kind == "hang" or fault.id in self._tasks
        return fault.state == "over" and not hangs
