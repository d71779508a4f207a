from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from multibot.home import Home
from tests.unit.importing.reading import answer, context, said, write

Put = Callable[..., Path]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Where the old files are."""
    return tmp_path / "old"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home without a fleet and without a database."""
    home = Home(tmp_path / "home")
    home.root.mkdir()
    return home


@pytest.fixture
def talk(old: Path) -> Path:
    """Write twenty questions with their answers, one a minute, in each of three people's files."""
    for person in (7, 8, 9):
        messages: list[dict[str, Any]] = []
        for number in range(20):
            message_id = person * 1000 + number
            messages.append(said(f"question {number}", message_id, 60 * number))
            messages.append(answer(f"answer {number}", message_id, second=60 * number + 1))
        write(old / "sage" / f"123_{person}.json", context(*messages, user_id=person))
    return old
