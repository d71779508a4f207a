"""Whatever a file holds, it is read to its end: turns that can be stored, or a line that says why not."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multibot.clock import from_text, to_text
from multibot.conversation.past import PastTurn
from multibot.importing import entry, exporter
from multibot.importing.document import Document, opened
from multibot.importing.exported import Channel, Said
from multibot.importing.identity import discord_id
from multibot.importing.remark import Note, Skipped
from tests.faults.book import times
from tests.unit.importing import reading, test_exporter

EXAMPLES = settings(max_examples=times(3000, 60), deadline=None, derandomize=True)
WORDS = st.sampled_from(
    [
        *("user", "assistant", "system", "tool", "sage", "SPARK", "My bot", "9", "-1", "1e3"),
        *("\x00", "\ud800", "Ã¤", "\u202e", "x" * 300, "", "2025-07-08T10:00:00", "20250708"),
        *("2025-07-08T10:00:00.123456789Z", "0001-01-01", "9999-12-31T23:59:59", "nan"),
    ]
)
SCALARS = (
    WORDS
    | st.text(max_size=5)
    | st.none()
    | st.booleans()
    | st.integers(-5, 2**70)
    | st.floats()
    | st.integers(10**30, 10**40)
)
KEYS = st.sampled_from(
    [
        *("role", "content", "timestamp", "bot_name", "metadata", "message_id", "username"),
        *("messages", "channel_id", "user_id", "participants", "topic", "1_2", "channel_name"),
        *("response_to_message_id", "channel_type", "is_dm", "guild_id", "", "\ud800"),
        *("guild", "channel", "id", "type", "author", "reference", "interaction", "user"),
        *("attachments", "fileName", "timestampEdited", "isBot", "messageId", "nickname", "name"),
    ]
)
JUNK = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=12,
)
GOOD = reading.said("hello", 9)
ENTRY = st.builds(lambda junk: GOOD | junk, st.dictionaries(KEYS, JUNK, max_size=3)) | JUNK
OLD = st.builds(
    lambda messages, junk: reading.context(*messages) | junk,
    st.lists(ENTRY, max_size=4),
    st.dictionaries(KEYS, JUNK, max_size=2),
)
MESSAGE = st.builds(
    lambda junk: test_exporter.message(1, test_exporter.AL, "hi", "10:00:00") | junk,
    st.dictionaries(KEYS, JUNK, max_size=3),
)
EXPORT = st.builds(
    lambda messages, junk: (
        {"guild": {"id": "9"}, "channel": {"id": "5"}, "messages": messages} | junk
    ),
    st.lists(MESSAGE | JUNK, max_size=4),
    st.dictionaries(KEYS, JUNK, max_size=2),
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


def as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def require_storable(turn: PastTurn) -> None:
    """Hold a turn against what the tables allow."""
    assert turn.role in entry.ROLES
    assert discord_id(turn.channel_id) == turn.channel_id
    assert discord_id(turn.user_id) == turn.user_id
    assert to_text(from_text(turn.at)) == turn.at
    assert turn.bot_name
    assert turn.message_id
    for text in (turn.content, turn.username, turn.channel_name, turn.metadata or ""):
        assert "\x00" not in text
        text.encode()
    assert turn.metadata is None or json.loads(turn.metadata)


@given(value=st.lists(ENTRY | OLD, max_size=3) | OLD | JUNK, bot=st.sampled_from([None, "sage"]))
@EXAMPLES
def test_old_files_with_anything_in_them(place: Path, value: Any, bot: str | None) -> None:
    for path in (place / "sage" / "1_2.json", place / "shared_conversations.json"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(as_bytes(json.dumps(value)))
    turns, remarks = reading.read(place, bot)

    for turn in turns:
        require_storable(turn)
    assert all(remarks)


@given(at=st.integers(0, 400), junk=WORDS.map(as_bytes) | st.binary(max_size=8), cut=st.booleans())
@EXAMPLES
def test_old_files_with_other_bytes_in_them(
    place: Path, at: int, junk: bytes, *, cut: bool
) -> None:
    text = json.dumps(reading.context(GOOD, reading.answer("hi", 9), GOOD)).encode()
    path = place / "spoiled" / "sage" / "1_2.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text[:at] + junk + (b"" if cut else text[at:]))

    for turn in reading.read(path.parent.parent)[0]:
        require_storable(turn)


@given(value=EXPORT)
@EXAMPLES
def test_exports_with_anything_in_them(place: Path, value: Any) -> None:
    path = place / "export.json"
    path.write_bytes(as_bytes(json.dumps(value)))
    with opened(path, "export.json") as document:
        require_items(document)
    for turn in test_exporter.read(path)[0]:
        require_storable(turn)


def require_items(document: Document) -> None:
    for item in exporter.read(document, test_exporter.NOW):
        assert isinstance(item, Said | Channel | Skipped | Note)
