"""What an import reads, whatever the files are: turns into order, remarks onto the screen."""

import contextlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from multibot.cli import import_progress
from multibot.cli.import_progress import Advance
from multibot.cli.import_report import Report
from multibot.conversation.past import PastTurn
from multibot.importing import belonging, document, exporter, legacy, tree
from multibot.importing.belonging import Rules
from multibot.importing.conversation import Reading
from multibot.importing.document import Document, UnreadableError
from multibot.importing.exported import Channel, Said
from multibot.importing.remark import Note, Skipped
from multibot.importing.staging import Key, Staging
from multibot.importing.tree import Found
from multibot.store.archive.imports import File


@dataclass(slots=True)
class Sources:
    """What was read: the turns, the files they are from, and the newest name of everything."""

    staging: Staging[PastTurn]
    report: Report
    files: list[File] = field(default_factory=list)
    people: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """The number of the file that is being read."""
        return len(self.files)

    def add(self, file: int, turn: PastTurn) -> None:
        """Take a turn of a file."""
        key = Key(turn.bot_name, turn.channel_id, turn.at, file, turn.position)
        self.staging.add(key, turn)
        if turn.channel_name:
            self.channels[turn.channel_id] = turn.channel_name
        if turn.role == "user" and turn.username:
            self.people[turn.user_id] = turn.username

    @contextlib.contextmanager
    def reading(self, path: Path, name: str, *, follow: bool = False) -> Iterator[Document | None]:
        """Open a file and note it behind its turns; None where it cannot be opened.

        What came before it could not be read any further is its own, and stays.
        """
        with contextlib.ExitStack() as closing:
            try:
                opened = closing.enter_context(document.opened(path, name, follow=follow))
            except UnreadableError as error:
                self.remark(Skipped(name, "", str(error)))
                yield None
                return
            try:
                yield opened
            except UnreadableError as error:
                self.remark(Skipped(name, "", str(error)))
            self.files.append(File(shown(path), opened.sha256, self.report.skipped[name]))
            self.report.files += 1

    def remark(self, item: Skipped | Note) -> None:
        """Say what there is to say of something that was read."""
        if isinstance(item, Skipped):
            self.report.skip(item)
        else:
            self.report.note(item)

    def ordered(self) -> Iterator[tuple[int, PastTurn]]:
        """Give every turn with its names; where nothing says them, the ids stand for them."""
        for file, turn in self.staging.ordered():
            if turn.channel_name and turn.username:
                yield file, turn
                continue
            place = "" if turn.channel_type == "dm" else turn.channel_id
            named = turn._replace(
                channel_name=turn.channel_name or self.channels.get(turn.channel_id, place),
                username=turn.username or self.people.get(turn.user_id, turn.user_id),
            )
            yield file, named


def read_legacy(path: Path, known: Collection[str], reading: Reading, sources: Sources) -> None:
    """Read a folder of the old store, or one file of it."""
    found = [tree.one(path, known)] if path.is_file() else _listed(path, known, sources)
    wanted = [each for each in found if reading.bot is None or each.bot in {None, reading.bot}]
    with _reading([each.path for each in wanted]) as advance:
        for each in wanted:
            _read(each, reading, sources, advance)


def _listed(path: Path, known: Collection[str], sources: Sources) -> list[Found]:
    found = []
    for each in tree.find(path, known):
        if isinstance(each, Found):
            found.append(each)
        else:
            sources.remark(each)
    return found


def _read(found: Found, reading: Reading, sources: Sources, advance: Advance) -> None:
    with sources.reading(found.path, found.name) as opened:
        for item in legacy.read(opened, found, reading, advance) if opened else ():
            if not isinstance(item, PastTurn):
                sources.remark(item)
            elif reading.bot is not None and item.bot_name != reading.bot:
                sources.report.left_out += 1
            else:
                sources.add(sources.number, item)


def read_exports(paths: Iterable[Path], now: datetime, rules: Rules, sources: Sources) -> None:
    """Read files of DiscordChatExporter; whoever named a link meant the file behind it."""
    files = sorted({each.absolute() for each in paths})
    places: dict[int, Channel] = {}
    with Staging[Said](Said._make) as messages:
        with _reading(files) as advance:
            for path in files:
                with sources.reading(path, shown(path), follow=True) as opened:
                    items = exporter.read(opened, now, advance) if opened else ()
                    _stage(items, messages, places, sources)
        _assign(belonging.turns(messages.ordered(), places, rules), sources)


def _stage(
    items: Iterable[exporter.Item],
    messages: Staging[Said],
    places: dict[int, Channel],
    sources: Sources,
) -> None:
    """Bring the messages of all files into order: whose they are shows only then."""
    number, channel_id = sources.number, ""
    for item in items:
        if isinstance(item, Said):
            messages.add(Key("", channel_id, item.at, number, item.number), item)
        elif isinstance(item, Channel):
            places[number], channel_id = item, item.channel_id
        else:
            sources.remark(item)


def _assign(turns: Iterable[tuple[int, PastTurn | Note]], sources: Sources) -> None:
    for file, item in turns:
        if isinstance(item, Note):
            sources.remark(item)
            sources.report.is_of_strangers = True
        else:
            sources.add(file, item)


def _reading(paths: Sequence[Path]) -> "import_progress.Shown":
    is_watched = import_progress.is_watched()
    total = sum(each.stat().st_size for each in paths) if is_watched else 0
    return import_progress.shown("reading", total)


def shown(path: Path) -> str:
    """Write a path, also one that is no text."""
    return str(path).encode("utf-8", "replace").decode("utf-8")
