"""Bringing what runs in line with the files, touching only the bots that differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from multibot.supervise import lifecycle
from multibot.supervise.control import ALIVE, Control, Process, ProcessState
from multibot.supervise.patience import Patience
from multibot.supervise.readiness import Row, wrote


class Outcome(StrEnum):
    """What was done with a bot."""

    STARTED = "started"
    RESTARTED = "restarted"
    STOPPED = "stopped"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One bot, and what was done with it."""

    bot_name: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The bots that shall run, with the hash of their configuration; `selected` are to be seen to.

    With `everything`, bots that are not wished for any more are stopped.
    """

    hashes: Mapping[str, str]
    selected: frozenset[str]
    everything: bool


def apply(
    control: Control, wish: Wish, rows: Mapping[str, Row], patience: Patience
) -> tuple[Change, ...]:
    """Take the new configuration file over, one bot at a time; return what was done, by name."""
    differences = control.reload()
    before = control.processes()
    gone = set(differences.removed) if wish.everything else set()
    changed = wish.selected.intersection(differences.changed)
    added = wish.selected.intersection(differences.added)
    lifecycle.stop(control, gone | changed, patience)
    for name in sorted(gone | changed):
        control.remove_group(name)
    for name in sorted(changed | added):
        control.add_group(name)
    plan = dict.fromkeys(gone, Outcome.STOPPED)
    for name in wish.selected:
        row = rows.get(name)
        plan[name] = _outcome(before.get(name), row, wish.hashes[name], replaced=name in changed)
    again = {name for name, outcome in plan.items() if outcome is Outcome.RESTARTED}
    anew = {name for name, outcome in plan.items() if outcome is Outcome.STARTED}
    lifecycle.restart(control, again - changed, patience)
    lifecycle.start(control, anew | changed, patience)
    return tuple(sorted(Change(name, outcome) for name, outcome in plan.items()))


def _outcome(process: Process | None, row: Row | None, wanted: str, *, replaced: bool) -> Outcome:
    if process is None or process.state not in ALIVE:
        return Outcome.STARTED
    if replaced or process.state is ProcessState.BACKOFF:
        # One that waits for its next try may well be waiting for what was just put right.
        return Outcome.RESTARTED
    if row is not None and wrote(process, row) and row.config_hash != wanted:
        return Outcome.RESTARTED
    return Outcome.UNCHANGED
