from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from multibot.clock import SystemClock
from multibot.conversation.past import PastTurn
from multibot.home import Home
from multibot.store.archive.shared import SharedFile
from multibot.store.migrate import migrate
from tests.unit.importing.reading import answer, context, read, said, write

Put = Callable[..., Path]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Where the old files are."""
    return tmp_path / "old"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home whose fleet has no bots yet, and without a database."""
    home = Home(tmp_path / "home")
    home.fleet_file.parent.mkdir(parents=True)
    home.fleet_file.touch()
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


@pytest.fixture
def shared(home: Home) -> Iterator[SharedFile]:
    migrate(home, SystemClock())
    with SharedFile(home) as opened:
        yield opened


@pytest.fixture
def turns(talk: Path) -> list[PastTurn]:
    return read(talk)[0]
