"""What came of an import: said as it happens, and summed up at the end."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import click

from multibot.cli.printable import in_json, printable_line
from multibot.errors import ExitCode
from multibot.importing.remark import Note, Skipped
from multibot.store.archive.imports import Tally
from multibot.wording import are, counted, were

# A file of rubbish has as many faults as entries: so many are kept for the summary as JSON.
MOST_LISTED = 1000


@dataclass(slots=True)
class Report:
    """Collects what there is to say; `say` shows a line at once, where somebody reads it."""

    is_dry_run: bool = False
    files: int = 0
    turns: int = 0
    doubles: int = 0
    left_out: int = 0
    is_of_strangers: bool = False
    skipped: Counter[str] = field(default_factory=Counter)
    listed: list[Skipped] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    batch_id: str | None = None
    is_resumed: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """Whether everything was imported that was there."""
        is_partial = self.skipped or self.is_without_bots
        return ExitCode.PARTIAL if is_partial else ExitCode.OK

    @property
    def is_without_bots(self) -> bool:
        """Whether there was much to read and nobody of the fleet in it."""
        return self.is_of_strangers and not self.tallies

    def skip(self, item: Skipped) -> None:
        """Note one item that is left out, and say so."""
        self.skipped[item.file] += 1
        if len(self.listed) < MOST_LISTED:
            self.listed.append(item)
        click.echo(printable_line(f"skipped {item}"), err=True)

    def note(self, text: str | Note) -> None:
        """Say something that somebody should know."""
        line = printable_line(str(text))
        self.notes.append(line)
        click.echo(f"note: {line}", err=True)

    def as_json(self) -> str:
        """Write all of it as one object."""
        body = {
            "dry_run": self.is_dry_run,
            "batch": self.batch_id,
            "resumed": self.is_resumed,
            "files": self.files,
            "bots": {name: _tally(each) for name, each in sorted(self.tallies.items())},
            "doubles": self.doubles,
            "left_out": self.left_out,
            "skipped": self.skipped.total(),
            "skipped_items": [item._asdict() for item in self.listed],
            "notes": self.notes,
        }
        return in_json(json.dumps(body, indent=2, ensure_ascii=False))

    def as_text(self) -> str:
        """Write it for people."""
        lines = [_line(name, each, self.is_dry_run) for name, each in sorted(self.tallies.items())]
        if self.is_without_bots:
            lines.append("Nothing of it is part of a bot's history, see above.")
        elif not self.tallies:
            lines.append(
                "Nothing was imported." if self.skipped else "There was nothing to import."
            )
        lines += self._rest()
        return "\n".join(lines)

    def _rest(self) -> list[str]:
        lines = ["This continued an import that was interrupted."] if self.is_resumed else []
        if self.doubles:
            turns, verb = counted(self.doubles, "turn"), were(self.doubles)
            lines.append(f"{turns} {verb} there more than once, and taken once.")
        if self.left_out:
            lines.append(f"{self.left_out:,} {are(self.left_out)} not part of what was asked for.")
        if skipped := self.skipped.total():
            items, files = counted(skipped, "item"), counted(len(+self.skipped), "file")
            lines.append(f"{items} in {files} {were(skipped)} skipped, see above.")
        if self.is_dry_run:
            lines.append("Nothing was written (--dry-run).")
        elif self.batch_id is not None:
            lines.append(f"`multibot import undo {self.batch_id}` takes this import back.")
        return lines


def _tally(tally: Tally) -> dict[str, Any]:
    return {"new": tally.new, "present": tally.present}


def _line(name: str, tally: Tally, is_dry_run: bool) -> str:  # noqa: FBT001 - private
    verb = "would be new" if is_dry_run else "new"
    return f"{name}: {tally.new:,} {verb}, {tally.present:,} already there"
