"""What becomes of a file that cannot be read to its end: a disk fails, a share is gone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from multibot.cli.import_report import Report
from multibot.cli.import_sources import Sources
from multibot.conversation.past import PastTurn
from multibot.importing.document import UnreadableError
from multibot.importing.staging import Staging
from tests.unit.importing.reading import write


@pytest.fixture
def sources() -> Iterator[Sources]:
    with Staging[PastTurn](PastTurn._make) as staging:
        yield Sources(staging, Report())


def fail() -> None:
    raise UnreadableError("cannot be read (Input/output error)")


def test_turns_from_before_a_file_fails_are_its_own(
    sources: Sources, turns: list[PastTurn], tmp_path: Path
) -> None:
    first, second = (write(tmp_path / name, []) for name in ("a.json", "b.json"))
    with sources.reading(first, "a.json"):
        sources.add(sources.number, turns[0])
        fail()
    with sources.reading(second, "b.json"):
        sources.add(sources.number, turns[1])
    with sources.reading(tmp_path / "c.json", "c.json") as opened:
        assert opened is None

    assert [each.source for each in sources.files] == [str(first), str(second)]
    assert [each.skipped for each in sources.files] == [1, 0]
    assert [file for file, _ in sources.ordered()] == [0, 1]
    assert [str(each) for each in sources.report.listed] == [
        "a.json: cannot be read (Input/output error)",
        "c.json: cannot be read (No such file or directory)",
    ]
