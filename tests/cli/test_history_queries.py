"""Every query that docs/history.md shows is run as it stands there, and finds what it says."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlite_utils.cli import cli

from multibot.home import Home
from multibot.store.archive import search
from multibot.store.archive.shared import SharedFile
from multibot.store.migrate import migrate
from tests.architecture.source import ROOT
from tests.fakes import FakeClock
from tests.store.transcripts import change, session, store, turn

DOCUMENT = ROOT / "docs" / "history.md"
QUERIES = re.findall(r"^```sh\n(.*?)^```", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)
TURNS = [
    turn("orange juice, please", message_id="999"),
    turn("oranges only", message_id="1000", after=3600),
    turn(
        "here they are",
        after=3602.5,
        role="assistant",
        username="Sage",
        metadata='{"response_to_message_id": "1000"}',
    ),
    turn("that was deleted"),
    turn("said by nobody", role="system", user_id="905", username="Sage", after=9999),
    *(turn("said by a bot", user_id="904", username="Spark", after=-9) for _ in range(5)),
]
# Stored last, said long before.
IMPORT = """
INSERT INTO imports (id, batch_id, kind, source, sha256, started_at)
VALUES (1, 'x', 'legacy', 'x', 'x', 'x')
"""
OLD = {"after": -(10**6), "import_id": 1}
IMPORTED = [
    turn("old question", message_id="500", **OLD),
    turn(
        "old answer",
        role="assistant",
        metadata='{"response_to_message_id": "500"}',
        **{**OLD, "after": 100 - 10**6},
    ),
]
STATUS = """
INSERT INTO bot_status (bot_name, pid, boot_id, user_id, started_at, state, gateway_state,
    config_hash, version)
VALUES ('spark', 1, 'b', '904', 'x', 'ready', 'ready', '', '')
"""
SESSIONS = [
    session("s1"),
    session("s0", is_active=0, closed_at="x", close_reason="gap", message_count=3),
]
DECISION = """
INSERT INTO inbox (bot_name, message_id, channel_id, user_id, created_at, received_at, updated_at,
    decision, reason, detail, state)
VALUES ('sage', '1000', '10', '7', 'x', 'x', 'x', 'answer', 'answered', 'mention', 'answered')
"""
# What each query of the page prints, in the order of the page.
FOUND = (
    r"content\n[- ]+\n2026-01-01T13:00:02.500Z +general +Sage +here they are",
    r'^\[\{"timestamp": "2026-[^}]*"content": "here they are".*"content": "oranges only".*"old answer"',
    r"sage +2026-01-01_12-00-00_3600s +general +Al +2",
    r"gap +1 +3",
    r"day,bot_name,turns\r?\n2025-12-20,sage,2\r?\n2026-01-01,sage,8",
    r"characters\n[- ]+\nAl +3 +15",
    r"sage +1 +2.5",
    r'"found": "\[oranges\] only"',
    r'"decision": "answer", "reason": "answered", "detail": "mention"',
    r'"content": "orange juice, please".*\n.*"content": "oranges only".*\n.*"here they are"',
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    migrate(home, FakeClock())
    store(home, TURNS)
    store(home, SESSIONS, "sessions")
    change(home, DECISION)
    change(home, STATUS)
    change(home, IMPORT)
    store(home, IMPORTED)
    change(home, "UPDATE conversations SET content = '', deleted_at = 'x' WHERE id = 4")
    with SharedFile(home) as shared:
        shared.write(search.fill)
    return home


@pytest.mark.parametrize(("query", "found"), list(zip(QUERIES, FOUND, strict=True)))
def test_it_finds_what_the_page_says(
    filled: Home, monkeypatch: pytest.MonkeyPatch, query: str, found: str
) -> None:
    monkeypatch.chdir(filled.root)
    program, *arguments = shlex.split(query.replace("\\\n", " "))
    assert program == "sqlite-utils"

    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)

    assert result.exit_code == 0, result.output
    assert re.search(found, result.output, re.DOTALL), result.output
    assert "deleted" not in result.output


def test_the_program_itself_runs_them_from_a_shell(filled: Home) -> None:
    """One of them, for all: quotes, continued lines and values go through a real shell."""
    (words,) = [query for query in QUERIES if "-p words" in query]
    path = str(Path(sys.executable).parent)

    done = subprocess.run(
        ["bash", "-c", words],
        cwd=filled.root,
        env={"PATH": f"{path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert "[oranges] only" in done.stdout


def test_the_page_names_every_column_of_the_views(filled: Home) -> None:
    text = re.sub(r"\s+", " ", DOCUMENT.read_text())
    with SharedFile(filled) as shared:
        for view in ("v_history", "v_sessions"):
            columns = shared.reader.execute("SELECT name FROM pragma_table_info(?)", (view,))
            assert f"- `{view}`: " + ", ".join(f"`{name}`" for (name,) in columns) in text
