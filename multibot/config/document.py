"""YAML as data: safe, bounded, without duplicate keys, and every fault with its line."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from multibot.config.fault import Place, shown
from multibot.config.source import Refusal

MAX_DEPTH = 40
MAX_ALIASES = 100
MAX_VALUES = 50_000

# libyaml where the wheel has it: ten times faster, and the same events.
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Far below what Python itself refuses to read.
_MOST_DIGITS = 1000
_TAG = "tag:yaml.org,2002:"
_SURROGATE = re.compile("[\ud800-\udfff]")
_QUOTED = re.compile(r"'[^' ]{2,}'|\"[^\" ]{2,}\"")


@dataclass(slots=True)
class Document:
    """The data of one file, and the line of every key and item in it."""

    data: object
    lines: dict[Place, int]


class _RefusedError(Exception):
    """Carries a refusal out of the builder."""

    def __init__(self, message: str, remedy: str, line: int | None) -> None:
        super().__init__(message)
        self.refusal = Refusal(message, remedy, line)


def parse(text: str, first_line: int = 1) -> Document | Refusal:
    """Build plain data from one YAML document; `first_line` is where it begins in its file."""
    builder = _Builder(first_line)
    try:
        for event in _events(text):
            builder.take(event)
    except _RefusedError as refused:
        return refused.refusal
    except yaml.YAMLError as error:
        return _syntax(error, text, first_line)
    return Document(builder.root, builder.lines)


def _events(text: str) -> Iterator[yaml.Event]:
    loader = _LOADER(text)
    try:
        while loader.check_event():
            yield loader.get_event()  # type: ignore[no-untyped-call]  # the stubs leave it open
    finally:
        loader.dispose()


def _syntax(error: yaml.YAMLError, text: str, first_line: int) -> Refusal:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:
        return Refusal("is not YAML: it holds a character YAML forbids.", "Remove it.")
    rows = text.split("\n")
    row = rows[mark.line] if mark.line < len(rows) else ""
    line = first_line + mark.line
    if "\t" in row[: len(row) - len(row.lstrip())]:
        return Refusal("is indented with a tab.", "Use spaces.", line)
    problem = getattr(error, "problem", None) or "it cannot be read"
    # The parser quotes what it stumbled over; that may be a token.
    problem = _QUOTED.sub("...", str(problem))
    return Refusal(f"is not YAML: {problem}.", "Correct this line or the one above.", line)


@dataclass(slots=True)
class _Open:
    """A mapping or list that has begun and not ended."""

    value: dict[str, object] | list[object]
    place: Place
    anchor: str | None
    line: int
    started_at: int
    key: str | None = None
    merge: bool = False
    merged: list[dict[str, object]] = field(default_factory=list)


class _Builder:
    """Turns events into data with a stack of its own, so that depth cannot exhaust Python's."""

    def __init__(self, first_line: int) -> None:
        self.root: object = None
        self.lines: dict[Place, int] = {}
        self._first_line = first_line
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[object, int]] = {}
        self._values = 0
        self._aliases = 0
        self._documents = 0
        self._resolver = Resolver()
        self._scalars = _scalar_readers()

    def take(self, event: yaml.Event) -> None:
        """Build on with one event."""
        line = self._first_line + (event.start_mark.line if event.start_mark else 0)
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _RefusedError("holds more than one YAML document.", "Keep one.", line)
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event.anchor or "", line)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()

    def _count(self, values: int, line: int) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise _RefusedError("holds too many values.", "Make it smaller.", line)

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        self._count(1, line)
        if _SURROGATE.search(event.value):
            raise _RefusedError("has half a character in it.", "Write all of it.", line)
        tag = self._tag(event)
        if self._wants_key():
            self._key(event.value, tag, line)
            return
        node = yaml.ScalarNode(tag, event.value)
        value = self._read(node, line)
        self._remember(event.anchor, value, 1)
        self._put(value, line)

    def _tag(self, event: yaml.ScalarEvent) -> str:
        if event.tag and event.tag != "!":
            return event.tag
        resolve = self._resolver.resolve
        return str(resolve(yaml.ScalarNode, event.value, event.implicit))  # type: ignore[no-untyped-call]  # no stub

    def _read(self, node: yaml.ScalarNode, line: int) -> object:
        kind = node.tag.removeprefix(_TAG)
        reader = self._scalars.get(kind)
        if reader is None:
            raise _RefusedError("uses a YAML tag that is not allowed here.", "Remove it.", line)
        try:
            return reader(node)
        except (ValueError, LookupError, OverflowError):
            if kind == "int" and len(node.value) > _MOST_DIGITS:
                message, remedy = "has a number with too many digits.", "Write a shorter one."
            else:
                message = "has a value that is not what its tag says."
                remedy = "Put it in quotes."
        raise _RefusedError(message, remedy, line)

    def _alias(self, name: str, line: int) -> None:
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            raise _RefusedError("uses too many aliases.", "Write the values out.", line)
        if name not in self._anchors:
            raise _RefusedError("uses an alias that no anchor defines.", "Define it above.", line)
        value, size = self._anchors[name]
        self._count(size, line)
        if self._wants_key():
            raise _RefusedError("uses an alias as a key.", "Write the key out.", line)
        self._put(value, line)

    def _begin(self, event: yaml.CollectionStartEvent, line: int) -> None:
        self._count(1, line)
        if len(self._stack) >= MAX_DEPTH:
            raise _RefusedError("is nested too deeply.", "Make it flatter.", line)
        if self._wants_key():
            raise _RefusedError("has a key that is not text.", "Write a plain word.", line)
        if event.tag not in {None, "!", f"{_TAG}map", f"{_TAG}seq"}:
            raise _RefusedError("uses a YAML tag that is not allowed here.", "Remove it.", line)
        place = self._next_place()
        self.lines.setdefault(place, line)
        empty: dict[str, object] | list[object]
        empty = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._stack.append(_Open(empty, place, event.anchor, line, self._values))

    def _end(self) -> None:
        done = self._stack.pop()
        if isinstance(done.value, dict):
            for merged in done.merged:
                for key, value in merged.items():
                    done.value.setdefault(key, value)
        self._remember(done.anchor, done.value, self._values - done.started_at + 1)
        self._put(done.value, done.line)

    def _remember(self, anchor: str | None, value: object, size: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = (value, size)

    def _wants_key(self) -> bool:
        if not self._stack:
            return False
        top = self._stack[-1]
        return isinstance(top.value, dict) and top.key is None and not top.merge

    def _key(self, key: str, tag: str, line: int) -> None:
        top = self._stack[-1]
        if tag == f"{_TAG}merge":
            top.merge = True
            return
        if tag != f"{_TAG}str":
            raise _RefusedError("has a key that is not text.", "Put it in quotes.", line)
        if key in top.value:
            message = f"has the key {shown(key)} twice in one place."
            raise _RefusedError(message, "Keep one of them.", line)
        top.key = key
        self.lines[(*top.place, key)] = line

    def _next_place(self) -> Place:
        if not self._stack:
            return ()
        top = self._stack[-1]
        if isinstance(top.value, list):
            return (*top.place, len(top.value))
        return (*top.place, top.key or "<<")

    def _put(self, value: object, line: int) -> None:
        if not self._stack:
            self.root = value
            return
        top = self._stack[-1]
        if isinstance(top.value, list):
            self.lines.setdefault((*top.place, len(top.value)), line)
            top.value.append(value)
        elif top.merge:
            self._merge(top, value, line)
        else:
            top.value[top.key or ""] = value
            top.key = None

    @staticmethod
    def _merge(top: _Open, value: object, line: int) -> None:
        for source in value if isinstance(value, list) else [value]:
            if not isinstance(source, dict):
                raise _RefusedError("merges (<<) what is no mapping.", "Correct it.", line)
            top.merged.append(source)
        top.merge = False


def _scalar_readers() -> dict[str, Callable[[yaml.ScalarNode], object]]:
    """Say how each kind of plain value is read; a date stays text, as nothing here wants one.

    So does a time of day: as the number that YAML 1.1 makes of 22:00 it could not be told from 1320.
    """
    build = SafeConstructor()

    def unless_time(
        read: Callable[[yaml.ScalarNode], object],
    ) -> Callable[[yaml.ScalarNode], object]:
        return lambda node: node.value if ":" in node.value else read(node)

    return {
        "str": lambda node: node.value,
        "timestamp": lambda node: node.value,
        "value": lambda node: node.value,
        "null": lambda _: None,
        "bool": build.construct_yaml_bool,
        "int": unless_time(build.construct_yaml_int),
        "float": unless_time(build.construct_yaml_float),
    }
