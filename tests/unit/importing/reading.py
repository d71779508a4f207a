"""Short ways to read old files in tests."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from multibot.conversation.past import PastTurn
from multibot.importing import document, legacy, tree
from multibot.importing.conversation import Reading
from multibot.importing.document import UnreadableError
from multibot.importing.remark import Note, Skipped
from multibot.importing.tree import Found

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def entry(content: str, second: int = 0, role: str = "user", **changes: Any) -> dict[str, Any]:
    """Make an entry as the old store wrote it."""
    at = f"2025-07-08T10:{second // 60:02}:{second % 60:02}.897817"
    return {"role": role, "content": content, "timestamp": at, **changes}


def said(content: str, message_id: int, second: int = 0) -> dict[str, Any]:
    """Make an entry of a person."""
    metadata = {"username": "Al", "channel_name": "general", "message_id": message_id}
    return entry(content, second, bot_name=None, metadata=metadata)


def answer(content: str, to: int, bot: str = "sage", second: int = 1) -> dict[str, Any]:
    """Make an entry of a bot."""
    metadata = {"response_to_message_id": to}
    return entry(content, second, "assistant", bot_name=bot, metadata=metadata)


def context(*messages: Any, **changes: Any) -> dict[str, Any]:
    """Make a conversation as the old store wrote it."""
    return {
        "channel_id": 123,
        "user_id": 456,
        "messages": list(messages),
        "last_updated": "2025-07-08T10:00:00",
        "topic": None,
        **changes,
    }


def write(path: Path, value: Any) -> Path:
    """Write a file of JSON, or of the text that is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def read(
    root: Path, bot: str | None = None, known: frozenset[str] = frozenset()
) -> tuple[list[PastTurn], list[str]]:
    """Read a folder or a file: the turns by time, and what there is to say."""
    turns: list[PastTurn] = []
    remarks: list[str] = []
    found = [tree.one(root, known)] if root.is_file() else tree.find(root, known)
    for each in found:
        for item in _items(each, Reading(UTC, NOW, bot)) if isinstance(each, Found) else [each]:
            if isinstance(item, PastTurn):
                turns.append(item)
            else:
                remarks.append(str(item))
    return sorted(turns, key=lambda turn: (turn.bot_name, turn.at)), remarks


def _items(found: Found, reading: Reading) -> list[PastTurn | Skipped | Note]:
    try:
        with document.opened(found.path, found.name) as opened:
            return list(legacy.read(opened, found, reading))
    except UnreadableError as error:
        return [Skipped(found.name, "", str(error))]


def brief(turns: list[PastTurn]) -> list[tuple[str, str, str, str, str]]:
    """Give what most tests are about."""
    return [
        (each.bot_name, each.channel_id, each.user_id, each.role, each.content) for each in turns
    ]
