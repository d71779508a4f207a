"""What must not be in any file of the repository, whoever wrote it and wherever it stands."""

import re
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, tracked_files

# The brackets keep this file from finding itself.
INDEX_HOST = re.compile(
    r"[p]ypi\.(org|python)|[p]ythonhosted\.org|[r]egistry\.npmjs|--[i]ndex-url", re.IGNORECASE
)
MACHINE_PATH = re.compile(
    r"(?<![\w.~-])(/[h]ome/\w|/[U]sers/\w|/[r]oot/|/[w]ork/|/tmp/[l]ab|[A-Z]:\\Users)"
)
TOKEN = re.compile(
    r"[MNO][\w-]{23,27}\.[\w-]{6,7}\.[\w-]{27,}|\bsk-[A-Za-z0-9_-]{20,}|\bgh[pousr]_\w{36}"
)
FORBIDDEN = {"index host": INDEX_HOST, "machine path": MACHINE_PATH, "token": TOKEN}


def text_of(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds_one(what: str) -> None:
    pattern = FORBIDDEN[what]
    found = [
        f"{path.relative_to(ROOT)}: {match[0][:12]}..."
        for path in tracked_files()
        if (match := pattern.search(text_of(path)))
    ]

    assert found == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("index host", "https://py" + "pi.org/simple"),
        ("index host", "https://files.python" + "hosted.org/x"),
        ("machine path", "/ho" + "me/ada/multibot"),
        ("machine path", "cd /wo" + "rk/main"),
        ("token", "M" * 24 + "." + "a" * 6 + "." + "b" * 38),
        ("token", "s" + "k-" + "a1" * 20),
    ],
)
def test_each_pattern_knows_one_when_it_sees_it(what: str, text: str) -> None:
    assert FORBIDDEN[what].search(text)


@pytest.mark.parametrize(
    "text", ["your_sage_bot_token_here", "sandbox-token-one", "%(here)s/data/work/", "a/home/x"]
)
def test_ordinary_text_passes(text: str) -> None:
    assert not any(pattern.search(text) for pattern in FORBIDDEN.values())


def test_what_the_fleet_writes_is_not_tracked() -> None:
    names = {str(path.relative_to(ROOT)) for path in tracked_files()}

    assert ".env" not in names
    assert {name for name in names if name.startswith("data/")} <= {"data/.gitkeep"}
