"""What an import reads, whatever the files are: turns into order, remarks onto the screen."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from multibot.cli import import_progress
from multibot.cli.import_progress import Advance
from multibot.cli.import_report import Report
from multibot.conversation.past import PastTurn
from multibot.importing import document, legacy, tree
from multibot.importing.conversation import Reading
from multibot.importing.document import Document, UnreadableError
from multibot.importing.remark import Note, Skipped
from multibot.importing.tree import Found
from multibot.store.archive.imports import File
from multibot.store.archive.staging import Staging


@dataclass(slots=True)
class Sources:
    """What was read: the turns, the files they are from, and the newest name of everything."""

    staging: Staging
    files: list[File] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)

    def add(self, turn: PastTurn) -> None:
        """Take a turn of the file that is being read."""
        self.staging.add(len(self.files), turn)
        if turn.channel_name:
            self.channels[turn.channel_id] = turn.channel_name
        if turn.role == "user" and turn.username:
            self.people[turn.user_id] = turn.username

    def ordered(self) -> Iterator[tuple[int, PastTurn]]:
        """Give every turn with its names; where nothing says them, the ids stand for them."""
        for file, turn in self.staging.ordered():
            if turn.channel_name and turn.username:
                yield file, turn
                continue
            place = "" if turn.channel_type == "dm" else turn.channel_id
            yield (
                file,
                turn._replace(
                    channel_name=turn.channel_name or self.channels.get(turn.channel_id, place),
                    username=turn.username or self.people.get(turn.user_id, turn.user_id),
                ),
            )


def read_legacy(
    path: Path, known: Collection[str], reading: Reading, sources: Sources, report: Report
) -> None:
    """Read a folder of the old store, or one file of it."""
    found = [tree.one(path, known)] if path.is_file() else _listed(path, known, report)
    total = sum(each.path.lstat().st_size for each in found) if import_progress.is_watched() else 0
    with import_progress.shown("reading", total) as advance:
        for each in found:
            if reading.bot is not None and each.bot not in {None, reading.bot}:
                continue
            _read(each, reading, sources, report, advance)


def _listed(path: Path, known: Collection[str], report: Report) -> list[Found]:
    found = []
    for each in tree.find(path, known):
        if isinstance(each, Found):
            found.append(each)
        else:
            remark(each, report)
    return found


def _read(
    found: Found, reading: Reading, sources: Sources, report: Report, advance: Advance
) -> None:
    try:
        with document.opened(found.path, found.name) as opened:
            items = legacy.read(opened, found, reading, advance)
            take(opened, found.path, items, sources, report, only=reading.bot)
    except UnreadableError as error:
        report.skip(Skipped(found.name, "", str(error)))


def take(
    opened: Document,
    path: Path,
    items: Iterable[PastTurn | Skipped | Note],
    sources: Sources,
    report: Report,
    *,
    only: str | None = None,
) -> None:
    """Take everything that one file gives."""
    before = report.skipped[opened.name]
    for item in items:
        if not isinstance(item, PastTurn):
            remark(item, report)
        elif only is not None and item.bot_name != only:
            report.left_out += 1
        else:
            sources.add(item)
    skipped = report.skipped[opened.name] - before
    sources.files.append(File(shown(path), opened.sha256, skipped))
    report.files += 1


def remark(item: Skipped | Note, report: Report) -> None:
    """Say what there is to say of something that was read."""
    if isinstance(item, Skipped):
        report.skip(item)
    else:
        report.note(item)


def shown(path: Path) -> str:
    """Write where a file is, also one whose name is no text."""
    return str(path.resolve()).encode("utf-8", "replace").decode("utf-8")
